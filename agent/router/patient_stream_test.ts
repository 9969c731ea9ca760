import assert from "node:assert/strict";
import { ACCEPTED, FAILED, RELEASED } from "./flow.ts";
import { MAX_KEPT_OCTETS, PATIENCE_MS, routePatiently } from "./patient_stream.ts";
import { listening, routed, Taker } from "./testing_consumer.ts";

const octets = (text: string) => new TextEncoder().encode(text);
const START = { complete: false, start: octets("head ") };

/** Time that a test turns by hand. */
class Hands {
  time = 0;
  #timers: { at: number; action: () => void }[] = [];
  now = () => this.time;
  after = (ms: number, action: () => void) => {
    const timer = { at: this.time + ms, action };
    this.#timers.push(timer);
    return () => void this.#timers.splice(this.#timers.indexOf(timer), 1);
  };
  soon = (action: () => void) => void this.after(0, action);
  get waiting(): number {
    return this.#timers.length;
  }
  pass(ms: number): void {
    for (const end = this.time + ms; this.time <= end; this.time++) {
      for (const timer of this.#timers.filter(({ at }) => at <= this.time)) {
        this.#timers.splice(this.#timers.indexOf(timer), 1);
        timer.action();
      }
    }
  }
}

Deno.test("a stream that nobody has taken is sent again, with all that was written meanwhile", () => {
  const clock = new Hands();
  const [taker, upstream] = [new Taker(), listening()];
  const route: Parameters<typeof routePatiently>[0] = (message, upstream) => taker.deliver(message, upstream);
  const stream = routePatiently(route, clock, routed(START), upstream);
  stream.write(octets("one "));
  taker.taken[0].upstream.consumerState(RELEASED, true);
  stream.write(octets("two"));
  assert.equal(stream.pending, 7);
  stream.end();
  clock.pass(100);
  assert.equal(taker.taken[1].text, "head one two");
  assert.deepEqual(taker.taken[1].events, ["end"]);
  taker.taken[1].upstream.consumerState(ACCEPTED, true);
  assert.deepEqual(upstream.heard, [[ACCEPTED, true]]);
  assert.equal(clock.waiting, 0);
});

Deno.test("an address that is nowhere is looked for until patience ends, and that is the outcome", () => {
  const clock = new Hands();
  const upstream = listening();
  let attempts = 0;
  routePatiently(() => void attempts++, clock, routed(START), upstream);
  assert.deepEqual(upstream.heard, []);
  clock.pass(PATIENCE_MS + 400);
  assert.deepEqual(upstream.heard, [[RELEASED, true]]);
  assert.ok(attempts > 5 && attempts < 20, `${attempts}`);
  assert.equal(clock.waiting, 0);
});

const SIGNS: readonly (readonly [string, Parameters<ReturnType<typeof listening>["consumerState"]>])[] = [
  ["a failure", [FAILED, true]],
  ["a window report", [{ kind: "received", sectionNumber: 0, sectionOffset: 1n }, false]],
];

for (const [what, sign] of SIGNS) {
  Deno.test(`${what} shows that somebody has the stream: it is not sent again`, () => {
    const clock = new Hands();
    const [taker, upstream] = [new Taker(), listening()];
    routePatiently((message, upstream) => taker.deliver(message, upstream), clock, routed(START), upstream);
    taker.taken[0].upstream.consumerState(...sign);
    if (!sign[1]) taker.taken[0].upstream.consumerState(RELEASED, true);
    clock.pass(PATIENCE_MS);
    assert.equal(taker.taken.length, 1);
    assert.deepEqual(upstream.heard[0], sign);
  });
}

Deno.test("a stream that is too long to be kept, or is given up, is not sent again", () => {
  const clock = new Hands();
  for (
    const past of [(stream: ReturnType<typeof routePatiently>) => stream.write(new Uint8Array(MAX_KEPT_OCTETS + 1)), (
      stream: ReturnType<typeof routePatiently>,
    ) => stream.abort()]
  ) {
    const taker = new Taker();
    const upstream = listening();
    const route: Parameters<typeof routePatiently>[0] = (message, upstream) => taker.deliver(message, upstream);
    past(routePatiently(route, clock, routed(START), upstream));
    taker.taken[0].upstream.consumerState(RELEASED, true);
    clock.pass(PATIENCE_MS);
    assert.equal(taker.taken.length, 1);
  }
});

Deno.test("a stream that rests is not kept, nor sent again, when patience is over", () => {
  const clock = new Hands();
  const [taker, upstream] = [new Taker(), listening()];
  routePatiently((message, upstream) => taker.deliver(message, upstream), clock, routed(START), upstream);
  clock.pass(PATIENCE_MS);
  assert.equal(clock.waiting, 0);
  taker.taken[0].upstream.consumerState(RELEASED, true);
  assert.deepEqual(upstream.heard, [[RELEASED, true]]);
});

Deno.test("between two attempts a stream can be given up", () => {
  const clock = new Hands();
  const [taker, upstream] = [new Taker(), listening()];
  const route: Parameters<typeof routePatiently>[0] = (message, upstream) => taker.deliver(message, upstream);
  const stream = routePatiently(route, clock, routed(START), upstream);
  taker.taken[0].upstream.consumerState(RELEASED, true);
  stream.abort();
  clock.pass(PATIENCE_MS);
  assert.equal(taker.taken.length, 1);
  assert.equal(clock.waiting, 0);
});
