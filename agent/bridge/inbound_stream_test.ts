import { deepEqual } from "node:assert/strict";
import { listening, routed } from "../router/testing_consumer.ts";
import { InboundStream } from "./inbound_stream.ts";
import { encodeStreamHead } from "./stream_head.ts";

const HEAD = { contentType: "application/octet-stream", properties: [] };
const octets = (text: string) => new TextEncoder().encode(text);

Deno.test("inbound stream: one of which nobody wants to hear arrives whole, and nothing is said of it", () => {
  const start = encodeStreamHead("key", "amqp:/_edge/west/temp.1", HEAD);
  const upstream = listening();
  const heard: string[] = [];
  const message = { ...routed({ start, complete: false }), presettled: true };
  const stream = new InboundStream(1, message, upstream, {
    waitingOctets: 0,
    onHead: () => true,
    onData: (_, piece) => heard.push(new TextDecoder().decode(piece)),
    onEnd: () => heard.push("end"),
    onBroken: (reason) => heard.push(reason),
  });
  stream.begin();
  stream.write(octets("one"));
  stream.written(1_000_000);
  stream.write(octets("two"));
  stream.end();
  stream.accept();
  deepEqual([heard, upstream.heard], [["one", "two", "end"], []]);
});
