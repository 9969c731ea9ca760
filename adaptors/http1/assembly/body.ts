/**
 * The body of one message: how long it is, and whether its octets are what its framing says (RFC 9112 6 and 7).
 *
 * A chunked body is passed on as it came, chunk sizes and trailers included, so scanning it changes nothing: it finds its
 * end, and refuses what two readers might take in two ways.
 */

import { equalsIgnoringCase } from "../../sdk/assembly/text";
import { hexValue, isToken, isValue } from "./chars";

export const BODY_NONE: u8 = 0;
export const BODY_LENGTH: u8 = 1;
export const BODY_CHUNKED: u8 = 2;
export const BODY_TO_END: u8 = 3;

/** Octets ahead at which the host is asked to move them itself. */
export const SPLICE_OCTETS: u64 = 4096;

/** Digits of a chunk's size, octets of its extensions, octets of all trailers, octets of a name worth comparing. */
const MAX_SIZE_DIGITS: u32 = 12;
const MAX_EXTENSION: u32 = 1024;
const MAX_TRAILERS: u32 = 8192;
const NAME_CAPACITY: u32 = 20;

const IN_SIZE: u8 = 0;
const IN_EXTENSION: u8 = 1;
const AT_SIZE_LF: u8 = 2;
const IN_DATA: u8 = 3;
const AT_DATA_CR: u8 = 4;
const AT_DATA_LF: u8 = 5;
const AT_LINE: u8 = 6;
const IN_NAME: u8 = 7;
const IN_VALUE: u8 = 8;
const AT_LINE_LF: u8 = 9;
const AT_END_LF: u8 = 10;

/** The body of a message on its way; one per direction of a connection. */
export class Body {
  kind: u8 = BODY_NONE;
  /** All of it has come. */
  complete: bool = true;
  /** It is not what its framing says. */
  broken: bool = false;
  /** Octets of the body, or of the current chunk, that are still to come. */
  left: u64 = 0;
  private state: u8 = IN_SIZE;
  private digits: u32 = 0;
  private extension: u32 = 0;
  private trailers: u32 = 0;
  private nameLength: u32 = 0;

  /** `name` has room for NAME_CAPACITY octets. */
  constructor(private name: usize) {}

  /** Starts over. */
  begin(kind: u8, length: u64): void {
    this.kind = kind;
    this.left = kind == BODY_LENGTH ? length : 0;
    this.complete = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
    this.broken = false;
    this.state = IN_SIZE;
    this.digits = 0;
    this.trailers = 0;
  }

  /** Whether the next octet is one of the data of a chunk. */
  get inData(): bool {
    return this.kind == BODY_CHUNKED && this.state == IN_DATA;
  }

  /** The host has moved the octets of the chunk that were to come. */
  skipData(): void {
    this.left = 0;
    this.state = AT_DATA_CR;
  }

  /**
   * Looks at octets of a chunked body: how many belong to it. Stops at data that are long enough for the host to
   * move them when `stopAtData`, at its end, and before what makes it broken.
   */
  scan(source: usize, length: u32, stopAtData: bool): u32 {
    let at: u32 = 0;
    while (at < length && !this.complete && !this.broken) {
      if (this.state == IN_DATA) {
        if (stopAtData && this.left >= SPLICE_OCTETS) return at;
        const octets = <u32> min<u64>(this.left, length - at);
        at += octets;
        this.left -= octets;
        if (this.left == 0) this.state = AT_DATA_CR;
      } else {
        this.step(load<u8>(source + at));
        if (!this.broken) at++;
      }
    }
    return at;
  }

  private step(octet: u32): void {
    switch (this.state) {
      case IN_SIZE:
        return this.takeSize(octet);
      case IN_EXTENSION:
        if (octet == 0x0d) this.state = AT_SIZE_LF;
        else if (!isValue(octet) || ++this.extension > MAX_EXTENSION) this.broken = true;
        return;
      case AT_SIZE_LF:
        return this.expect(octet, 0x0a, this.left == 0 ? AT_LINE : IN_DATA);
      case AT_DATA_CR:
        return this.expect(octet, 0x0d, AT_DATA_LF);
      case AT_DATA_LF:
        this.digits = 0;
        return this.expect(octet, 0x0a, IN_SIZE);
      case AT_END_LF:
        this.expect(octet, 0x0a, AT_END_LF);
        this.complete = !this.broken;
        return;
      default:
        if (++this.trailers > MAX_TRAILERS) this.broken = true;
        return this.takeTrailer(octet);
    }
  }

  private takeSize(octet: u32): void {
    const value = hexValue(octet);
    if (value >= 0) {
      this.left = this.digits == 0 ? value : (this.left << 4) + value;
      if (++this.digits > MAX_SIZE_DIGITS) this.broken = true;
    } else if (this.digits == 0) this.broken = true;
    else if (octet == 0x0d) this.state = AT_SIZE_LF;
    else if (octet == 0x3b) {
      this.extension = 0;
      this.state = IN_EXTENSION;
    } else this.broken = true;
  }

  private takeTrailer(octet: u32): void {
    switch (this.state) {
      case AT_LINE:
        if (octet == 0x0d) {
          this.state = AT_END_LF;
          return;
        }
        this.nameLength = 0;
        this.state = IN_NAME;
      // fall through
      case IN_NAME:
        if (octet == 0x3a) {
          this.state = IN_VALUE;
          if (this.nameLength == 0 || this.changesFraming()) this.broken = true;
        } else if (!isToken(octet)) this.broken = true;
        else {
          if (this.nameLength < NAME_CAPACITY) store<u8>(this.name + this.nameLength, octet);
          this.nameLength++;
        }
        return;
      case IN_VALUE:
        if (octet == 0x0d) this.state = AT_LINE_LF;
        else if (!isValue(octet)) this.broken = true;
        return;
      default:
        return this.expect(octet, 0x0a, AT_LINE);
    }
  }

  /** A trailer of this name could make a reader that merges it into the head read the body anew. */
  private changesFraming(): bool {
    if (this.nameLength > NAME_CAPACITY) return false;
    return equalsIgnoringCase(this.name, this.nameLength, "content-length") ||
      equalsIgnoringCase(this.name, this.nameLength, "transfer-encoding") ||
      equalsIgnoringCase(this.name, this.nameLength, "host");
  }

  private expect(octet: u32, wanted: u32, next: u8): void {
    if (octet != wanted) this.broken = true;
    this.state = next;
  }
}
