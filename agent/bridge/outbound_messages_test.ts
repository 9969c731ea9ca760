import { deepEqual, equal } from "node:assert/strict";
import { Taker } from "../router/testing_consumer.ts";
import { OutboundMessage, type OutboundMessageHandler } from "./outbound_message.ts";
import { OutboundMessages } from "./outbound_messages.ts";

const HEAD = new TextEncoder().encode("head");

Deno.test("outbound messages: one that begins while another is let go is let go in its turn", () => {
  const taker = new Taker();
  const messages = new OutboundMessages(true);
  const begin = (stream: number, route: OutboundMessageHandler["route"]) => {
    const form = { stream, address: "there", mayBeWhole: false, interim: false };
    const onOutcome = () => {
      // It is tried once more, as another stream.
      messages.delete(stream);
      begin(stream + 2, (message, upstream) => taker.deliver(message, upstream));
    };
    messages.add(new OutboundMessage(form, HEAD, { route, onOutcome, onRoom() {} }));
  };
  begin(1, () => undefined);
  messages.flush();
  messages.flush();
  equal(taker.taken.length, 1);
  const lasting = Uint8Array.of(65, 66);
  messages.writeLasting(3, lasting);
  messages.flush();
  lasting.fill(0);
  messages.get(3)!.end();
  const [taken] = taker.taken;
  deepEqual([taken?.text, taken?.events], ["head\0Su\xb0\0\0\0\x02AB", ["end"]]);
});
