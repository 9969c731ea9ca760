/** Open and begin: how a connection and a session start (OASIS AMQP 1.0, part 2.7.1 and 2.7.2). */

import { BEGIN, OPEN } from "./descriptors.ts";
import { type FieldReader, required } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import type { Begin, Mutable, Open } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Reads the fields of an open. Throws ProtocolError. */
export function readOpen(fields: FieldReader): Open {
  const containerId = required(fields.text("container-id"), "container-id");
  const open: Mutable<Open> = { type: "open", containerId };
  const hostname = fields.text("hostname");
  if (hostname !== undefined) open.hostname = hostname;
  const maxFrameSize = fields.uint("max-frame-size");
  if (maxFrameSize !== undefined) open.maxFrameSize = maxFrameSize;
  const channelMax = fields.ushort("channel-max");
  if (channelMax !== undefined) open.channelMax = channelMax;
  const idleTimeOut = fields.uint("idle-time-out");
  if (idleTimeOut !== undefined) open.idleTimeOut = idleTimeOut;
  const outgoingLocales = fields.any();
  if (outgoingLocales !== undefined) open.outgoingLocales = outgoingLocales;
  const incomingLocales = fields.any();
  if (incomingLocales !== undefined) open.incomingLocales = incomingLocales;
  const offeredCapabilities = fields.any();
  if (offeredCapabilities !== undefined) open.offeredCapabilities = offeredCapabilities;
  const desiredCapabilities = fields.any();
  if (desiredCapabilities !== undefined) open.desiredCapabilities = desiredCapabilities;
  const properties = fields.map("properties");
  if (properties !== undefined) open.properties = properties;
  return open;
}

/** Writes an open. */
export function writeOpen(writer: Writer, open: Open): void {
  const fields = new FieldWriter(writer, OPEN);
  fields.string(open.containerId);
  fields.string(open.hostname);
  fields.uint(open.maxFrameSize);
  fields.ushort(open.channelMax);
  fields.uint(open.idleTimeOut);
  fields.any(open.outgoingLocales);
  fields.any(open.incomingLocales);
  fields.any(open.offeredCapabilities);
  fields.any(open.desiredCapabilities);
  fields.map(open.properties);
  fields.close();
}

/** Reads the fields of a begin. Throws ProtocolError. */
export function readBegin(fields: FieldReader): Begin {
  const remoteChannel = fields.ushort("remote-channel");
  const nextOutgoingId = required(fields.uint("next-outgoing-id"), "next-outgoing-id");
  const incomingWindow = required(fields.uint("incoming-window"), "incoming-window");
  const outgoingWindow = required(fields.uint("outgoing-window"), "outgoing-window");
  const begin: Mutable<Begin> = { type: "begin", nextOutgoingId, incomingWindow, outgoingWindow };
  if (remoteChannel !== undefined) begin.remoteChannel = remoteChannel;
  const handleMax = fields.uint("handle-max");
  if (handleMax !== undefined) begin.handleMax = handleMax;
  const offeredCapabilities = fields.any();
  if (offeredCapabilities !== undefined) begin.offeredCapabilities = offeredCapabilities;
  const desiredCapabilities = fields.any();
  if (desiredCapabilities !== undefined) begin.desiredCapabilities = desiredCapabilities;
  const properties = fields.map("properties");
  if (properties !== undefined) begin.properties = properties;
  return begin;
}

/** Writes a begin. */
export function writeBegin(writer: Writer, begin: Begin): void {
  const fields = new FieldWriter(writer, BEGIN);
  fields.ushort(begin.remoteChannel);
  fields.uint(begin.nextOutgoingId);
  fields.uint(begin.incomingWindow);
  fields.uint(begin.outgoingWindow);
  fields.uint(begin.handleMax);
  fields.any(begin.offeredCapabilities);
  fields.any(begin.desiredCapabilities);
  fields.map(begin.properties);
  fields.close();
}
