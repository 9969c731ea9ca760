import assert from "node:assert/strict";
import { TurnedClock } from "../lib/testing_clock.ts";
import { LOOK_MS } from "../lib/time_limit.ts";
import { ACCEPTED, FAILED, RELEASED } from "./flow.ts";
import { MAX_KEPT_OCTETS, PATIENCE_MS, PatientRoutes } from "./patient_stream.ts";
import { listening, routed, Taker } from "./testing_consumer.ts";

const octets = (text: string) => new TextEncoder().encode(text);
const START = { complete: false, start: octets("head ") };

type Route = ConstructorParameters<typeof PatientRoutes>[0];
type Stream = ReturnType<PatientRoutes["send"]>;

Deno.test("a stream that nobody has taken is sent again, with all that was written meanwhile", () => {
  const clock = new TurnedClock();
  const [taker, upstream] = [new Taker(), listening()];
  const route: Route = (message, upstream) => taker.deliver(message, upstream);
  const stream = new PatientRoutes(route, clock).send(routed(START), upstream);
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
  clock.pass(LOOK_MS);
  assert.equal(clock.waiting, 0);
});

Deno.test("a release that waits for our settlement gets it, and the stream is sent again", () => {
  const clock = new TurnedClock();
  const [taker, upstream] = [new Taker(), listening()];
  const route: Route = (message, upstream) => taker.deliver(message, upstream);
  new PatientRoutes(route, clock).send(routed(START), upstream);
  taker.taken[0].upstream.consumerState(RELEASED, false);
  assert.deepEqual(taker.taken[0].events, ["settled released"]);
  clock.pass(100);
  assert.equal(taker.taken.length, 2);
  assert.deepEqual(upstream.heard, []);
  clock.pass(PATIENCE_MS + LOOK_MS);
});

Deno.test("an address that is nowhere is looked for until patience ends, and that is the outcome", () => {
  const clock = new TurnedClock();
  const upstream = listening();
  let attempts = 0;
  new PatientRoutes(() => void attempts++, clock).send(routed(START), upstream);
  assert.deepEqual(upstream.heard, []);
  clock.pass(PATIENCE_MS + 400);
  assert.deepEqual(upstream.heard, [[RELEASED, true]]);
  assert.ok(attempts > 5 && attempts < 20, `${attempts}`);
  clock.pass(LOOK_MS);
  assert.equal(clock.waiting, 0);
});

const SIGNS: readonly (readonly [string, Parameters<ReturnType<typeof listening>["consumerState"]>])[] = [
  ["a failure", [FAILED, true]],
  ["a window report", [{ kind: "received", sectionNumber: 0, sectionOffset: 1n }, false]],
];

for (const [what, sign] of SIGNS) {
  Deno.test(`${what} shows that somebody has the stream: it is not sent again`, () => {
    const clock = new TurnedClock();
    const [taker, upstream] = [new Taker(), listening()];
    new PatientRoutes((message, upstream) => taker.deliver(message, upstream), clock).send(routed(START), upstream);
    taker.taken[0].upstream.consumerState(...sign);
    if (!sign[1]) taker.taken[0].upstream.consumerState(RELEASED, true);
    clock.pass(PATIENCE_MS);
    assert.equal(taker.taken.length, 1);
    assert.deepEqual(upstream.heard[0], sign);
  });
}

Deno.test("a stream that is too long to be kept, or is given up, is not sent again", () => {
  const clock = new TurnedClock();
  for (
    const past of [(stream: Stream) => stream.write(new Uint8Array(MAX_KEPT_OCTETS + 1)), (
      stream: Stream,
    ) => stream.abort()]
  ) {
    const taker = new Taker();
    const upstream = listening();
    const route: Route = (message, upstream) => taker.deliver(message, upstream);
    past(new PatientRoutes(route, clock).send(routed(START), upstream));
    taker.taken[0].upstream.consumerState(RELEASED, true);
    clock.pass(PATIENCE_MS);
    assert.equal(taker.taken.length, 1);
  }
});

Deno.test("a stream that rests is not kept, nor sent again, when patience is over", () => {
  const clock = new TurnedClock();
  const [taker, upstream] = [new Taker(), listening()];
  new PatientRoutes((message, upstream) => taker.deliver(message, upstream), clock).send(routed(START), upstream);
  clock.pass(PATIENCE_MS + LOOK_MS);
  assert.equal(clock.waiting, 0);
  taker.taken[0].upstream.consumerState(RELEASED, true);
  assert.deepEqual(upstream.heard, [[RELEASED, true]]);
});

Deno.test("between two attempts a stream can be given up", () => {
  const clock = new TurnedClock();
  const [taker, upstream] = [new Taker(), listening()];
  const route: Route = (message, upstream) => taker.deliver(message, upstream);
  const stream = new PatientRoutes(route, clock).send(routed(START), upstream);
  taker.taken[0].upstream.consumerState(RELEASED, true);
  stream.abort();
  clock.pass(PATIENCE_MS);
  assert.equal(taker.taken.length, 1);
  clock.pass(LOOK_MS);
  assert.equal(clock.waiting, 0);
});

Deno.test("stopped between two attempts, a stream has its outcome and leaves no timer", () => {
  const clock = new TurnedClock();
  const [taker, upstream] = [new Taker(), listening()];
  const routes = new PatientRoutes((message, upstream) => taker.deliver(message, upstream), clock);
  routes.send(routed(START), upstream);
  taker.taken[0].upstream.consumerState(RELEASED, true);
  routes.stop();
  assert.deepEqual(upstream.heard, [[RELEASED, true]]);
  assert.equal(clock.waiting, 0);
});
