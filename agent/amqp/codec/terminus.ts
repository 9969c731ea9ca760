/** Source and target of a link (OASIS AMQP 1.0, part 3.5.3 and 3.5.4). */

import { SOURCE, TARGET } from "./descriptors.ts";
import { type FieldReader, wrong } from "./field_reader.ts";
import type { FieldWriter } from "./field_writer.ts";
import type { AmqpValue, Mutable, Terminus } from "./types.ts";

/** What an attach may have as its target: one, or any other described value such as a coordinator, as it came. */
export type Target = Terminus | { readonly other: AmqpValue };

/** Reads the next of `fields`, a source. Throws ProtocolError. */
export function readSource(fields: FieldReader): Terminus | undefined {
  const descriptor = fields.descriptor("source");
  if (descriptor === undefined) return undefined;
  if (descriptor !== SOURCE) wrong("source", "a source");
  const inner = fields.composite();
  const source = readCommon(inner);
  const distributionMode = inner.text("distribution-mode");
  if (distributionMode !== undefined) source.distributionMode = distributionMode;
  const filter = inner.any();
  if (filter !== undefined) source.filter = filter;
  const defaultOutcome = inner.any();
  if (defaultOutcome !== undefined) source.defaultOutcome = defaultOutcome;
  const outcomes = inner.any();
  if (outcomes !== undefined) source.outcomes = outcomes;
  return readCapabilities(inner, source);
}

/** Reads the next of `fields`, a target. Throws ProtocolError. */
export function readTarget(fields: FieldReader): Target | undefined {
  const descriptor = fields.descriptor("target");
  if (descriptor === undefined) return undefined;
  if (descriptor !== TARGET) return { other: fields.value() };
  const inner = fields.composite();
  return readCapabilities(inner, readCommon(inner));
}

/** Writes a source as the next of `fields`. */
export function writeSource(fields: FieldWriter, source: Terminus | undefined): void {
  if (source === undefined) return fields.absent();
  const inner = fields.composite(SOURCE);
  writeCommon(inner, source);
  inner.symbol(source.distributionMode);
  inner.any(source.filter);
  inner.any(source.defaultOutcome);
  inner.any(source.outcomes);
  inner.any(source.capabilities);
  inner.close();
}

/** Writes a target as the next of `fields`. */
export function writeTarget(fields: FieldWriter, target: Target | undefined): void {
  if (target === undefined) return fields.absent();
  if ("other" in target) return fields.any(target.other);
  const inner = fields.composite(TARGET);
  writeCommon(inner, target);
  inner.any(target.capabilities);
  inner.close();
}

function readCommon(inner: FieldReader): Mutable<Terminus> {
  const terminus: Mutable<Terminus> = {};
  const address = inner.text("address");
  if (address !== undefined) terminus.address = address;
  const durable = inner.uint("durable");
  if (durable !== undefined) terminus.durable = durable;
  const expiryPolicy = inner.text("expiry-policy");
  if (expiryPolicy !== undefined) terminus.expiryPolicy = expiryPolicy;
  const timeout = inner.uint("timeout");
  if (timeout !== undefined) terminus.timeout = timeout;
  const dynamic = inner.boolean("dynamic");
  if (dynamic !== undefined) terminus.dynamic = dynamic;
  const dynamicNodeProperties = inner.map("dynamic-node-properties");
  if (dynamicNodeProperties !== undefined) terminus.dynamicNodeProperties = dynamicNodeProperties;
  return terminus;
}

function readCapabilities(inner: FieldReader, terminus: Mutable<Terminus>): Terminus {
  const capabilities = inner.any();
  if (capabilities !== undefined) terminus.capabilities = capabilities;
  inner.close();
  return terminus;
}

function writeCommon(inner: FieldWriter, terminus: Terminus): void {
  inner.string(terminus.address);
  inner.uint(terminus.durable);
  inner.symbol(terminus.expiryPolicy);
  inner.uint(terminus.timeout);
  inner.boolean(terminus.dynamic);
  inner.map(terminus.dynamicNodeProperties);
}
