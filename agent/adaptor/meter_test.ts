import assert from "node:assert/strict";
import { loadBuiltin } from "./builtin.ts";
import { defaultLimits } from "./limits.ts";
import { FUEL_EXPORT, meter } from "./meter.ts";
import { checkPolicy } from "./policy.ts";
import { loadFixture } from "./testing_fixture.ts";

const I32 = 0x7f;
const END = 0x0b;

/**
 * A module with a function `f: (i32) -> i32`, a memory of 1 to 2 pages, and 4 octets of passive data; `others` are the
 * bodies of more functions like `f`.
 */
function moduleOf(
  body: readonly number[],
  locals: readonly number[] = [0],
  others: readonly (readonly number[])[] = [],
): Uint8Array<ArrayBuffer> {
  const bodies = [[...locals, ...body, END], ...others.map((other) => [0, ...other, END])];
  const sections: [number, number[]][] = [
    [1, [1, 0x60, 1, I32, 1, I32]],
    [3, [bodies.length, ...bodies.map(() => 0)]],
    [5, [1, 1, 1, 2]],
    [7, [1, 1, 0x66, 0, 0]],
    [12, [1]],
    [10, [bodies.length, ...bodies.flatMap((code) => [...leb(code.length), ...code])]],
    [11, [1, 1, 4, 1, 2, 3, 4]],
  ];
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return new Uint8Array([...head, ...sections.flatMap(([id, content]) => [id, ...leb(content.length), ...content])]);
}

function leb(value: number): number[] {
  return [(value & 0x7f) | 0x80, value >> 7];
}

/** The metered module's `f`, and its fuel. */
function metered(body: readonly number[], locals?: readonly number[], others?: readonly (readonly number[])[]) {
  const original = moduleOf(body, locals, others);
  assert.ok(WebAssembly.validate(original), "the test's own module is broken");
  const exports = new WebAssembly.Instance(new WebAssembly.Module(meter(original))).exports;
  const f = exports.f as (value: number) => number;
  const refuel = exports[FUEL_EXPORT] as (value: number) => number;
  const fuel = {
    get value(): number {
      const left = refuel(0);
      refuel(left);
      return left;
    },
    set value(value: number) {
      refuel(value);
    },
  };
  return { f, fuel };
}

function runsOut(body: readonly number[], fuelBefore: number): void {
  const { f, fuel } = metered(body);
  fuel.value = fuelBefore;
  assert.throws(() => f(0), WebAssembly.RuntimeError);
  assert.ok(fuel.value < 0, `it trapped with ${fuel.value} left`);
}

const ENDLESS = [0x03, 0x40, 0x0c, 0, END, 0x20, 0];
/** Doubles its argument. */
const DOUBLE = [0x20, 0, 0x41, 2, 0x6c];
/** Does so in more instructions than a caller would pay for: so many, and three, and the end. */
const NOTHINGS = 300;
const LONG_DOUBLE = [...new Array(NOTHINGS).fill(0x01), ...DOUBLE];
/** Counts its argument down to zero. */
const COUNT_DOWN = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, END, 0x20, 0];

Deno.test("meter: an endless loop and endless recursion run out of fuel", () => {
  runsOut(ENDLESS, 1_000_000);
  runsOut([0x20, 0, 0x10, 0], 1000);
});

Deno.test("meter: code without loops pays its length, and does what it did", () => {
  const { f, fuel } = metered(LONG_DOUBLE);
  const cost = NOTHINGS + 4;
  fuel.value = 1000;
  assert.equal(f(21), 42);
  assert.equal(fuel.value, 1000 - cost);
  fuel.value = cost - 1;
  assert.throws(() => f(21), WebAssembly.RuntimeError);
  fuel.value = cost;
  assert.equal(f(4), 8, "an instance that had no fuel goes on when it has");
});

Deno.test("meter: a short function without loops costs the host nothing, and its callers what it does", () => {
  const { f, fuel } = metered(DOUBLE);
  fuel.value = 0;
  assert.equal(f(21), 42);
  assert.equal(fuel.value, 0);
  const recursive = metered([0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x1a, END, 0x20, 0]);
  recursive.fuel.value = 10_000;
  assert.equal(recursive.f(10), 10);
  assert.ok(recursive.fuel.value < 10_000 - 10, "a function that calls itself is not short");
});

