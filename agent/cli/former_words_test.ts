import assert from "node:assert/strict";
import { parseLine } from "./args.ts";
import { dispatch } from "./dispatch.ts";
import { GLOBAL_FLAGS, leadingFlags } from "./flags.ts";
import { successorOf } from "./former_words.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

/** Lines as Skupper's own documentation has them, and what to type. */
const LINES: ReadonlyArray<readonly [string, ...string[]]> = [
  ["init", "tendril site create my-site --dir my-site --enable-link-access", "tendril run my-site"],
  ["init --site-name west --router-mode edge", "tendril site create west --dir west --edge", "tendril run west"],
  [
    "init --site-name=hub --bind-port 5671",
    "tendril site create hub --dir hub --enable-link-access --inter-router-port 5671",
    "tendril run hub",
  ],
  ["expose deployment/web --port 8080", "tendril connector create web 8080", "tendril listener create web 8080"],
  [
    "expose host 10.0.0.5 --address db --port 5432 --target-port 15432",
    "tendril connector create db 15432 --host 10.0.0.5",
    "tendril listener create db 5432",
  ],
  ["unexpose deployment/web --address shop", "tendril connector delete shop", "tendril listener delete shop"],
  ["service status", "tendril network status", "tendril status"],
  ["service create shop 9090 --protocol tcp", "tendril listener create shop 9090"],
  ["service bind shop host 127.0.0.1 --target-port 81", "tendril connector create shop 81 --host 127.0.0.1"],
  ["service unbind shop deployment x", "tendril connector delete shop"],
  ["service delete shop", "tendril listener delete shop", "tendril connector delete shop"],
  [
    "token create west.token --expiry 30m0s --uses 2",
    "tendril token issue west.token --dir . --expiration-window 30m0s --redemptions-allowed 2",
  ],
  ["token create x.yaml --token-type cert", "tendril link generate --dir . --host HOST"],
  ["gateway init laptop", "tendril site create laptop --dir laptop --edge", "tendril run laptop"],
  ["gateway expose db 10.0.0.5 5432", "tendril connector create db 5432 --host 10.0.0.5"],
  ["gateway forward db 15432", "tendril listener create db 15432"],
  ["gateway status", "tendril status"],
  ["revoke-access", "tendril certificate rotate-ca --dir ."],
  ["debug service web", "tendril debug check web"],
  ["link check link.yaml", "tendril debug check --link link.yaml"],
  ["system setup --path ./west", "tendril run ./west"],
  ["system apply -f west.yaml", "tendril apply -f west.yaml"],
  ["system generate-bundle west", "tendril system bundle --archive west.tar.gz"],
  ["site generate x --enable-link-access", "tendril site create x --dir x --enable-link-access"],
  ["site generate --enable-link-access x -n west", "tendril site create x --enable-link-access -n west"],
  ["-n default token create x.token", "tendril -n default token issue x.token"],
  ["token create x.token --namespace=west", "tendril token issue x.token -n west"],
  [
    "--log-level=debug --namespace west init --site-name hub",
    "tendril --log-level=debug --namespace west site create hub --enable-link-access",
    "tendril --log-level=debug --namespace west run",
  ],
  ["--log-level debug token create x.token", "tendril --log-level debug token issue x.token --dir ."],
  ["-n west switch podman", "tendril -n west status"],
  ["-n west update", "tendril version"],
];

/** Parses a line that is to be typed. */
function parseWords(line: string): void {
  const typed = line.split(" ").slice(1);
  const before = typed.slice(0, leadingFlags(typed));
  const words = typed.slice(before.length);
  const command = commands.filter(({ name }) => `${words.join(" ")} `.startsWith(`${name} `))
    .sort((one, other) => other.name.length - one.name.length)[0];
  assert.ok(command, line);
  const rest = words.slice(command.name.split(" ").length);
  parseLine(command, GLOBAL_FLAGS, [...before, ...rest], () => undefined);
}

for (const [line, ...expected] of LINES) {
  Deno.test(`former words: "${line}" names what to type, and that is a command line`, async () => {
    const all = line.split(" ");
    const leading = leadingFlags(all);
    assert.deepEqual(successorOf(all.slice(leading), all.slice(0, leading))?.lines, expected);
    for (const successor of expected) parseWords(successor);
    for (const successor of successorOf(all.slice(leading), ["-n", "west"])?.lines ?? []) parseWords(successor);
    const io = new TestIo();
    assert.equal(await dispatch(line.split(" "), { commands, io, entry: "file:///x" }), 2);
    assert.ok(io.err.includes(`\`${expected[0]}\``), io.err);
  });
}

Deno.test("former words: those that are the same are no former ones", () => {
  const same = [
    "link create x.token",
    "link status",
    "link delete x",
    "network status",
    "debug events",
    "debug dump x",
    "version",
    "expose service 18080 --link l2.yaml",
    "expose host 80 --token=x.token",
    "expose pod 80 --protocol http1 --tls-ca ca.crt --link l",
    "expose service 8080",
    "expose host db.example:5432",
  ];
  for (const line of [...same, "expose web 8080", "expose 8080", "status", "completion bash"]) {
    assert.equal(successorOf(line.split(" ")), undefined, line);
  }
  for (const { name, examples } of commands) {
    assert.equal(successorOf(name.split(" ")), undefined, name);
    for (const { line } of examples) assert.equal(successorOf(line.split(" ").slice(1)), undefined, line);
  }
});
