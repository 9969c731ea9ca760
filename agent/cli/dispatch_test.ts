import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { type Command, defineCommand } from "./command.ts";
import { dispatch } from "./dispatch.ts";
import { EXIT } from "./exit_codes.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

/** Logs at each level, then fails the way its argument says. */
const probe: Command = defineCommand({
  name: "probe",
  summary: "s",
  description: "d",
  positionals: [{ name: "how", placeholder: "HOW", help: "How to end." }],
  flags: {},
  examples: [],
  exits: [],
  permissions: [],
  run({ args, logger }) {
    logger.debug("d");
    logger.info("i", { password: "hunter22" });
    logger.error("e");
    if (args.how === "config") throw new TendrilError("SITE_INVALID", "broken", { hint: "Mend it." });
    if (args.how === "bug") throw new TypeError("undefined is not a function");
    return Promise.resolve(EXIT.ok);
  },
});

async function call(line: string, io = new TestIo()): Promise<{ code: number; io: TestIo }> {
  const argv = line.split(" ").filter((word) => word !== "");
  return { code: await dispatch(argv, { commands: [...commands, probe], io, entry: "file:///x" }), io };
}

Deno.test("dispatch: no words show the overview on stderr and fail as usage", async () => {
  const { code, io } = await call("");
  assert.equal(code, EXIT.usage);
  assert.equal(io.out, "");
  assert.match(io.err, /Commands:/);
});

for (const line of ["help", "--help", "-h", "help --help"]) {
  Deno.test(`dispatch: "${line}" lists every command on stdout`, async () => {
    const { code, io } = await call(line);
    assert.equal(code, EXIT.ok);
    assert.equal(io.err, "");
    for (const command of commands) assert.ok(io.out.includes(`  ${command.name} `), command.name);
  });
}

for (const command of commands) {
  for (const line of [`help ${command.name}`, `${command.name} --help`, `${command.name} -h`]) {
    Deno.test(`dispatch: "${line}" teaches the command and runs nothing`, async () => {
      const { code, io } = await call(line);
      assert.equal(code, EXIT.ok);
      assert.equal(io.err, "");
      assert.ok(io.out.startsWith(`tendril ${command.name}: `), io.out.slice(0, 80));
    });
  }
}

const MISTYPED: ReadonlyArray<readonly [string, RegExp]> = [
  ["exposee web 80 --link l", /Did you mean `tendril expose`\?/],
  ["rnu dir", /Did you mean `tendril run`\?/],
  ["site craete x", /Did you mean `tendril site create`\?/],
  ["site", /tendril site create/],
  ["link", /tendril link generate/],
  ["site-create x", /Did you mean `tendril site create`\?/],
  ["kubernetes", /tendril help/],
  ["--frobnicate", /tendril help/],
  ["help nosuch", /tendril help/],
  ["run x --grcae 3", /Did you mean --grace\?/],
];
for (const [line, hint] of MISTYPED) {
  Deno.test(`dispatch: "${line}" is a usage error with a way on`, async () => {
    const { code, io } = await call(line);
    assert.equal(code, EXIT.usage);
    assert.match(io.err, /^error\[USAGE_/);
    assert.match(io.err, hint);
    assert.equal(io.out, "");
  });
}

Deno.test("dispatch: --version is the version command", async () => {
  const { code, io } = await call("--version");
  assert.equal(code, EXIT.ok);
  assert.match(io.out, /^tendril \d+\.\d+\.\d+ \(deno /);
});

Deno.test("dispatch: a failure ends in its exit code, a fault of ours says so", async () => {
  const config = await call("probe config");
  assert.equal(config.code, EXIT.configuration);
  assert.match(config.io.err, /error\[SITE_INVALID\]: broken\n {2}next: Mend it\.\n$/);
  const bug = await call("probe bug");
  assert.equal(bug.code, EXIT.failure);
  assert.match(bug.io.err, /error\[INTERNAL_FAULT\]: .*TypeError: undefined is not a function/);
});

Deno.test("dispatch: --log-level chooses what is logged, before or after the command", async () => {
  const levels = (io: TestIo) => [...io.err.matchAll(/Z (\w+)/g)].map((match) => match[1]);
  assert.deepEqual(levels((await call("probe ok")).io), ["INFO", "ERROR"]);
  assert.deepEqual(levels((await call("probe ok --log-level debug")).io), ["DEBUG", "INFO", "ERROR"]);
  assert.deepEqual(levels((await call("--log-level error probe ok")).io), ["ERROR"]);
  assert.deepEqual(levels((await call("probe ok", new TestIo({ env: { TENDRIL_LOG_LEVEL: "error" } }))).io), ["ERROR"]);
});

Deno.test("dispatch: with --log-format json logs and errors are JSON lines, usage errors too", async () => {
  for (const line of ["probe config --log-format json", "--log-format=json probe bug", "probe --log-format json"]) {
    const { io } = await call(line);
    const records = io.err.trimEnd().split("\n").map((text) => JSON.parse(text));
    const last = records.at(-1);
    assert.equal(last.level, "error");
    assert.match(last.code, /^(SITE_INVALID|INTERNAL_FAULT|USAGE_ARGUMENT_MISSING)$/);
    assert.ok(!io.err.includes("hunter22"));
  }
  const { io } = await call("nosuch", new TestIo({ env: { TENDRIL_LOG_FORMAT: "json" } }));
  assert.equal(JSON.parse(io.err).code, "USAGE_COMMAND");
});

Deno.test("dispatch: errors and logs are coloured on a terminal that welcomes it, nowhere else", async () => {
  for (const terminal of [true, false]) {
    for (const colors of [true, false]) {
      const { io } = await call("probe config", new TestIo({ terminal, colors }));
      assert.equal(io.err.includes("\x1b["), terminal && colors);
    }
  }
});

Deno.test("dispatch: --help behind the first word of several commands lists those", async () => {
  for (const line of ["link --help", "link -h", "help link"]) {
    const { code, io } = await call(line);
    assert.equal(code, EXIT.ok);
    assert.match(io.out, /\n {2}link create /);
    assert.doesNotMatch(io.out, /\n {2}site create /);
  }
});

Deno.test("dispatch: the namespace may stand before the command, as in Skupper", async () => {
  for (const line of ["-n A status", "-nA status", "--namespace A status", "--namespace=A --log-level info status"]) {
    const { io } = await call(line);
    assert.match(io.err, /error\[USAGE_FLAG_VALUE\]: --namespace "A" is no name/, line);
  }
  assert.match((await call("-n a probe x")).io.err, /tendril probe has no flag (-n|--namespace)/);
});
