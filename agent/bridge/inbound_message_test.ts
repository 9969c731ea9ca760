import { deepEqual } from "node:assert/strict";
import { FAILED } from "../router/flow.ts";
import { listening, routed } from "../router/testing_consumer.ts";
import { InboundMessage } from "./inbound_message.ts";

Deno.test("inbound message: a producer that waits for no outcome hears that nobody takes more, as it may be held up", () => {
  const upstream = listening();
  const message = new InboundMessage(upstream, {
    pending: () => 0,
    onHead: () => true,
    onData() {},
    onEnd() {},
    onBroken() {},
  }, 1);
  message.begin(routed({ presettled: true, complete: false }));
  message.settle(FAILED);
  deepEqual(upstream.heard, [[FAILED, true]]);
});
