import assert from "node:assert/strict";
import { createLogger, type LoggerOptions } from "./logger.ts";

function capture(options: Partial<LoggerOptions>): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    format: "text",
    terminal: false,
    colors: true,
    write: (line) => lines.push(line),
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    ...options,
  });
  return { lines, logger };
}

Deno.test("logger: a line for a file carries the whole UTC time, level, message and fields", () => {
  const { lines, logger } = capture({});
  logger.info("link is active", { link: "hub", cost: 1, ok: true, nothing: undefined });
  assert.deepEqual(lines, ["2026-01-02T03:04:05.006Z INFO  link is active link=hub cost=1 ok=true\n"]);
});

Deno.test("logger: values that are not one word are quoted", () => {
  const { lines, logger } = capture({});
  logger.warn("x", { a: "two words", b: "", c: 'say "hi"', d: { e: [1, "f"] } });
  assert.equal(lines[0], '2026-01-02T03:04:05.006Z WARN  x a="two words" b="" c="say \\"hi\\"" d={"e":[1,"f"]}\n');
});

Deno.test("logger: records below the level are dropped, the others kept", () => {
  const { lines, logger } = capture({ level: "warn" });
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  assert.deepEqual(lines.map((line) => line.slice(-2, -1)), ["c", "d"]);
});

Deno.test("logger: colours appear on a terminal alone, and only when welcome", () => {
  for (const terminal of [true, false]) {
    for (const colors of [true, false]) {
      const { lines, logger } = capture({ terminal, colors });
      logger.error("x", { a: 1 });
      assert.equal(lines[0]?.includes("\x1b["), terminal && colors, `terminal ${terminal} colors ${colors}`);
    }
  }
});

Deno.test("logger: a peer can neither forge a line nor send escape sequences to the terminal", () => {
  const evil = "a\n2026-01-01T00:00:00Z ERROR forged\x1b[2J\u009b31m\u202e";
  const { lines, logger } = capture({});
  logger.info(evil, { [`n\n`]: evil });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.split("\n").length, 2, "one line, one line feed");
  // deno-lint-ignore no-control-regex -- control characters must be gone
  assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(lines[0] ?? ""), lines[0]);
});

Deno.test("logger: JSON lines parse, and fields cannot pose as the fixed members", () => {
  const { lines, logger } = capture({ format: "json" });
  logger.info("hello\nworld", { level: "fatal", time: 0, peer: "10.0.0.1:5", count: 3n, error: new Error("why") });
  assert.equal(lines[0]?.indexOf("\n"), (lines[0]?.length ?? 0) - 1);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    time: "2026-01-02T03:04:05.006Z",
    level: "info",
    message: "hello\nworld",
    level_: "fatal",
    time_: 0,
    peer: "10.0.0.1:5",
    count: "3",
    error: "why",
  });
});
