import assert from "node:assert/strict";
import { until } from "../../tests/support/until.ts";
import { ACCEPTED, type Upstream } from "../router/flow.ts";
import { listening } from "../router/testing_consumer.ts";
import { InboundMessage } from "./inbound_message.ts";
import { MOST_UNSETTLED, Settling } from "./settling.ts";

function answerTo(upstream: Upstream): InboundMessage {
  const handler = { pending: () => 0, onHead: () => true, onData() {}, onEnd() {}, onBroken() {} };
  return new InboundMessage(upstream, handler, 2);
}

Deno.test("settling: answers are settled when it is asked for, each once", () => {
  const settling = new Settling();
  const producers = [listening(), listening()];
  for (const producer of producers) settling.add(answerTo(producer));
  assert.deepEqual(producers.map(({ heard }) => heard.length), [0, 0]);
  settling.settle();
  settling.settle();
  for (const { heard } of producers) assert.deepEqual(heard, [[ACCEPTED, true]]);
  settling.stop();
});

Deno.test("settling: without a next request they are settled soon", async () => {
  const settling = new Settling();
  const producer = listening();
  settling.add(answerTo(producer));
  await until(() => producer.heard.length === 1);
});

Deno.test("settling: no more than the bound stay unsettled, and none when it stops", () => {
  const settling = new Settling();
  const producer = listening();
  for (let count = 0; count < MOST_UNSETTLED; count++) settling.add(answerTo(producer));
  assert.equal(producer.heard.length, MOST_UNSETTLED);
  settling.add(answerTo(producer));
  settling.stop();
  assert.equal(producer.heard.length, MOST_UNSETTLED + 1);
});

Deno.test("settling: an answer that somebody else has settled is left alone", () => {
  const settling = new Settling();
  const producer = listening();
  const answer = answerTo(producer);
  settling.add(answer);
  answer.settle({ kind: "released" });
  settling.stop();
  assert.deepEqual(producer.heard, [[{ kind: "released" }, true]]);
});
