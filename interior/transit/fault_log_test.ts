import assert from "node:assert/strict";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { FaultLog } from "./fault_log.ts";

Deno.test("the same fault is told once in ten seconds, then with the number of those before; another one at once", () => {
  let now = 0;
  const lines: unknown[] = [];
  const clock = { now: () => now, after: () => () => {}, soon() {} };
  const log = new FaultLog({ ...silentLogger, warn: (_, fields) => lines.push(fields) }, clock);
  const malformed = { code: "ROUTER_CONTROL_MALFORMED", reason: "peers" } as const;
  const forged = { code: "ROUTER_HELLO_FORGED", reason: "HELLO of b" } as const;
  for (; now < 9999; now += 3333) log.tell("a", malformed);
  log.tell("a", forged);
  assert.deepEqual(lines.splice(0), [{ peer: "a", ...malformed }, { peer: "a", ...forged }]);
  now = 10_000;
  log.tell("a", malformed);
  now = 30_000;
  log.tell("a", malformed);
  assert.deepEqual(lines, [{ peer: "a", ...malformed, before: 2 }, { peer: "a", ...malformed }]);
});
