/**
 * Reads the fields of a composite value, one after the other (OASIS AMQP 1.0, part 1.4): null and what trailing
 * omission left out are undefined, a wrong type is a ProtocolError that names the field.
 */

import { ProtocolError } from "../protocol_error.ts";
import type { Reader } from "./reader.ts";
import type { AmqpMap, AmqpValue } from "./types.ts";

/** A cursor over the fields of one list. Each call reads the next one. */
export class FieldReader {
  readonly #reader: Reader;
  readonly #outerEnd: number;
  #left: number;

  /** Enters the list that comes next in `reader`; {@link FieldReader.close} leaves it. */
  constructor(reader: Reader) {
    this.#reader = reader;
    this.#outerEnd = reader.end;
    this.#left = reader.enterList();
  }

  /** The next field as it came. */
  any(): AmqpValue | undefined {
    return this.#isAbsent() ? undefined : this.#reader.value();
  }

  /** The next field as it came, which {@link FieldReader.descriptor} has announced. */
  value(): AmqpValue {
    this.#left--;
    return this.#reader.value();
  }

  /** The next field, a uint. */
  uint(name: string): number | undefined {
    return this.#isAbsent() ? undefined : this.#reader.uint() ?? wrong(name, "a uint");
  }

  /** The next field, a ushort. */
  ushort(name: string): number | undefined {
    return this.#isAbsent() ? undefined : this.#reader.ushort() ?? wrong(name, "a ushort");
  }

  /** The next field, a ubyte. */
  ubyte(name: string): number | undefined {
    return this.#isAbsent() ? undefined : this.#reader.ubyte() ?? wrong(name, "a ubyte");
  }

  /** The next field, a ulong. */
  ulong(name: string): bigint | undefined {
    return this.#isAbsent() ? undefined : this.#reader.ulong() ?? wrong(name, "a ulong");
  }

  /** The next field, a boolean. */
  boolean(name: string): boolean | undefined {
    return this.#isAbsent() ? undefined : this.#reader.boolean() ?? wrong(name, "a boolean");
  }

  /** The next field, the mandatory role of an endpoint: on the wire a boolean, true for the receiver. */
  role(): "sender" | "receiver" {
    return required(this.boolean("role"), "role") ? "receiver" : "sender";
  }

  /** The next field, a string or symbol: senders mix them up. */
  text(name: string): string | undefined {
    return this.#isAbsent() ? undefined : this.#reader.text() ?? wrong(name, "a string or symbol");
  }

  /** The next field, binary. */
  binary(name: string): Uint8Array | undefined {
    return this.#isAbsent() ? undefined : this.#reader.binary() ?? wrong(name, "binary");
  }

  /** The next field, a timestamp in ms since the Unix epoch. */
  timestamp(name: string): bigint | undefined {
    return this.#isAbsent() ? undefined : this.#reader.timestamp() ?? wrong(name, "a timestamp");
  }

  /** The next field, a map. */
  map(name: string): AmqpMap | undefined {
    return this.#isAbsent() ? undefined : this.#reader.map() ?? wrong(name, "a map");
  }

  /**
   * Looks at the next field, a described value. Undefined when it is absent; else its descriptor, or OTHER_DESCRIPTOR,
   * and {@link FieldReader.composite} or {@link FieldReader.value} reads it.
   */
  descriptor(name: string): number | undefined {
    if (this.#isAbsent()) return undefined;
    this.#left++;
    return this.#reader.peekDescriptor() ?? wrong(name, "a described value");
  }

  /** The next field, a described list, which {@link FieldReader.descriptor} has announced. */
  composite(): FieldReader {
    this.#left--;
    this.#reader.descriptor();
    return new FieldReader(this.#reader);
  }

  /** Leaves the list. Fields that no known version of the standard has are read over. */
  close(): void {
    while (this.#left > 0) this.any();
    this.#reader.leaveWindow(this.#outerEnd);
  }

  /** Passes over a null; otherwise the caller reads the field. */
  #isAbsent(): boolean {
    if (this.#left === 0) return true;
    this.#left--;
    return this.#reader.skipNull();
  }
}

/** The value of a mandatory field. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ProtocolError("amqp:invalid-field", `mandatory field ${name} is missing`);
  return value;
}

/** Reports that a field has another type than it must. */
export function wrong(name: string, expected: string): never {
  throw new ProtocolError("amqp:invalid-field", `field ${name} is not ${expected}`);
}
