import assert from "node:assert/strict";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { NO_ANNOTATIONS, RESEND_RELEASED } from "./annotations.ts";
import { ACCEPTED, RELEASED } from "./flow.ts";
import { Router } from "./router.ts";
import { routed, Taker } from "./testing_consumer.ts";

function network(...consumers: Taker[]) {
  const router = new Router({ id: "R1", role: "interior" });
  for (const consumer of consumers) router.addresses.add("Mkey", consumer);
  const outcomes: (DeliveryState | undefined)[] = [];
  const send = (flags: number, presettled = false) => {
    const message = routed({ annotations: { ...NO_ANNOTATIONS, flags }, presettled });
    router.route(message, { drained() {}, consumerState: (state, settled) => settled && outcomes.push(state) })?.end();
  };
  return { send, outcomes };
}

function answer(consumer: Taker, state: DeliveryState): void {
  consumer.taken[0].upstream.consumerState(state, true);
}

Deno.test("resend: a released message goes to the next consumer, and each is tried once", () => {
  const consumers = [new Taker(), new Taker({ cost: 1 }), new Taker({ cost: 2 })];
  const { send, outcomes } = network(...consumers);
  send(RESEND_RELEASED);
  for (const consumer of consumers) {
    assert.equal(consumer.taken.length, 1);
    assert.deepEqual(consumer.taken[0].message.start, consumers[0].taken[0].message.start);
    assert.deepEqual(consumer.taken[0].events, ["end"]);
    answer(consumer, RELEASED);
  }
  assert.deepEqual(outcomes, [RELEASED]);
});

Deno.test("resend: the outcome of whoever takes it in the end is the outcome", () => {
  const [first, second] = [new Taker(), new Taker({ cost: 1 })];
  const { send, outcomes } = network(first, second);
  send(RESEND_RELEASED);
  answer(first, RELEASED);
  assert.deepEqual(outcomes, []);
  answer(second, ACCEPTED);
  assert.deepEqual(outcomes, [ACCEPTED]);
});

Deno.test("resend: without the flag, a release is the outcome", () => {
  const [first, second] = [new Taker(), new Taker({ cost: 1 })];
  const { send, outcomes } = network(first, second);
  send(0);
  answer(first, RELEASED);
  assert.deepEqual(outcomes, [RELEASED]);
  assert.equal(second.taken.length, 0);
});
