import assert from "node:assert/strict";
import { silentLogger } from "../telemetry/log.ts";
import { Closings } from "./closings.ts";

function said() {
  const lines: unknown[] = [];
  const clock = { now: 0 };
  const logger = { ...silentLogger, warn: (_: string, fields?: object) => void lines.push(fields) };
  return { lines, clock, closings: new Closings(logger, { listener: "l" }, () => clock.now) };
}

Deno.test("closings: the same reason is said once in five seconds, with the number of connections", () => {
  const { lines, clock, closings } = said();
  for (let i = 0; i < 500; i++, clock.now += 10) closings.failed("quarantined");
  assert.deepEqual(lines, [{ listener: "l", reason: "quarantined" }]);
  for (let i = 0; i < 500; i++, clock.now += 10) closings.failed("quarantined");
  assert.deepEqual(lines.slice(1), [{ listener: "l", reason: "quarantined", connections: 500 }]);
});

Deno.test("closings: another reason is said at once, however many there are", () => {
  const { lines, closings } = said();
  for (let i = 0; i < 100; i++) closings.failed(`reason ${i}`);
  assert.equal(lines.length, 100);
  closings.failed("reason 99");
  assert.equal(lines.length, 100);
});
