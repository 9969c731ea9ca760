import assert from "node:assert/strict";
import fc from "fast-check";
import type { AdaptorInstance, AdaptorRole } from "./action.ts";
import { anyHead } from "./testing_arbitraries.ts";
import { loadFixture } from "./testing_fixture.ts";

async function echo(role: AdaptorRole): Promise<AdaptorInstance> {
  const instance = (await loadFixture("echo")).module.instantiate();
  instance.open(role, new Uint8Array(0));
  return instance;
}

Deno.test("SDK reads and writes every message head as the host does", async () => {
  const instance = await echo("connector");
  let stream = -1;
  fc.assert(fc.property(anyHead, (head) => {
    stream += 2;
    assert.deepEqual(instance.stream({ kind: "begin", stream, head }), [{ kind: "begin", stream: stream + 1, head }]);
    instance.stream({ kind: "abort", stream });
  }));
});

Deno.test("SDK reads and writes data of any length as the host does", async () => {
  const instance = await echo("connector");
  const head = { contentType: "", properties: [] };
  instance.stream({ kind: "begin", stream: 1, head });
  fc.assert(
    fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: 255 }), (length, seed) => {
      const data = Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 255);
      let at = 0;
      for (const action of instance.stream({ kind: "data", stream: 1, data })) {
        assert.ok(action.kind === "data" && action.stream === 2);
        assert.deepEqual(action.data, data.subarray(at, at += action.data.length));
      }
      assert.equal(at, length);
    }),
    { numRuns: 30 },
  );
});

Deno.test("SDK takes a record back that does not fit, says MORE, and continues with the next round", async () => {
  const instance = await echo("listener");
  // Four pieces with their headers fit the output buffer, the fifth does not: two rounds for a full input buffer.
  const data = Uint8Array.from({ length: 32768 }, (_, index) => index & 255);
  const { consumed, actions } = instance.socket(data, false);
  assert.equal(consumed, data.length);
  assert.deepEqual(actions.map((action) => action.kind === "bytes" ? action.data.length : 0), [
    8000,
    8000,
    8000,
    8000,
    768,
  ]);
  assert.deepEqual(actions.flatMap((action) => action.kind === "bytes" ? [...action.data] : []), [...data]);
});
