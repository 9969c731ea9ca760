import assert from "node:assert/strict";
import { LOG_LEVELS } from "../../telemetry/level.ts";
import { commands } from "../table.ts";
import type { GivenSite } from "../namespace.ts";
import { candidates, type KnownName } from "./candidates.ts";

const NAMES: readonly KnownName[] = [
  { kind: "Link", name: "link-hub", routingKey: "" },
  { kind: "Secret", name: "link-hub", routingKey: "" },
  { kind: "Listener", name: "web", routingKey: "shop" },
  { kind: "Listener", name: "db", routingKey: "db" },
  { kind: "Connector", name: "api", routingKey: "api" },
];

let asked: string | undefined;

async function complete(line: string): Promise<string[]> {
  const lookup = {
    names: ({ dir, namespace }: GivenSite) => {
      asked = namespace === undefined ? dir : `-n ${namespace}`;
      return Promise.resolve(NAMES);
    },
    namespaces: () => Promise.resolve(["default", "west"]),
  };
  const { words, paths } = await candidates(commands, line.split(" "), lookup, ["Site", "Listener", "Link"]);
  return [...words.map(({ word }) => word), ...paths === "none" ? [] : [`:${paths}`]];
}

Deno.test("completion: every command is reached word by word", async () => {
  for (const { name } of commands) {
    const parts = name.split(" ");
    for (const at of parts.keys()) {
      const line = [...parts.slice(0, at), parts[at]!.slice(0, 2)].join(" ");
      assert.ok((await complete(line)).includes(parts[at]!), line);
    }
  }
});

Deno.test("completion: every flag of every command is offered, none twice, and all values of a choice", async () => {
  for (const { name, flags } of commands) {
    const offered = await complete(`${name} --`);
    assert.equal(new Set(offered).size, offered.length);
    for (const [flag, { kind }] of Object.entries(flags)) {
      assert.ok(offered.includes(`--${flag}`), `${name} --${flag}`);
      if (kind === "switch") assert.ok(!(await complete(`${name} --${flag} --`)).includes(`--${flag}`));
    }
    for (const [flag, spec] of Object.entries(flags)) {
      if (spec.kind !== "choice") continue;
      assert.deepEqual(await complete(`${name} --${flag} `), spec.choices);
      assert.deepEqual(await complete(`${name} --${flag} = `), spec.choices, "as bash cuts it");
      assert.deepEqual(await complete(`${name} --${flag}=`), spec.choices.map((choice) => `--${flag}=${choice}`));
    }
  }
});

const LINES: ReadonlyArray<readonly [string, readonly string[]]> = [
  ["lin", ["link"]],
  ["link st", ["status"]],
  ["help link st", ["status"]],
  ["link status ", ["link-hub"]],
  ["listener update --dir west ", ["web", "db"]],
  ["listener update --dir west w", ["web"]],
  ["listener create ", []],
  ["link update link-hub --tls-credentials ", ["link-hub"]],
  ["network path ", ["shop", "db", "api"]],
  ["delete L", ["Link/link-hub", "Listener/web", "Listener/db"]],
  ["explain Li", ["Listener", "Link"]],
  ["run ", [":folders"]],
  ["run -n ", ["default", "west"]],
  ["status --namespace=w", ["--namespace=west"]],
  ["token inspect ", [":files"]],
  ["status --dir ", [":folders"]],
  ["status -o ", ["table", "json", "yaml"]],
  ["--log-level debug status -o j", ["json"]],
  ["-n ", ["default", "west"]],
  ["-n w", ["west"]],
  ["-n west link st", ["status"]],
  ["--namespace=w", ["--namespace=west"]],
  ["--log-level ", LOG_LEVELS],
  ["--log-level=", LOG_LEVELS.map((level) => `--log-level=${level}`)],
  ["--log-level = ", LOG_LEVELS],
  ["--log-level = debug stat", ["status"]],
  ["--log-f", ["--log-format"]],
  ["listener create web 80 --type ", ["tcp", "http1", "http2", "auto"]],
  ["certificate import web --key ", [":files"]],
  ["certificate import web --ca ", [":files"]],
  ["adaptor sign x.wasm --key ", [":files"]],
  ["expose web 80 --tls-key ", [":files"]],
  ["expose web 80 --tls-ca ", [":files"]],
  ["adaptor build plugin --out ", [":files"]],
  ["listener update web --routing-key ", ["shop", "db", "api"]],
  ["multikeylistener create web 80 --priority ", []],
  ["status --log-level ", LOG_LEVELS],
  ["nonsense ", []],
];
for (const [line, expected] of LINES) {
  Deno.test(`completion: "${line}" may go on with ${expected.join(" ") || "nothing"}`, async () => {
    assert.deepEqual(await complete(line), expected);
  });
}

Deno.test("completion: names come from the site that --dir or -n names, or the one that is meant without them", async () => {
  for (
    const [line, site] of [
      ["link status --dir west ", "west"],
      ["link status --dir=east ", "east"],
      ["link status -n west ", "-n west"],
      ["-n west link status ", "-n west"],
      ["link status ", undefined],
    ]
  ) {
    await complete(line!);
    assert.equal(asked, site);
  }
});
