/** States and outcomes of deliveries (OASIS AMQP 1.0, part 3.4). */

import { readError, writeError } from "./amqp_error.ts";
import { ACCEPTED, MODIFIED, RECEIVED, REJECTED, RELEASED } from "./descriptors.ts";
import { type FieldReader, required } from "./field_reader.ts";
import type { FieldWriter } from "./field_writer.ts";
import type { DeliveryState, Mutable } from "./types.ts";

type Modified = Extract<DeliveryState, { kind: "modified" }>;

/** Reads the next of `fields`, a delivery state. Throws ProtocolError. */
export function readState(fields: FieldReader): DeliveryState | undefined {
  switch (fields.descriptor("state")) {
    case undefined:
      return undefined;
    case ACCEPTED:
      fields.composite().close();
      return { kind: "accepted" };
    case RELEASED:
      fields.composite().close();
      return { kind: "released" };
    case RECEIVED: {
      const inner = fields.composite();
      const sectionNumber = required(inner.uint("section-number"), "section-number");
      const sectionOffset = required(inner.ulong("section-offset"), "section-offset");
      inner.close();
      return { kind: "received", sectionNumber, sectionOffset };
    }
    case REJECTED: {
      const inner = fields.composite();
      const error = readError(inner);
      inner.close();
      return error === undefined ? { kind: "rejected" } : { kind: "rejected", error };
    }
    case MODIFIED:
      return readModified(fields.composite());
  }
  return { kind: "other", value: fields.value() };
}

/** Writes a delivery state as the next of `fields`. */
export function writeState(fields: FieldWriter, state: DeliveryState | undefined): void {
  if (state === undefined) return fields.absent();
  switch (state.kind) {
    case "accepted":
      return fields.composite(ACCEPTED).close();
    case "released":
      return fields.composite(RELEASED).close();
    case "received": {
      const inner = fields.composite(RECEIVED);
      inner.uint(state.sectionNumber);
      inner.ulong(state.sectionOffset);
      return inner.close();
    }
    case "rejected": {
      const inner = fields.composite(REJECTED);
      writeError(inner, state.error);
      return inner.close();
    }
    case "modified": {
      const inner = fields.composite(MODIFIED);
      inner.boolean(state.deliveryFailed);
      inner.boolean(state.undeliverableHere);
      inner.map(state.messageAnnotations);
      return inner.close();
    }
    case "other":
      return fields.any(state.value);
  }
}

function readModified(inner: FieldReader): Modified {
  const state: Mutable<Modified> = { kind: "modified" };
  const deliveryFailed = inner.boolean("delivery-failed");
  if (deliveryFailed !== undefined) state.deliveryFailed = deliveryFailed;
  const undeliverableHere = inner.boolean("undeliverable-here");
  if (undeliverableHere !== undefined) state.undeliverableHere = undeliverableHere;
  const messageAnnotations = inner.map("message-annotations");
  if (messageAnnotations !== undefined) state.messageAnnotations = messageAnnotations;
  inner.close();
  return state;
}
