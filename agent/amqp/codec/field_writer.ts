/**
 * Writes the fields of a composite value, one after the other (OASIS AMQP 1.0, part 1.4): undefined is null, and is left
 * out where nothing follows it.
 */

import type { AmqpMap, AmqpValue } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Builds one described list. Each call writes the next field. */
export class FieldWriter {
  readonly #writer: Writer;
  readonly #start: number;
  #count = 0;
  /** Count and end of the fields up to the last one that is there. */
  #kept = 0;
  #keptEnd: number;

  /** Starts the list in `writer`; {@link FieldWriter.close} ends it. */
  constructor(writer: Writer, descriptor: number) {
    this.#writer = writer;
    this.#start = writer.openList(descriptor);
    this.#keptEnd = writer.length;
  }

  /** A field that is not there. */
  absent(): void {
    this.#settle();
    this.#writer.null();
    this.#count++;
  }

  /** A field of any type. */
  any(value: AmqpValue | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.value(value);
    this.#present();
  }

  /** A uint field. */
  uint(value: number | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.uint(value);
    this.#present();
  }

  /** A ushort field. */
  ushort(value: number | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.ushort(value);
    this.#present();
  }

  /** A ubyte field. */
  ubyte(value: number | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.ubyte(value);
    this.#present();
  }

  /** A ulong field. */
  ulong(value: bigint | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.ulong(value);
    this.#present();
  }

  /** A boolean field. */
  boolean(value: boolean | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.boolean(value);
    this.#present();
  }

  /** A string field. */
  string(value: string | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.string(value);
    this.#present();
  }

  /** A symbol field. */
  symbol(value: string | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.symbol(value);
    this.#present();
  }

  /** A binary field. */
  binary(value: Uint8Array | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.binary(value);
    this.#present();
  }

  /** A timestamp field, in ms since the Unix epoch. */
  timestamp(value: bigint | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.timestamp(value);
    this.#present();
  }

  /** A map field. */
  map(value: AmqpMap | undefined): void {
    if (value === undefined) return this.absent();
    this.#writer.map(value);
    this.#present();
  }

  /** A field that is itself a composite value: write its fields and close it before the next one here. */
  composite(descriptor: number): FieldWriter {
    // Its end is only known at the next field or at the close of this list.
    this.#count++;
    this.#kept = this.#count;
    this.#keptEnd = -1;
    return new FieldWriter(this.#writer, descriptor);
  }

  /** Ends the list. */
  close(): void {
    this.#settle();
    this.#writer.truncate(this.#keptEnd);
    this.#writer.closeList(this.#start, this.#kept);
  }

  #present(): void {
    this.#kept = ++this.#count;
    this.#keptEnd = this.#writer.length;
  }

  #settle(): void {
    if (this.#keptEnd < 0) this.#keptEnd = this.#writer.length;
  }
}
