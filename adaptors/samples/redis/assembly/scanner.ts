/**
 * Finds the end of one value of RESP 2, the protocol of Redis, in octets as they come; what the value says is not looked at.
 *
 * A line is a type and the rest up to CR LF: `+` and `-` text, `:` a number, `$` the octets of a bulk string that follows with
 * CR LF behind it, `*` the number of values that follow. Of a command only the form is taken that all clients send: an array of
 * bulk strings.
 */

const CR: u8 = 13;
const LF: u8 = 10;
const MINUS: u8 = 45;
const ZERO: u8 = 48;
const ARRAY: u8 = 42;
const BULK: u8 = 36;
const TEXT: u8 = 43;
const ERROR: u8 = 45;
const INTEGER: u8 = 58;

/** Bounds of Redis itself. */
const MAX_ELEMENTS: i64 = 1048576;
const MAX_BULK: i64 = 536870912;
const MAX_DEPTH: i32 = 32;
const MAX_DIGITS: u32 = 10;
/** Octets of a line of text. */
const MAX_TEXT: u32 = 65536;

export class Scanner {
  /** The value is complete. */
  done: bool = false;
  /** It is none, or over a bound. */
  broken: bool = false;
  /** Bulk strings that have begun: of a command, the number of its current argument. */
  argument: u32 = 0;
  /** Octets of the current bulk string that are still to come, CR LF included. */
  private left: u32 = 0;
  private type: u8 = 0;
  private length: u32 = 0;
  private value: i64 = 0;
  private negative: bool = false;
  private afterCr: bool = false;
  private depth: i32 = 0;
  private missing: StaticArray<u32> = new StaticArray<u32>(MAX_DEPTH);

  constructor(private isCommand: bool) {}

  /** Begins with the next value. */
  next(): void {
    this.done = false;
    this.argument = 0;
  }

  /** Nothing of a value is there yet. */
  get fresh(): bool {
    return this.type == 0 && this.depth == 0 && this.left == 0 && !this.done;
  }

  /** Whether the next octet is one of an argument's own. */
  get inArgument(): bool {
    return this.left > 2;
  }

  /** Takes octets up to the end of the value; how many. */
  take(at: usize, length: u32): u32 {
    let taken: u32 = 0;
    while (taken < length && !this.done && !this.broken) {
      if (this.left > 0) {
        const octets = min(this.left, length - taken);
        this.left -= octets;
        taken += octets;
        if (this.left == 0) this.complete();
      } else {
        this.octet(load<u8>(at + taken++));
      }
    }
    return taken;
  }

  private octet(octet: u8): void {
    if (this.type == 0) return this.begin(octet);
    if (this.afterCr) {
      this.afterCr = false;
      if (octet == LF) this.line();
      else this.broken = true;
    } else if (octet == CR) this.afterCr = true;
    else if (octet == LF) this.broken = true;
    else if (this.type == ARRAY || this.type == BULK) this.digit(octet);
    else if (++this.length > MAX_TEXT) this.broken = true;
  }

  private begin(type: u8): void {
    const known = this.isCommand
      ? type == (this.depth == 0 ? ARRAY : BULK)
      : type == ARRAY || type == BULK || type == TEXT || type == ERROR || type == INTEGER;
    if (!known) this.broken = true;
    this.type = type;
    this.length = 0;
    this.value = 0;
    this.negative = false;
  }

  private digit(octet: u8): void {
    if (octet == MINUS && this.length == 0 && !this.negative && !this.isCommand) this.negative = true;
    else if (<u8> (octet - ZERO) > 9 || ++this.length > MAX_DIGITS) this.broken = true;
    else this.value = this.value * 10 + (octet - ZERO);
  }

  /** A line is complete. */
  private line(): void {
    const type = this.type;
    this.type = 0;
    if (type != ARRAY && type != BULK) return this.complete();
    // The only number below zero is the -1 of nothing at all.
    if (this.length == 0 || (this.negative && this.value != 1)) this.broken = true;
    else if (this.negative) this.complete();
    else if (type == BULK) this.bulk();
    else this.array();
  }

  private bulk(): void {
    if (this.value > MAX_BULK) {
      this.broken = true;
      return;
    }
    this.argument++;
    this.left = <u32> this.value + 2;
  }

  private array(): void {
    if (this.value > MAX_ELEMENTS || this.depth == MAX_DEPTH || (this.isCommand && this.value == 0)) {
      this.broken = true;
    } else if (this.value == 0) {
      this.complete();
    } else {
      unchecked(this.missing[this.depth++] = <u32> this.value);
    }
  }

  /** A value is complete, and perhaps the arrays that it is the last of. */
  private complete(): void {
    while (this.depth > 0) {
      const missing = unchecked(this.missing[this.depth - 1]) - 1;
      unchecked(this.missing[this.depth - 1] = missing);
      if (missing > 0) return;
      this.depth--;
    }
    this.done = true;
  }
}
