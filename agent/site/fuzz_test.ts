/** Mutated resource files: whatever comes in, only TendrilErrors come out, fast, and no secret in them. */

import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { assemble } from "./assemble.ts";
import { scanDocuments } from "./documents.ts";
import { parseLinkFile } from "./link_file.ts";
import { problemsError } from "./problems.ts";
import { base64, KEY, link, linkJson, secret, secretJson } from "./testing_link_files.ts";

const ROUNDS = 3000;
const MAX_MS_PER_ROUND = 2000;
const resource = (kind: string, spec: string) =>
  `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata: {name: west}\nspec: ${spec}\n`;

const SEEDS = [
  `${secret("w")}---\n${link("w")}`,
  JSON.stringify(linkJson("w", "w", "a.b"), null, 1) + JSON.stringify(secretJson("w"), null, 1),
  [
    resource("Site", "{edge: true, linkAccess: none}"),
    resource("Listener", "{routingKey: a, host: 127.0.0.1, port: '80'}"),
    resource("Connector", "\n  routingKey: a\n  host: localhost\n  port: 80\n  settings: {a: b}"),
    resource(
      "RouterAccess",
      "\n  roles:\n  - name: normal\n  - {name: edge, port: 1}\n  tlsCredentials: w\n  bindHost: ''",
    ),
    secret("w"),
  ].join("---\n"),
];
const TOKENS = [
  ..."{}[],:-?&*!|>'\"%@`#\n\r\t \\\0\u0085\u2028\ufeff\ud800",
  ...[
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "!!set ",
    "? ",
    "- ",
    ": ",
    "null",
    "true",
    "1e999",
    "0x1f",
  ],
  ...[
    "-1",
    "1.5",
    "[]",
    "{}",
    "__proto__",
    "constructor",
    "toString",
    "name: ",
    "data:\n",
    "spec:",
    "kind: Link\n",
    '""',
  ],
];

/** mulberry32: small, seeded, good enough to choose with. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(text: string, choose: (below: number) => number): string {
  const at = choose(text.length + 1);
  const end = Math.min(text.length, at + choose(choose(4) === 0 ? 200 : 8));
  switch (choose(5)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + text.slice(at, end).repeat(1 + choose(4)) + text.slice(end);
    case 2: {
      const other = choose(text.length + 1);
      return text.slice(0, at) + text.slice(other, other + choose(300)) + text.slice(end);
    }
    case 3: {
      // A value replaced as a whole: this reaches the schemas more often than single characters do.
      const line = text.split("\n");
      const index = choose(line.length);
      line[index] = (line[index] ?? "").replace(/:.*$/, `: ${TOKENS[choose(TOKENS.length)]}`);
      return line.join("\n");
    }
    default:
      return text.slice(0, at) + TOKENS[choose(TOKENS.length)] + text.slice(end);
  }
}

Deno.test("fuzz: mutated resource files raise nothing but TendrilErrors, which quote no key", () => {
  // Longer than what is shown of a name, into which a mutation may copy anything.
  const quoted = base64(KEY).slice(20, 100);
  const outcomes = { accepted: 0, refused: 0 };
  const codes = new Set<string>();
  for (const text of SEEDS) assert.deepEqual(assemble([scanDocuments(text, "f")]).problems, []);
  for (let seed = 0; seed < ROUNDS; seed++) {
    const choose = random(seed);
    let text = SEEDS[choose(SEEDS.length)] ?? "";
    for (let step = choose(2) * choose(4); step >= 0; step--) text = mutate(text, choose);
    const start = performance.now();
    const { problems, warnings } = assemble([scanDocuments(text, "f")]);
    outcomes[problems.length > 0 ? "refused" : "accepted"]++;
    const messages = [...warnings];
    if (problems.length > 0) messages.push(problemsError("f", problems).message);
    try {
      for (const { tls, endpoints, cost } of parseLinkFile(text, "f")) {
        assert.ok(endpoints.length > 0 && cost >= 1 && tls.key.includes("PRIVATE KEY"));
      }
    } catch (error) {
      assert.ok(error instanceof TendrilError, `seed ${seed}: ${error instanceof Error ? error.stack : error}`);
      codes.add(error.code);
    }
    for (const message of messages) assert.ok(!message.includes(quoted), `seed ${seed}: ${message}`);
    assert.ok(performance.now() - start < MAX_MS_PER_ROUND, `seed ${seed} takes too long`);
  }
  // Otherwise the mutations have become too wild or too tame to test anything.
  assert.ok(outcomes.accepted > ROUNDS / 10 && outcomes.refused > ROUNDS / 4, JSON.stringify(outcomes));
  assert.deepEqual([...codes].sort(), ["SITE_INVALID", "SITE_SECRET", "SITE_SYNTAX"]);
});
