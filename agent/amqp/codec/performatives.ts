/** The nine performatives of AMQP frames as bytes and back (OASIS AMQP 1.0, part 2.7). */

import { ProtocolError } from "../protocol_error.ts";
import {
  compact,
  errorValue,
  map,
  sourceValue,
  stateValue,
  targetValue,
  toError,
  toSource,
  toState,
  toTarget,
  ubyte,
  uint,
} from "./described.ts";
import { type FieldReader, Reader, required } from "./reader.ts";
import type {
  AmqpValue,
  Attach,
  Begin,
  Close,
  Detach,
  Disposition,
  End,
  Flow,
  Open,
  Performative,
  Transfer,
} from "./types.ts";
import type { Writer } from "./writer.ts";

const OPEN = 0x10;
const BEGIN = 0x11;
const ATTACH = 0x12;
const FLOW = 0x13;
const TRANSFER = 0x14;
const DISPOSITION = 0x15;
const DETACH = 0x16;
const END = 0x17;
const CLOSE = 0x18;
/** On the wire a role is a boolean: true for the receiver. */
const RECEIVER = true;

/**
 * Decodes the performative in `bytes` from `start`; the payload of a transfer begins at the returned `end`. `wide`
 * says that the peer writes its lists with 32-bit sizes throughout. Throws ProtocolError.
 */
export function decodePerformative(
  bytes: Uint8Array,
  start: number,
  end: number,
): { performative: Performative; end: number; wide: boolean } {
  const reader = new Reader(bytes, start, end);
  const descriptor = reader.descriptor();
  const wide = isNeedlesslyWide(bytes, reader.offset);
  const fields = reader.fields();
  const performative = read(descriptor, fields);
  if (performative.type !== "transfer" && reader.hasMore) {
    throw new ProtocolError("amqp:decode-error", `octets behind ${performative.type}`);
  }
  return { performative, end: reader.offset, wide };
}

/** True when the list at `at` has 32-bit sizes although 8 bits would hold them. */
export function isNeedlesslyWide(bytes: Uint8Array, at: number): boolean {
  const short = bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
  return bytes[at] === 0xd0 && short && bytes[at + 4] - 3 < 256;
}

/** Encodes a performative; what is undefined stays out. */
export function encodePerformative(writer: Writer, performative: Performative): void {
  switch (performative.type) {
    case "open":
      return writer.describedList(OPEN, openFields(performative));
    case "begin":
      return writer.describedList(BEGIN, beginFields(performative));
    case "attach":
      return writer.describedList(ATTACH, attachFields(performative));
    case "flow":
      return writer.describedList(FLOW, flowFields(performative));
    case "transfer":
      return writer.describedList(TRANSFER, transferFields(performative));
    case "disposition":
      return writer.describedList(DISPOSITION, dispositionFields(performative));
    case "detach":
      return writer.describedList(DETACH, [
        uint(performative.handle),
        performative.closed,
        errorValue(performative.error),
      ]);
    case "end":
      return writer.describedList(END, [errorValue(performative.error)]);
    case "close":
      return writer.describedList(CLOSE, [errorValue(performative.error)]);
  }
}

function read(descriptor: number, fields: FieldReader): Performative {
  switch (descriptor) {
    case OPEN:
      return readOpen(fields);
    case BEGIN:
      return readBegin(fields);
    case ATTACH:
      return readAttach(fields);
    case FLOW:
      return readFlow(fields);
    case TRANSFER:
      return readTransfer(fields);
    case DISPOSITION:
      return readDisposition(fields);
    case DETACH:
      return compact<Detach>({
        type: "detach",
        handle: required(fields.number("handle"), "handle"),
        closed: fields.boolean("closed"),
        error: toError(fields.any()),
      });
    case END:
      return compact<End>({ type: "end", error: toError(fields.any()) });
    case CLOSE:
      return compact<Close>({ type: "close", error: toError(fields.any()) });
    default:
      throw new ProtocolError("amqp:decode-error", `unknown performative 0x${descriptor.toString(16)}`);
  }
}

function openFields(open: Open): (AmqpValue | undefined)[] {
  return [
    open.containerId,
    open.hostname,
    uint(open.maxFrameSize),
    ushort(open.channelMax),
    uint(open.idleTimeOut),
    open.outgoingLocales,
    open.incomingLocales,
    open.offeredCapabilities,
    open.desiredCapabilities,
    map(open.properties),
  ];
}

function readOpen(fields: FieldReader): Open {
  return compact<Open>({
    type: "open",
    containerId: required(fields.text("container-id"), "container-id"),
    hostname: fields.text("hostname"),
    maxFrameSize: fields.number("max-frame-size"),
    channelMax: fields.number("channel-max"),
    idleTimeOut: fields.number("idle-time-out"),
    outgoingLocales: fields.any(),
    incomingLocales: fields.any(),
    offeredCapabilities: fields.any(),
    desiredCapabilities: fields.any(),
    properties: fields.map("properties"),
  });
}

function beginFields(begin: Begin): (AmqpValue | undefined)[] {
  return [
    ushort(begin.remoteChannel),
    uint(begin.nextOutgoingId),
    uint(begin.incomingWindow),
    uint(begin.outgoingWindow),
    uint(begin.handleMax),
    begin.offeredCapabilities,
    begin.desiredCapabilities,
    map(begin.properties),
  ];
}