Deno.test("meter: each turn of a loop pays", () => {
  const { f, fuel } = metered(COUNT_DOWN);
  const used = (turns: number) => {
    fuel.value = 1_000_000;
    assert.equal(f(turns), 0);
    return 1_000_000 - fuel.value;
  };
  assert.equal(used(1001) - used(1), 1000 * (used(2) - used(1)));
  assert.ok(used(2) > used(1));
});

Deno.test("meter: turns are paid however their loop is left, and what is called in between pays from the same fuel", () => {
  const countDown = [0x20, 0, 0x41, 1, 0x6b, 0x22, 0]; // The argument, one less; it stays on the stack.
  const leaving = {
    return: [0x03, 0x40, ...countDown, 0x45, 0x04, 0x40, 0x41, 7, 0x0f, END, 0x0c, 0, END, 0x00],
    "a branch to the end of the function": [
      ...[0x03, 0x40, 0x41, 7, ...countDown, 0x45, 0x0d, 1, 0x1a, 0x0c, 0, END, 0x00],
    ],
    "a branch out of several blocks": [
      ...[0x02, 0x40, 0x03, 0x40, 0x02, 0x40, ...countDown, 0x45, 0x0d, 2, END, 0x0c, 0, END, END, 0x41, 7],
    ],
  };
  for (const [way, body] of Object.entries(leaving)) {
    const { f, fuel } = metered(body);
    const used = (turns: number) => {
      fuel.value = 1_000_000;
      assert.equal(f(turns), 7, way);
      return 1_000_000 - fuel.value;
    };
    assert.equal(used(1001) - used(1), 1000 * (used(2) - used(1)), way);
    assert.ok(used(2) - used(1) >= 10, way);
    fuel.value = used(1000) - 1;
    assert.throws(() => f(1000), WebAssembly.RuntimeError, way);
    assert.ok(fuel.value < 0, way);
  }
  // Calls itself with 0 at each turn, which returns at once.
  const calling = [
    ...[0x20, 0, 0x45, 0x04, 0x40, 0x41, 0, 0x0f, END],
    ...[0x03, 0x40, 0x41, 0, 0x10, 0, 0x1a, ...countDown, 0x0d, 0, END, 0x41, 9],
  ];
  const { f, fuel } = metered(calling, [1, 3, I32]);
  const used = (argument: number) => {
    fuel.value = 1_000_000;
    f(argument);
    return 1_000_000 - fuel.value;
  };
  const turn = used(2) - used(1);
  assert.ok(turn > used(0), "a turn pays for itself and for the call");
  assert.equal(used(101) - used(1), 100 * turn);
});

Deno.test("meter: work that depends on an operand is paid by the operand", () => {
  const fill = [0x41, 0, 0x41, 1, 0x20, 0, 0xfc, 11, 0, 0x20, 0];
  const copy = [0x41, 8, 0x41, 0, 0x20, 0, 0xfc, 10, 0, 0, 0x20, 0];
  for (const body of [fill, copy]) {
    const { f, fuel } = metered(body);
    fuel.value = 10_000;
    f(0);
    const idle = 10_000 - fuel.value;
    fuel.value = 10_000;
    assert.equal(f(8000), 8000);
    assert.equal(10_000 - fuel.value, idle + 1000);
    assert.throws(() => f(-1), WebAssembly.RuntimeError);
    assert.ok(fuel.value < 0, "a length that nobody could pay is refused before the work begins");
  }
  const init = metered([0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 8, 0, 0, 0x20, 0]);
  init.fuel.value = 100;
  assert.equal(init.f(4), 4);
});

