import assert from "node:assert/strict";
import { planOf } from "./code_costs.ts";

const CALL = 0x10;
const END = 0x0b;
const NOP = 0x01;

/** A body without locals. */
function body(...code: number[]): Uint8Array {
  return Uint8Array.of(0, ...code, END);
}

const nops = (count: number) => new Array(count).fill(NOP);
const costs = (...bodies: Uint8Array[]) =>
  planOf(bodies).map(({ marks }) => marks.flatMap((mark) => mark.kind === "units" ? [mark.cost] : []));

Deno.test("code costs: a caller pays for the short functions it calls, as often as it names them, however deep they are", () => {
  const long = body(...nops(300), CALL, 1, CALL, 1);
  assert.deepEqual(costs(long, body(CALL, 2), body(...nops(10))), [[300 + 2 + 1 + 2 * (2 + 11)], [], []]);
});

Deno.test("code costs: who calls itself, straight or in a circle, pays for itself", () => {
  assert.deepEqual(costs(body(CALL, 0)), [[2]]);
  assert.deepEqual(costs(body(CALL, 1), body(CALL, 2), body(CALL, 0)), [[2], [2], [2]]);
});

Deno.test("code costs: calls that double at each level do not come out cheap, and are found out soon", () => {
  const levels = 5000;
  const tree = Array.from(
    { length: levels },
    (_, level) => level + 1 < levels ? body(CALL, ...leb(level + 1), CALL, ...leb(level + 1)) : body(...nops(10)),
  );
  const found = costs(...tree);
  assert.deepEqual(found.at(-1), []);
  assert.equal(found[0]?.length, 1, "two to the power of 5000 is no short function");
  assert.ok(found.every(([cost = 0]) => cost <= 3 + 2 * 200));
});

Deno.test("code costs: a loop pays for its turns, and its function for what is around it", () => {
  const loop = [0x03, 0x40, ...nops(5), END];
  assert.deepEqual(costs(body(NOP, ...loop, NOP)), [[1 + 1 + 1 + 1, 1 + 5 + 1]]);
});

Deno.test("code costs: divisions and roots, which take long, cost more", () => {
  const loop = (...code: number[]) => costs(body(0x03, 0x40, ...code, END))[0]?.[1] ?? 0;
  const operands = [0x41, 8, 0x41, 2];
  assert.equal(loop(...operands, 0x6d, 0x1a) - loop(...operands, 0x6a, 0x1a), 15);
});

Deno.test("code costs: what is called by way of a table pays as if it were as long as a short function may be", () => {
  const [[cost] = []] = costs(body(0x41, 0, 0x11, 0, 0));
  assert.equal(cost, 1 + 200 + 1);
});

function leb(value: number): number[] {
  return [(value & 0x7f) | 0x80, value >> 7];
}