function readBegin(fields: FieldReader): Begin {
  return compact<Begin>({
    type: "begin",
    remoteChannel: fields.number("remote-channel"),
    nextOutgoingId: required(fields.number("next-outgoing-id"), "next-outgoing-id"),
    incomingWindow: required(fields.number("incoming-window"), "incoming-window"),
    outgoingWindow: required(fields.number("outgoing-window"), "outgoing-window"),
    handleMax: fields.number("handle-max"),
    offeredCapabilities: fields.any(),
    desiredCapabilities: fields.any(),
    properties: fields.map("properties"),
  });
}

function attachFields(attach: Attach): (AmqpValue | undefined)[] {
  return [
    attach.name,
    uint(attach.handle),
    attach.role === "receiver",
    ubyte(attach.sndSettleMode),
    ubyte(attach.rcvSettleMode),
    sourceValue(attach.source),
    targetValue(attach.target),
    map(attach.unsettled),
    attach.incompleteUnsettled,
    uint(attach.initialDeliveryCount),
    attach.maxMessageSize === undefined ? undefined : { type: "ulong", value: attach.maxMessageSize },
    attach.offeredCapabilities,
    attach.desiredCapabilities,
    map(attach.properties),
  ];
}

function readAttach(fields: FieldReader): Attach {
  return compact<Attach>({
    type: "attach",
    name: required(fields.text("name"), "name"),
    handle: required(fields.number("handle"), "handle"),
    role: readRole(fields),
    sndSettleMode: fields.number("snd-settle-mode"),
    rcvSettleMode: fields.number("rcv-settle-mode"),
    source: toSource(fields.any()),
    target: toTarget(fields.any()),
    unsettled: fields.map("unsettled"),
    incompleteUnsettled: fields.boolean("incomplete-unsettled"),
    initialDeliveryCount: fields.number("initial-delivery-count"),
    maxMessageSize: fields.big("max-message-size"),
    offeredCapabilities: fields.any(),
    desiredCapabilities: fields.any(),
    properties: fields.map("properties"),
  });
}

function flowFields(flow: Flow): (AmqpValue | undefined)[] {
  return [
    uint(flow.nextIncomingId),
    uint(flow.incomingWindow),
    uint(flow.nextOutgoingId),
    uint(flow.outgoingWindow),
    uint(flow.handle),
    uint(flow.deliveryCount),
    uint(flow.linkCredit),
    uint(flow.available),
    flow.drain,
    flow.echo,
    map(flow.properties),
  ];
}

function readFlow(fields: FieldReader): Flow {
  return compact<Flow>({
    type: "flow",
    nextIncomingId: fields.number("next-incoming-id"),
    incomingWindow: required(fields.number("incoming-window"), "incoming-window"),
    nextOutgoingId: required(fields.number("next-outgoing-id"), "next-outgoing-id"),
    outgoingWindow: required(fields.number("outgoing-window"), "outgoing-window"),
    handle: fields.number("handle"),
    deliveryCount: fields.number("delivery-count"),
    linkCredit: fields.number("link-credit"),
    available: fields.number("available"),
    drain: fields.boolean("drain"),
    echo: fields.boolean("echo"),
    properties: fields.map("properties"),
  });
}

function transferFields(transfer: Transfer): (AmqpValue | undefined)[] {
  return [
    uint(transfer.handle),
    uint(transfer.deliveryId),
    transfer.deliveryTag === undefined ? undefined : { type: "binary", value: transfer.deliveryTag },
    uint(transfer.messageFormat),
    transfer.settled,
    transfer.more,
    ubyte(transfer.rcvSettleMode),
    stateValue(transfer.state),
    transfer.resume,
    transfer.aborted,
    transfer.batchable,
  ];
}

function readTransfer(fields: FieldReader): Transfer {
  return compact<Transfer>({
    type: "transfer",
    handle: required(fields.number("handle"), "handle"),
    deliveryId: fields.number("delivery-id"),
    deliveryTag: fields.binary("delivery-tag"),
    messageFormat: fields.number("message-format"),
    settled: fields.boolean("settled"),
    more: fields.boolean("more"),
    rcvSettleMode: fields.number("rcv-settle-mode"),
    state: toState(fields.any()),
    resume: fields.boolean("resume"),
    aborted: fields.boolean("aborted"),
    batchable: fields.boolean("batchable"),
  });
}

function dispositionFields(disposition: Disposition): (AmqpValue | undefined)[] {
  return [
    disposition.role === "receiver",
    uint(disposition.first),
    uint(disposition.last),
    disposition.settled,
    stateValue(disposition.state),
    disposition.batchable,
  ];
}

function readDisposition(fields: FieldReader): Disposition {
  return compact<Disposition>({
    type: "disposition",
    role: readRole(fields),
    first: required(fields.number("first"), "first"),
    last: fields.number("last"),
    settled: fields.boolean("settled"),
    state: toState(fields.any()),
    batchable: fields.boolean("batchable"),
  });
}

function readRole(fields: FieldReader): "sender" | "receiver" {
  return required(fields.boolean("role"), "role") === RECEIVER ? "receiver" : "sender";
}

function ushort(value: number | undefined): AmqpValue | undefined {
  return value === undefined ? undefined : { type: "ushort", value };
}
