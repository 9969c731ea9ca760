import { deepEqual, equal } from "node:assert/strict";
import { until } from "../../tests/support/until.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { STREAMING } from "../router/annotations.ts";
import { ACCEPTED, FAILED, RELEASED } from "../router/flow.ts";
import { Taker } from "../router/testing_consumer.ts";
import { OutboundMessage } from "./outbound_message.ts";

const HEAD = new TextEncoder().encode("head");

function message(mayBeWhole: boolean, taker: Taker | undefined) {
  const outcomes: (DeliveryState | undefined)[] = [];
  const outbound = new OutboundMessage({ stream: 1, address: "there", mayBeWhole, interim: false }, HEAD, {
    route: (message, upstream) => taker?.deliver(message, upstream),
    onOutcome: (_, state) => outcomes.push(state),
    onRoom() {},
  });
  return { outbound, outcomes };
}

Deno.test("outbound message: what is complete at once leaves in one piece, as no stream where it may", () => {
  for (const whole of [true, false]) {
    const taker = new Taker();
    const { outbound } = message(whole, taker);
    outbound.write(Uint8Array.of(65, 66));
    equal(taker.taken.length, 0);
    outbound.end();
    const [taken] = taker.taken;
    deepEqual([taken?.text, taken?.events], ["head\0Su\xb0\0\0\0\x02AB", ["end"]]);
    equal(taken?.message.complete, true);
    equal((taken!.message.annotations.flags & STREAMING) !== 0, !whole);
  }
});

Deno.test("outbound message: what is let go before its end is a stream, and has a body in any case", () => {
  const taker = new Taker();
  const { outbound } = message(true, taker);
  outbound.flush();
  outbound.end();
  const [taken] = taker.taken;
  deepEqual([taken?.text, taken?.message.complete, taken?.events], ["head\0Su\xa0\0", false, ["end"]]);
});

Deno.test("outbound message: a whole one that is released is sent again as a stream, once", async () => {
  const taker = new Taker();
  const { outbound, outcomes } = message(true, taker);
  outbound.end();
  taker.taken[0]!.upstream.consumerState(RELEASED, true);
  await until(() => taker.taken.length === 2);
  const [first, second] = taker.taken;
  deepEqual([second?.text, second?.events], [first?.text, ["end"]]);
  equal((second!.message.annotations.flags & STREAMING) !== 0, true);
  deepEqual(outcomes, []);
  second!.upstream.consumerState(RELEASED, true);
  deepEqual([outcomes, taker.taken.length], [[RELEASED], 2]);
});

Deno.test("outbound message: any other outcome is final, and no consumer at all is a release", () => {
  for (const outcome of [ACCEPTED, FAILED]) {
    const taker = new Taker();
    const { outbound, outcomes } = message(true, taker);
    outbound.end();
    taker.taken[0]!.upstream.consumerState(outcome, true);
    taker.taken[0]!.upstream.consumerState(FAILED, true);
    deepEqual([outcomes, outbound.over], [[outcome], true]);
  }
  const { outbound, outcomes } = message(false, undefined);
  outbound.end();
  deepEqual(outcomes, [RELEASED]);
});

Deno.test("outbound message: what lasts leaves as one section, in order with what does not, and before the end", () => {
  const taker = new Taker();
  const { outbound } = message(true, taker);
  const lasting = Uint8Array.of(65, 66);
  const passing = Uint8Array.of(67);
  outbound.writeLasting(lasting);
  outbound.write(passing);
  passing[0] = 0;
  outbound.writeLasting(Uint8Array.of(68));
  const [taken] = taker.taken;
  equal(taken?.text, "head");
  outbound.flush();
  equal(taken?.text, "head\0Su\xb0\0\0\0\x04ABCD");
  outbound.writeLasting(Uint8Array.of(69));
  outbound.end();
  deepEqual([taken?.text, taken?.events], ["head\0Su\xb0\0\0\0\x04ABCD\0Su\xb0\0\0\0\x01E", ["end"]]);
});

Deno.test("outbound message: what lasts goes nowhere once the message has its outcome", () => {
  const taker = new Taker();
  const { outbound } = message(true, taker);
  outbound.writeLasting(Uint8Array.of(65));
  taker.taken[0]!.upstream.consumerState(FAILED, true);
  outbound.flush();
  equal(taker.taken[0]?.text, "head");
});
