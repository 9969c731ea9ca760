/** Attach, flow and detach: the life of a link (OASIS AMQP 1.0, part 2.7.3, 2.7.4 and 2.7.7). */

import { readError, writeError } from "./amqp_error.ts";
import { ATTACH, DETACH, FLOW } from "./descriptors.ts";
import { type FieldReader, required } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import { readSource, readTarget, writeSource, writeTarget } from "./terminus.ts";
import type { Attach, Detach, Flow, Mutable } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Reads the fields of an attach. Throws ProtocolError. */
export function readAttach(fields: FieldReader): Attach {
  const name = required(fields.text("name"), "name");
  const handle = required(fields.uint("handle"), "handle");
  const role = fields.role();
  const attach: Mutable<Attach> = { type: "attach", name, handle, role };
  const sndSettleMode = fields.ubyte("snd-settle-mode");
  if (sndSettleMode !== undefined) attach.sndSettleMode = sndSettleMode;
  const rcvSettleMode = fields.ubyte("rcv-settle-mode");
  if (rcvSettleMode !== undefined) attach.rcvSettleMode = rcvSettleMode;
  const source = readSource(fields);
  if (source !== undefined) attach.source = source;
  const target = readTarget(fields);
  if (target !== undefined) attach.target = target;
  const unsettled = fields.map("unsettled");
  if (unsettled !== undefined) attach.unsettled = unsettled;
  const incompleteUnsettled = fields.boolean("incomplete-unsettled");
  if (incompleteUnsettled !== undefined) attach.incompleteUnsettled = incompleteUnsettled;
  const initialDeliveryCount = fields.uint("initial-delivery-count");
  if (initialDeliveryCount !== undefined) attach.initialDeliveryCount = initialDeliveryCount;
  const maxMessageSize = fields.ulong("max-message-size");
  if (maxMessageSize !== undefined) attach.maxMessageSize = maxMessageSize;
  const offeredCapabilities = fields.any();
  if (offeredCapabilities !== undefined) attach.offeredCapabilities = offeredCapabilities;
  const desiredCapabilities = fields.any();
  if (desiredCapabilities !== undefined) attach.desiredCapabilities = desiredCapabilities;
  const properties = fields.map("properties");
  if (properties !== undefined) attach.properties = properties;
  return attach;
}

/** Writes an attach. */
export function writeAttach(writer: Writer, attach: Attach): void {
  const fields = new FieldWriter(writer, ATTACH);
  fields.string(attach.name);
  fields.uint(attach.handle);
  fields.boolean(attach.role === "receiver");
  fields.ubyte(attach.sndSettleMode);
  fields.ubyte(attach.rcvSettleMode);
  writeSource(fields, attach.source);
  writeTarget(fields, attach.target);
  fields.map(attach.unsettled);
  fields.boolean(attach.incompleteUnsettled);
  fields.uint(attach.initialDeliveryCount);
  fields.ulong(attach.maxMessageSize);
  fields.any(attach.offeredCapabilities);
  fields.any(attach.desiredCapabilities);
  fields.map(attach.properties);
  fields.close();
}

/** Reads the fields of a flow. Throws ProtocolError. */
export function readFlow(fields: FieldReader): Flow {
  const nextIncomingId = fields.uint("next-incoming-id");
  const incomingWindow = required(fields.uint("incoming-window"), "incoming-window");
  const nextOutgoingId = required(fields.uint("next-outgoing-id"), "next-outgoing-id");
  const outgoingWindow = required(fields.uint("outgoing-window"), "outgoing-window");
  const flow: Mutable<Flow> = { type: "flow", incomingWindow, nextOutgoingId, outgoingWindow };
  if (nextIncomingId !== undefined) flow.nextIncomingId = nextIncomingId;
  const handle = fields.uint("handle");
  if (handle !== undefined) flow.handle = handle;
  const deliveryCount = fields.uint("delivery-count");
  if (deliveryCount !== undefined) flow.deliveryCount = deliveryCount;
  const linkCredit = fields.uint("link-credit");
  if (linkCredit !== undefined) flow.linkCredit = linkCredit;
  const available = fields.uint("available");
  if (available !== undefined) flow.available = available;
  const drain = fields.boolean("drain");
  if (drain !== undefined) flow.drain = drain;
  const echo = fields.boolean("echo");
  if (echo !== undefined) flow.echo = echo;
  const properties = fields.map("properties");
  if (properties !== undefined) flow.properties = properties;
  return flow;
}

/** Writes a flow. */
export function writeFlow(writer: Writer, flow: Flow): void {
  const fields = new FieldWriter(writer, FLOW);
  fields.uint(flow.nextIncomingId);
  fields.uint(flow.incomingWindow);
  fields.uint(flow.nextOutgoingId);
  fields.uint(flow.outgoingWindow);
  fields.uint(flow.handle);
  fields.uint(flow.deliveryCount);
  fields.uint(flow.linkCredit);
  fields.uint(flow.available);
  fields.boolean(flow.drain);
  fields.boolean(flow.echo);
  fields.map(flow.properties);
  fields.close();
}

/** Reads the fields of a detach. Throws ProtocolError. */
export function readDetach(fields: FieldReader): Detach {
  const handle = required(fields.uint("handle"), "handle");
  const detach: Mutable<Detach> = { type: "detach", handle };
  const closed = fields.boolean("closed");
  if (closed !== undefined) detach.closed = closed;
  const error = readError(fields);
  if (error !== undefined) detach.error = error;
  return detach;
}

/** Writes a detach. */
export function writeDetach(writer: Writer, detach: Detach): void {
  const fields = new FieldWriter(writer, DETACH);
  fields.uint(detach.handle);
  fields.boolean(detach.closed);
  writeError(fields, detach.error);
  fields.close();
}