Deno.test("meter: what short functions do to memory is paid in the middle of their callers' loops, too", () => {
  const loop = [0x03, 0x40, 0x41, 0xc0, 0x3e, 0x10, 1, 0x1a, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, END, 0x20, 0];
  const fill = [0x41, 0, 0x41, 1, 0x20, 0, 0xfc, 11, 0, 0x20, 0]; // 8,000 octets.
  const grow = [0x41, 0, 0x40, 0];
  for (const [work, least] of [[fill, 1000], [grow, 10_000]] as const) {
    const { f, fuel } = metered(loop, undefined, [work]);
    fuel.value = 10_000_000;
    f(100);
    assert.ok(10_000_000 - fuel.value > 100 * least, `${10_000_000 - fuel.value}`);
    fuel.value = 50 * least;
    assert.throws(() => f(100), WebAssembly.RuntimeError);
  }
});

Deno.test("meter: growing memory is paid only by who does it", () => {
  const { f, fuel } = metered([0x20, 0, 0x04, 0x40, 0x41, 0, 0x40, 0, 0x1a, END, 0x20, 0]);
  fuel.value = 20_000;
  f(0);
  assert.ok(fuel.value > 19_900, `${fuel.value}`);
  f(1);
  assert.ok(fuel.value < 10_000, `${fuel.value}`);
});

Deno.test("meter: growing memory and many locals are dear", () => {
  const grow = metered([0x41, 0, 0x40, 0]);
  grow.fuel.value = 20_000;
  assert.equal(grow.f(0), 1);
  assert.ok(grow.fuel.value < 10_000);
  const locals = metered([0x20, 0], [1, 0x90, 0x4e, I32]); // 10,000 of them.
  locals.fuel.value = 20_000;
  locals.f(0);
  assert.ok(locals.fuel.value < 10_000);
});

Deno.test("meter: a module that names the fuel before there is any is no valid module", () => {
  const refill = [0x03, 0x40, 0x41, 1, 0x24, 0, 0x0c, 0, END, 0x20, 0];
  const evil = moduleOf(refill);
  assert.throws(() => checkPolicy(evil, defaultLimits), { code: "ADAPTOR_WASM" });
  assert.ok(WebAssembly.validate(meter(evil)), "which is why the order of the checks matters");
});

Deno.test("meter: instructions that are newer than the meter are refused", () => {
  for (
    const body of [
      [0xfd, 12, ...new Array(16).fill(0), 0xfd, 27, 0], // v128.const, i32x4.extract_lane
      [0xd2, 0, 0xd1], // ref.func, ref.is_null
      [0x20, 0, 0x12, 0], // return_call
      [0x41, 0, 0xfe, 0x10, 2, 0], // i32.atomic.load
    ]
  ) {
    assert.throws(() => meter(moduleOf(body)), { code: "ADAPTOR_FEATURE" });
  }
  // An index of a memory in an access.
  assert.throws(() => meter(moduleOf([0x20, 0, 0x28, 0x42, 0, 0])), { code: "ADAPTOR_FEATURE" });
});

Deno.test("meter: built-in and other adaptors are valid when metered, and one function more is exported", async () => {
  for (const name of ["tcp", "http1"]) {
    const bytes = await Deno.readFile(new URL(`./builtin/${name}.wasm`, import.meta.url));
    const module = new WebAssembly.Module(meter(bytes));
    const before = WebAssembly.Module.exports(new WebAssembly.Module(bytes));
    assert.deepEqual(WebAssembly.Module.exports(module), [...before, { name: FUEL_EXPORT, kind: "function" }]);
    assert.equal((await loadBuiltin(name)).name, name);
  }
});

Deno.test("meter: an instance whose module loops for ever fails with ADAPTOR_FUEL, and others are not touched", async () => {
  const { module } = await loadFixture("hostile");
  const other = module.instantiate();
  const instance = module.instantiate();
  for (const each of [instance, other]) each.open("listener", new Uint8Array(0));
  assert.throws(() => instance.socket(new TextEncoder().encode("L"), false), { code: "ADAPTOR_FUEL" });
  assert.throws(() => instance.socket(new TextEncoder().encode("x"), false), { code: "ADAPTOR_POISONED" });
  for (let turn = 0; turn < 100; turn++) {
    const { actions } = other.socket(new TextEncoder().encode("x"), false);
    assert.equal(actions[0]?.kind, "bytes", "fuel is there anew for every input");
  }
  instance.close();
  other.close();
});
