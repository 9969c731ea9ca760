import assert from "node:assert/strict";
import type { Action, AdaptorRole, SpliceSide, StreamEvent } from "./action.ts";
import { StreamOrder } from "./stream_order.ts";

const head = { contentType: "", properties: [] } as const;
const octets = new Uint8Array(1);
const limit = 4;

/** A conversation, one word a step: `<begin 2` is an event, `begin 1` an action. */
function run(role: AdaptorRole, script: string): void {
  const order = new StreamOrder(role, limit);
  for (const step of script.split(", ")) {
    const [verb = "", stream, length] = step.split(" ");
    if (verb.startsWith("<")) order.event(make(verb.slice(1), Number(stream), "") as StreamEvent);
    else order.action(make(verb, Number(stream), length ?? ""));
  }
}

function make(verb: string, stream: number, length: string): Action {
  switch (verb) {
    case "begin":
      return { kind: "begin", stream, head };
    case "data":
      return { kind: "data", stream, data: octets };
    case "end":
    case "abort":
      return { kind: verb, stream };
    case "in":
    case "out": {
      const side: SpliceSide = verb === "in" ? "socket-to-stream" : "stream-to-socket";
      return { kind: "splice", side, stream, length: length === "all" ? Infinity : Number(length) };
    }
    case "bytes":
      return { kind: "bytes", data: octets };
    case "close":
      return { kind: "close", text: "" };
    default:
      throw new Error(`no verb ${verb}`);
  }
}

const possible: [AdaptorRole, string][] = [
  ["listener", "begin 1, <begin 2, in 1 all, out 2 all"],
  ["connector", "<begin 1, begin 2, in 2 all, out 1 all"],
  ["listener", "begin 1, in 1 10, data 1, end 1, bytes, <begin 2, out 2 10, bytes, <end 2, begin 3, end 3, close"],
  ["connector", "<begin 1, <begin 3, begin 4, data 4, end 4, begin 2, abort 2, abort 3"],
  ["connector", "<begin 1, <end 1, begin 2, data 2, end 2"],
  ["listener", "begin 1, in 1 all, abort 1"],
  ["listener", "begin 1, end 1, begin 7, <begin 8, abort 8"],
  ["connector", "<begin 1, abort 1"],
  ["listener", "begin 1, end 1, abort 1"],
];

for (const [role, script] of possible) {
  Deno.test(`stream order lets a ${role} do: ${script}`, () => run(role, script));
}

/** The last step is the impossible one. */
const impossible: [AdaptorRole, string][] = [
  ["listener", "data 1"],
  ["listener", "begin 2"],
  ["listener", "begin 3, begin 1"],
  ["listener", "begin 1, end 1, begin 1"],
  ["listener", "begin 1, begin 1"],
  ["connector", "begin 2"],
  ["connector", "<begin 1, begin 1"],
  ["connector", "<begin 1, begin 2, begin 2"],
  ["connector", "<begin 1, begin 2, end 2, begin 2"],
  ["connector", "<begin 1, <abort 1, begin 2"],
  ["listener", "begin 1, end 1, data 1"],
  ["listener", "begin 1, end 1, end 1"],
  ["listener", "begin 1, abort 1, data 1"],
  ["listener", "begin 1, <abort 1, data 1"],
  ["listener", "begin 1, <begin 2, data 2"],
  ["listener", "abort 1"],
  ["listener", "begin 1, end 1, abort 3"],
  ["connector", "<begin 1, <end 1, begin 2, end 2, abort 1"],
  ["listener", "begin 1, in 1 all, data 1"],
  ["listener", "begin 1, in 1 all, end 1"],
  ["listener", "begin 1, begin 3, in 1 all, in 3 5"],
  ["listener", "begin 1, in 2 all"],
  ["listener", "begin 1, out 1 all"],
  ["listener", "begin 1, out 2 all"],
  ["listener", "begin 1, <begin 2, <end 2, out 2 5"],
  ["listener", "begin 1, <begin 2, out 2 all, bytes"],
  ["listener", "begin 1, begin 3, <begin 2, <begin 4, out 2 all, out 4 5"],
  ["listener", "close, bytes"],
  ["listener", "close, close"],
];

for (const [role, script] of impossible) {
  Deno.test(`stream order refuses the last step of a ${role}: ${script}`, () => {
    const steps = script.split(", ");
    if (steps.length > 1) run(role, steps.slice(0, -1).join(", "));
    assert.throws(() => run(role, script), { code: "ADAPTOR_ORDER" });
  });
}

Deno.test("stream order bounds the streams an adaptor writes at a time, not over its life", () => {
  const order = new StreamOrder("listener", limit);
  for (let stream = 1; stream < 1000; stream += 2) {
    order.action(make("begin", stream, ""));
    order.action(make("end", stream, ""));
  }
  for (let stream = 1001; stream < 1001 + 2 * limit; stream += 2) order.action(make("begin", stream, ""));
  assert.throws(() => order.action(make("begin", 2001, "")), { code: "ADAPTOR_OUTPUT" });
});
