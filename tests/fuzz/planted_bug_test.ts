/** The fuzzer is worth its time only if it finds what is there to be found. */

import assert from "node:assert/strict";
import { ProtocolError } from "../../agent/amqp/protocol_error.ts";
import { decodePerformative } from "../../agent/amqp/codec/performatives.ts";
import { performativeBodies } from "./trace_seeds.ts";
import { fuzz, FuzzFailure, type FuzzTarget } from "./fuzz.ts";

/** A decoder like the real one, but for one line. */
function faultyDecoder(input: Uint8Array): string {
  try {
    const { performative } = decodePerformative(input, 0, input.length);
    // The plant: a window with its highest bit set together with a small credit, as if the sum were kept in 32 bits.
    if (performative.type === "flow" && performative.incomingWindow >= 0x80000000) {
      if ((performative.linkCredit ?? 0) < 16) throw new RangeError("planted");
    }
    return performative.type;
  } catch (error) {
    if (error instanceof ProtocolError) return error.condition;
    throw error;
  }
}

const target: FuzzTarget = { name: "planted bug", seeds: performativeBodies(), run: faultyDecoder };

Deno.test("a planted bug that no recorded frame reaches is found, with the input that does it", () => {
  for (const seed of target.seeds) faultyDecoder(seed);
  const failure = failureOf(7);
  assert.ok(failure.cause instanceof RangeError);
  assert.ok(failure.message.includes("seed 7") && failure.message.includes(failure.input.toHex()), failure.message);
  assert.throws(() => faultyDecoder(failure.input), RangeError, "the input alone shows the bug again");
  const again = failureOf(7);
  assert.deepEqual([again.execution, again.input], [failure.execution, failure.input], "the same seed finds it again");
});

function failureOf(seed: number): FuzzFailure {
  try {
    fuzz(target, { seed, seconds: 300, executions: 2_000_000 });
  } catch (error) {
    assert.ok(error instanceof FuzzFailure);
    return error;
  }
  assert.fail("the planted bug was not found");
}
