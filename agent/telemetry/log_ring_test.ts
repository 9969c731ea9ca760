import assert from "node:assert/strict";
import { keepingLogger, type KeptRecord, LogRing, MAX_CHARACTERS, MAX_RECORDS } from "./log_ring.ts";
import { silentLogger } from "./log.ts";

const read = (ring: LogRing): KeptRecord[] => JSON.parse(ring.json());

Deno.test("log ring: keeps the last records in order, whatever came before", () => {
  const ring = new LogRing(() => 0);
  for (let n = 0; n < 3 * MAX_RECORDS + 7; n++) ring.add("info", `event ${n}`);
  const kept = read(ring);
  assert.equal(kept.length, MAX_RECORDS);
  assert.equal(kept[0]?.message, `event ${2 * MAX_RECORDS + 7}`);
  assert.equal(kept.at(-1)?.message, `event ${3 * MAX_RECORDS + 6}`);
});

Deno.test("log ring: long records never take more than the memory that is allowed", () => {
  const ring = new LogRing(() => 0);
  for (let n = 0; n < 2000; n++) ring.add("warn", "x".repeat(3000), { n });
  assert.ok(ring.json().length <= MAX_CHARACTERS + MAX_RECORDS);
  assert.equal(read(ring).at(-1)?.fields["n"], 1999);
});

Deno.test("log ring: a logger keeps what it logs, without secrets, and without debug", () => {
  const ring = new LogRing(() => Date.UTC(2026, 0, 1));
  const logger = keepingLogger(silentLogger, ring);
  logger.debug("detail");
  logger.info("link is active", { link: "hub", none: undefined });
  logger.error("at https://me:hunter22@proxy.example", { password: "hunter22" });
  assert.deepEqual(read(ring), [
    { time: "2026-01-01T00:00:00.000Z", level: "info", message: "link is active", fields: { link: "hub" } },
    {
      time: "2026-01-01T00:00:00.000Z",
      level: "error",
      message: "at https://me:[redacted]@proxy.example",
      fields: { password: "[redacted]" },
    },
  ]);
});
