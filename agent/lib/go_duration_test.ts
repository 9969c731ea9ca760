import assert from "node:assert/strict";
import { parseGoDuration } from "./go_duration.ts";

Deno.test("durations of Go are read, and nothing else is", () => {
  const good = { "15m": 900_000, "1h30m": 5_400_000, "1.5h": 5_400_000, "90s": 90_000, "1m0.5s": 60_500, "250ms": 250 };
  for (const [text, ms] of Object.entries(good)) assert.equal(parseGoDuration(text), ms, text);
  for (const text of ["", "15", "m", "-5m", "5 m", "5d", "1h,", "0s", "1ns", `${"9".repeat(30)}h`]) {
    assert.equal(parseGoDuration(text), undefined, text);
  }
});
