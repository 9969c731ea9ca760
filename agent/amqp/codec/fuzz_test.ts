import assert from "node:assert/strict";
import { fuzzCodec } from "./testing_fuzz.ts";

Deno.test("20,000 damaged inputs give a value that survives, or a ProtocolError, and nothing else", () => {
  const { iterations, accepted, refused } = fuzzCodec(1, { iterations: 20_000 });
  assert.equal(iterations, 20_000);
  // Both ways must be walked often, or the input is too tame or too wild to prove anything.
  assert.ok(accepted > 5_000, `only ${accepted} accepted`);
  assert.ok(refused > 20_000, `only ${refused} refused`);
});

Deno.test("the same seed gives the same input", () => {
  assert.deepEqual(fuzzCodec(7, { iterations: 500 }), fuzzCodec(7, { iterations: 500 }));
});
