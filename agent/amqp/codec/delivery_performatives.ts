/** Transfer and disposition: how deliveries move and settle (OASIS AMQP 1.0, part 2.7.5 and 2.7.6). */

import { DISPOSITION, TRANSFER } from "./descriptors.ts";
import { type FieldReader, required } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import { readState, writeState } from "./delivery_state.ts";
import type { Disposition, Mutable, Transfer } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Reads the fields of a transfer. Throws ProtocolError. */
export function readTransfer(fields: FieldReader): Transfer {
  const handle = required(fields.uint("handle"), "handle");
  const transfer: Mutable<Transfer> = { type: "transfer", handle };
  const deliveryId = fields.uint("delivery-id");
  if (deliveryId !== undefined) transfer.deliveryId = deliveryId;
  const deliveryTag = fields.binary("delivery-tag");
  if (deliveryTag !== undefined) transfer.deliveryTag = deliveryTag;
  const messageFormat = fields.uint("message-format");
  if (messageFormat !== undefined) transfer.messageFormat = messageFormat;
  const settled = fields.boolean("settled");
  if (settled !== undefined) transfer.settled = settled;
  const more = fields.boolean("more");
  if (more !== undefined) transfer.more = more;
  const rcvSettleMode = fields.ubyte("rcv-settle-mode");
  if (rcvSettleMode !== undefined) transfer.rcvSettleMode = rcvSettleMode;
  const state = readState(fields);
  if (state !== undefined) transfer.state = state;
  const resume = fields.boolean("resume");
  if (resume !== undefined) transfer.resume = resume;
  const aborted = fields.boolean("aborted");
  if (aborted !== undefined) transfer.aborted = aborted;
  const batchable = fields.boolean("batchable");
  if (batchable !== undefined) transfer.batchable = batchable;
  return transfer;
}

/** Writes a transfer. */
export function writeTransfer(writer: Writer, transfer: Transfer): void {
  const fields = new FieldWriter(writer, TRANSFER);
  fields.uint(transfer.handle);
  fields.uint(transfer.deliveryId);
  fields.binary(transfer.deliveryTag);
  fields.uint(transfer.messageFormat);
  fields.boolean(transfer.settled);
  fields.boolean(transfer.more);
  fields.ubyte(transfer.rcvSettleMode);
  writeState(fields, transfer.state);
  fields.boolean(transfer.resume);
  fields.boolean(transfer.aborted);
  fields.boolean(transfer.batchable);
  fields.close();
}

/** Reads the fields of a disposition. Throws ProtocolError. */
export function readDisposition(fields: FieldReader): Disposition {
  const role = fields.role();
  const first = required(fields.uint("first"), "first");
  const disposition: Mutable<Disposition> = { type: "disposition", role, first };
  const last = fields.uint("last");
  if (last !== undefined) disposition.last = last;
  const settled = fields.boolean("settled");
  if (settled !== undefined) disposition.settled = settled;
  const state = readState(fields);
  if (state !== undefined) disposition.state = state;
  const batchable = fields.boolean("batchable");
  if (batchable !== undefined) disposition.batchable = batchable;
  return disposition;
}

/** Writes a disposition. */
export function writeDisposition(writer: Writer, disposition: Disposition): void {
  const fields = new FieldWriter(writer, DISPOSITION);
  fields.boolean(disposition.role === "receiver");
  fields.uint(disposition.first);
  fields.uint(disposition.last);
  fields.boolean(disposition.settled);
  writeState(fields, disposition.state);
  fields.boolean(disposition.batchable);
  fields.close();
}
