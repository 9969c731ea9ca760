import assert from "node:assert/strict";
import { RateLimit } from "./rate_limit.ts";

Deno.test("a rate limit lets a burst through, then one at a time, and nobody pays for another", () => {
  const limit = new RateLimit(3, 1000);
  for (let i = 0; i < 3; i++) {
    assert.equal(limit.wait("west", 0), 0);
    limit.charge("west", 0);
  }
  assert.equal(limit.wait("west", 0), 1000);
  assert.equal(limit.wait("west", 600), 400);
  assert.equal(limit.wait("east", 0), 0);
  assert.equal(limit.wait("west", 1000), 0);
  limit.charge("west", 1000);
  assert.equal(limit.wait("west", 1000), 1000);
  assert.equal(limit.wait("west", 1_000_000), 0);
});

Deno.test("a rate limit remembers a bounded number of names, those that failed last", () => {
  const limit = new RateLimit(1, 1000);
  limit.charge("first", 0);
  for (let i = 0; i < 4096; i++) limit.charge(`name ${i}`, 0);
  assert.equal(limit.wait("first", 0), 0);
  assert.equal(limit.wait("name 4095", 0), 1000);
});
