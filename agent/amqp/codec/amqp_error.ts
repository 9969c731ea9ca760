/** The error that performatives and outcomes carry (OASIS AMQP 1.0, part 2.8.14). */

import { ERROR } from "./descriptors.ts";
import { type FieldReader, required, wrong } from "./field_reader.ts";
import type { FieldWriter } from "./field_writer.ts";
import type { AmqpError, Mutable } from "./types.ts";

/** Reads the next of `fields`, an error. Throws ProtocolError. */
export function readError(fields: FieldReader): AmqpError | undefined {
  const descriptor = fields.descriptor("error");
  if (descriptor === undefined) return undefined;
  if (descriptor !== ERROR) wrong("error", "an error");
  const inner = fields.composite();
  const error: Mutable<AmqpError> = { condition: required(inner.text("condition"), "condition") };
  const description = inner.text("description");
  if (description !== undefined) error.description = description;
  const info = inner.map("info");
  if (info !== undefined) error.info = info;
  inner.close();
  return error;
}

/** Writes an error as the next of `fields`. */
export function writeError(fields: FieldWriter, error: AmqpError | undefined): void {
  if (error === undefined) return fields.absent();
  const inner = fields.composite(ERROR);
  inner.symbol(error.condition);
  inner.string(error.description);
  inner.map(error.info);
  inner.close();
}
