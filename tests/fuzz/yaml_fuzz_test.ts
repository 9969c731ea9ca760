/** Damaged resource files: whatever comes in, only TendrilErrors come out, fast, and no secret in them. */

import assert from "node:assert/strict";
import { TendrilError } from "../../agent/lib/errors.ts";
import { assemble } from "../../agent/site/assemble.ts";
import { scanDocuments } from "../../agent/site/documents.ts";
import { parseLinkFile } from "../../agent/site/link_file.ts";
import { problemsError } from "../../agent/site/problems.ts";
import { base64, KEY, link, linkJson, secret, secretJson } from "../../agent/site/testing_link_files.ts";
import { describeToken } from "../../agent/site/tokens/describe.ts";
import { parseToken } from "../../agent/site/tokens/token_file.ts";
import { cpuMs } from "../support/cpu_time.ts";
import type { Choose } from "./choices.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";

/** Ample for a file of a few kB, also on a busy machine. */
const MAX_MS = 2000;
/** Longer than what is shown of a name, into which damage may copy anything. */
const QUOTED = base64(KEY).slice(20, 100);

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
  resource("AccessToken", `\n  ca: ${base64(KEY)}\n  code: ${base64(KEY)}\n  linkCost: 2\n  url: https://a.b:1/c`),
  `${secret("w")}`.replace(
    "  name: w\n",
    "  name: w\n  labels: {skupper.io/type: connection-token}\n  annotations:\n    edge-host: a.b\n    edge-port: '1'\n",
  ),
];

const MARKS = [..."{}[],:-?&*!|>'\"%@`#\n\r\t \\\0\u0085\u2028\ufeff"];
const STRUCTURE = ["---\n", "...\n", "&a ", "*a", "<<: *a", "!!binary ", "!!set ", "? ", "- ", ": "];
const VALUES = ["null", "true", "1e999", "0x1f", "-1", "1.5", "[]", "{}", '""', "__proto__", "constructor", "toString"];
const FIELDS = ["name: ", "data:\n", "spec:", "kind: Link\n"];
const TOKENS = [...MARKS, ...STRUCTURE, ...VALUES, ...FIELDS];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const target: FuzzTarget = {
  name: "YAML",
  seeds: SEEDS.map((text) => encoder.encode(text)),
  tokens: TOKENS.map((token) => encoder.encode(token)),
  mutators: [replaceValue, copyLines],
  run: (input) => {
    let outcome = "";
    const took = cpuMs(() => outcome = read(decoder.decode(input)));
    assert.ok(took < MAX_MS, `${input.length} octets take ${took} ms`);
    return outcome;
  },
};

Deno.test("fuzz: damaged resource files raise nothing but TendrilErrors, which quote no key", () => {
  for (const text of SEEDS) assert.deepEqual(assemble([scanDocuments(text, "f")]).problems, []);
  const report = fuzz(target);
  // Otherwise the damage has become too wild or too tame to test anything.
  const accepted = countOf(report, (outcome) => outcome.startsWith("accepted"));
  assert.ok(accepted > report.executions / 50, `only ${accepted} of ${report.executions} accepted`);
  assert.ok(accepted < report.executions * 0.9, `${accepted} of ${report.executions} accepted`);
  for (const code of ["SITE_INVALID", "SITE_SECRET", "SITE_SYNTAX"]) {
    assert.ok(countOf(report, (outcome) => outcome.includes(code)) > 0, `never seen: ${code}`);
  }
});

function read(text: string): string {
  const { problems, warnings } = assemble([scanDocuments(text, "f")]);
  const messages = [...warnings];
  if (problems.length > 0) messages.push(problemsError("f", problems).message);
  const links = attempt(messages, () => {
    const links = parseLinkFile(text, "f");
    for (const { tls, endpoints, cost } of links) {
      assert.ok(endpoints.length > 0 && cost >= 1 && tls.key.includes("PRIVATE KEY"));
    }
    return `${links.length} links`;
  });
  const token = attempt(messages, () => {
    const token = parseToken(text, "f");
    assert.ok(token.kind === "certificate" ? token.link.endpoints.length > 0 : token.url.protocol === "https:");
    describeToken(token);
    return token.kind;
  });
  for (const message of messages) assert.ok(!message.includes(QUOTED), `a key is quoted: ${message}`);
  const codes = [...new Set(problems.map(({ code }) => code))].sort();
  return `${problems.length > 0 ? `refused ${codes}` : "accepted"}, ${links}, ${token}`;
}

/** What `reading` says, or the code it fails with; its message is added to `messages`. */
function attempt(messages: string[], reading: () => string): string {
  try {
    return reading();
  } catch (error) {
    if (!(error instanceof TendrilError)) throw error;
    messages.push(error.message);
    return error.code;
  }
}

/** A value replaced as a whole: this reaches the schemas more often than single characters do. */
function replaceValue(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const lines = decoder.decode(input).split("\n");
  const at = choose(lines.length);
  lines[at] = lines[at].replace(/:.*$/, `: ${TOKENS[choose(TOKENS.length)]}`);
  return encoder.encode(lines.join("\n"));
}

/** Some lines put elsewhere, in place of others or between them. */
function copyLines(input: Uint8Array, other: Uint8Array, choose: Choose): Uint8Array {
  const lines = decoder.decode(input).split("\n");
  const source = decoder.decode(other).split("\n");
  const from = choose(source.length);
  lines.splice(choose(lines.length), choose(3), ...source.slice(from, from + choose(6)));
  return encoder.encode(lines.join("\n"));
}
