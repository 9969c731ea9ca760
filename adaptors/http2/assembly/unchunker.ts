/**
 * Takes the body of a message from the network apart: which of its octets are the body's, by the framing of HTTP/1.1 that the
 * message says it has (RFC 9112, 6 and 7). Strict: what two readers could take in two ways is broken.
 */

import { hexValue, isValue } from "../../http1/assembly/chars";
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_TO_END } from "../../http1/assembly/body";

/** Digits of a chunk's size, octets of its extensions. */
const MAX_SIZE_DIGITS: u32 = 12;
const MAX_EXTENSION: u32 = 1024;

const IN_SIZE: u8 = 0;
const IN_EXTENSION: u8 = 1;
const AT_SIZE_LF: u8 = 2;
const IN_DATA: u8 = 3;
const AT_DATA_CR: u8 = 4;
const AT_DATA_LF: u8 = 5;
const IN_TRAILERS: u8 = 6;

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const SEMICOLON: u32 = 0x3b;

/** The body of one message. */
export class Unchunker {
  kind: u8 = BODY_NONE;
  /** All of it has come. */
  complete: bool = true;
  /** It is not what its framing says. */
  broken: bool = false;
  /** Octets of trailer lines, each with its CR LF, at `trailers`. */
  trailersLength: u32 = 0;
  /** Octets of the body, or of the chunk, that are to come. */
  private left: u64 = 0;
  private state: u8 = IN_SIZE;
  private digits: u32 = 0;
  private extension: u32 = 0;

  /** `trailers` is where they are gathered. */
  constructor(readonly trailers: usize, private capacity: u32) {}

  /** Starts over. */
  begin(kind: u8, length: u64): void {
    this.kind = kind;
    this.left = length;
    this.complete = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
    this.broken = false;
    this.state = kind == BODY_CHUNKED ? IN_SIZE : IN_DATA;
    this.digits = 0;
    this.trailersLength = 0;
  }

  /** How many of the next `length` octets are the body's; 0 when framing comes first, or nothing may come. */
  ahead(length: u32): u32 {
    if (this.complete || this.state != IN_DATA) return 0;
    return this.kind == BODY_TO_END ? length : <u32> min<u64>(this.left, length);
  }

  /** So many of the body's octets were taken. */
  take(octets: u32): void {
    if (this.kind == BODY_TO_END) return;
    this.left -= octets;
    if (this.left > 0) return;
    if (this.kind == BODY_LENGTH) this.complete = true;
    else this.state = AT_DATA_CR;
  }

  /** Takes an octet of the framing. */
  step(octet: u32): void {
    if (this.complete || this.kind != BODY_CHUNKED) {
      this.broken = true;
      return;
    }
    switch (this.state) {
      case IN_SIZE:
        return this.takeSize(octet);
      case IN_EXTENSION:
        if (octet == CR) this.state = AT_SIZE_LF;
        else if (!isValue(octet) || ++this.extension > MAX_EXTENSION) this.broken = true;
        return;
      case AT_SIZE_LF:
        return this.expect(octet, LF, this.left == 0 ? IN_TRAILERS : IN_DATA);
      case AT_DATA_CR:
        return this.expect(octet, CR, AT_DATA_LF);
      case AT_DATA_LF:
        this.digits = 0;
        return this.expect(octet, LF, IN_SIZE);
      default:
        return this.takeTrailer(octet);
    }
  }

  private takeSize(octet: u32): void {
    const digit = hexValue(octet);
    if (digit >= 0) {
      if (this.digits == 0) this.left = 0;
      if (++this.digits > MAX_SIZE_DIGITS) this.broken = true;
      this.left = (this.left << 4) | digit;
      return;
    }
    this.extension = 0;
    if (this.digits == 0 || (octet != CR && octet != SEMICOLON)) this.broken = true;
    else this.state = octet == CR ? AT_SIZE_LF : IN_EXTENSION;
  }

  /** Gathers lines up to the empty one, which stays behind. */
  private takeTrailer(octet: u32): void {
    if (this.trailersLength == this.capacity) {
      this.broken = true;
      return;
    }
    store<u8>(this.trailers + this.trailersLength++, <u8> octet);
    if (octet != LF) return;
    const length = this.trailersLength;
    if (length < 2 || load<u8>(this.trailers + length - 2) != CR) this.broken = true;
    else if (length == 2 || load<u8>(this.trailers + length - 3) == LF) {
      this.trailersLength -= 2;
      this.complete = true;
    }
  }

  private expect(octet: u32, wanted: u32, next: u8): void {
    if (octet != wanted) this.broken = true;
    this.state = next;
  }
}
