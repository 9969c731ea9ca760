import assert from "node:assert/strict";
import { FRAME_HEADER_OCTETS, FRAME_SASL } from "../../agent/amqp/frame_header.ts";
import { decodePerformative } from "../../agent/amqp/codec/performatives.ts";
import { encodeSections } from "../../agent/amqp/codec/sections.ts";
import type { AmqpValue } from "../../agent/amqp/codec/types.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import { parseMessageHead } from "../../agent/router/message_head.ts";
import { readTrace } from "../../tests/support/traces.ts";
import { decodeControl, encodeControl } from "./control_codec.ts";
import type { ControlMessage } from "./control_message.ts";

/** Routing messages between two real routers, as they were recorded. */
function recorded(): { where: string; message: ControlMessage }[] {
  const found: { where: string; message: ControlMessage }[] = [];
  for (const { bytes, header, truncated, where } of readTrace("raw-interrouter-conn2.hex")) {
    if (header || truncated || bytes.length === FRAME_HEADER_OCTETS || bytes[5] === FRAME_SASL) continue;
    const { performative, end } = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
    if (performative.type !== "transfer" || performative.more === true) continue;
    const payload = bytes.subarray(end);
    const head = parseMessageHead(payload, true);
    if (head === undefined || "malformed" in head || !/qdhello|qdrouter/.test(head.to ?? "")) continue;
    const message = decodeControl(payload, head.restAt);
    assert.ok(!("fault" in message), `${where}: ${JSON.stringify(message)}`);
    found.push({ where, message });
  }
  return found;
}

Deno.test("every recorded routing message is read, and what is written of it reads the same", () => {
  const messages = recorded();
  const opcodes = new Set(messages.map(({ message }) => message.opcode));
  assert.deepEqual([...opcodes].sort(), ["HELLO", "LSR", "LSU", "MAR", "MAU", "RA"]);
  for (const { where, message } of messages) {
    assert.deepEqual(decodeControl(encodeControl(message, "amqp:/_local/x"), 0), message, where);
  }
});

Deno.test("what Tendrils alone say survives, too", () => {
  const messages: ControlMessage[] = [
    { opcode: "HELLO", id: "a", instance: 7, seen: ["b"], cost: 40 },
    { opcode: "LSU", id: "a", instance: undefined, linkStateSequence: 1, peers: new Map() },
    {
      opcode: "MAU",
      id: "a",
      mobileSequence: 9,
      add: [{ key: "Mx", treatment: "multicast", mesh: "m" }],
      remove: ["My"],
    },
  ];
  for (const message of messages) {
    const read = decodeControl(encodeControl(message, "amqp:/_local/x"), 0);
    if (message.opcode === "LSU") assert.equal("peers" in read && read.peers.size, 0);
    else if (message.opcode === "MAU") {
      assert.deepEqual({ ...read, exist: undefined }, { ...message, exist: undefined });
    } else assert.deepEqual(read, message);
  }
});

const raw = (opcode: AmqpValue, body: [AmqpValue, AmqpValue][]): Uint8Array => {
  const writer = new Writer();
  const value: AmqpValue = { type: "map", value: body };
  encodeSections(writer, { applicationProperties: [["opcode", opcode]], body: { kind: "value", value } });
  return writer.bytes().slice();
};
const int = (value: number): AmqpValue => ({ type: "int", value });

const FAULTS: readonly (readonly [string, Uint8Array, "malformed" | "version"])[] = [
  ["no message", new Uint8Array([1, 2, 3]), "malformed"],
  ["an unknown opcode", raw("WHAT", [["id", "a"]]), "malformed"],
  ["no id", raw("LSR", []), "malformed"],
  ["an id that is no text", raw("LSR", [["id", int(1)]]), "malformed"],
  ["a sequence that is no number", raw("RA", [["id", "a"], ["instance", int(1)], ["ls_seq", "x"]]), "malformed"],
  ["a link state without neighbours", raw("LSU", [["id", "a"], ["ls", { type: "map", value: [] }]]), "malformed"],
  ["a later version", raw("RA", [["id", "a"], ["pv", int(99)]]), "version"],
];

for (const [what, bytes, fault] of FAULTS) {
  Deno.test(`a routing message with ${what} is told as ${fault}, and never thrown`, () => {
    const read = decodeControl(bytes, 0);
    assert.ok("fault" in read);
    assert.equal(read.fault, fault);
    assert.ok(read.reason.length > 0);
  });
}
