import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { EXIT, exitCodeOf } from "./exit_codes.ts";
import { reportError } from "./report.ts";

const PLAIN = { format: "text", colors: false, now: 0 } as const;
const JSON_STYLE = { format: "json", colors: false, now: 0 } as const;

Deno.test("report: what, why and next, each cause once", () => {
  const root = new Error("connect ECONNREFUSED 127.0.0.1:1");
  const link = new TendrilError("LINK_DOWN", "link hub is down", { cause: root });
  const error = new TendrilError("WAIT_TIMEOUT", "no link came up", {
    cause: new Error("outer", { cause: link }),
    hint: "Start it.",
  });
  assert.equal(
    reportError(error, PLAIN),
    "error[WAIT_TIMEOUT]: no link came up\n  why: outer\n  why: link hub is down [LINK_DOWN]\n" +
      "  why: connect ECONNREFUSED 127.0.0.1:1\n  next: Start it.\n",
  );
});

Deno.test("report: as JSON the same facts on one line", () => {
  const error = new TendrilError("X_Y", "a\nb", {
    cause: new AggregateError([new Error("one"), new Error("two")], "all"),
    hint: "h",
  });
  const line = reportError(error, JSON_STYLE);
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(JSON.parse(line), {
    time: "1970-01-01T00:00:00.000Z",
    level: "error",
    message: "a\nb",
    code: "X_Y",
    why: ["all", "one", "two"],
    next: "h",
  });
});

Deno.test("report: a circle of causes ends", () => {
  const error = new Error("a");
  error.cause = error;
  assert.match(reportError(error, PLAIN), /INTERNAL/);
});

Deno.test("report: neither keys nor escape sequences get out", () => {
  const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n-----END RSA PRIVATE KEY-----";
  const error = new TendrilError("X_Y", `bad ${pem}`, { cause: new Error(`\x1b[2J${pem}`), hint: pem });
  for (const style of [PLAIN, JSON_STYLE]) {
    const text = reportError(error, style);
    assert.ok(!text.includes("MIIEsecret") && !text.includes("\x1b"), text);
  }
});

Deno.test("report: a missing permission names it and the way out", () => {
  const text = reportError(new Deno.errors.NotCapable('Requires net access to "a:1"'), PLAIN);
  assert.match(text, /^error\[PERMISSION_MISSING\]/);
  assert.match(text, /why: Requires net access to "a:1"/);
  assert.match(text, /next: .*--help/);
});

Deno.test("exit codes: usage, network and the rest", () => {
  assert.equal(exitCodeOf(new TendrilError("USAGE_FLAG_VALUE", "x")), EXIT.usage);
  assert.equal(exitCodeOf(new TendrilError("WAIT_TIMEOUT", "x")), EXIT.network);
  assert.equal(exitCodeOf(new TendrilError("AMQP_PROTOCOL", "x")), EXIT.failure);
  assert.equal(exitCodeOf(new Error("x")), EXIT.failure);
});
