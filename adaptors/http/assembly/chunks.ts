/**
 * The framing of a chunked body (RFC 9112, 7.1), octet by octet. Strict: what two readers could take in two ways is broken. What is
 * done with trailers is decided by who extends this.
 */

import { hexValue, isValue } from "./chars";

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

/** See the head of the file. */
export class Chunks {
  /** All of the body has come. */
  complete: bool = true;
  /** It is not what its framing says. */
  broken: bool = false;
  /** Octets of the body, or of the current chunk, that are still to come. */
  left: u64 = 0;
  private state: u8 = IN_SIZE;
  private digits: u32 = 0;
  private extension: u32 = 0;

  /** Starts over, before the first chunk. */
  protected startChunks(): void {
    this.state = IN_SIZE;
    this.digits = 0;
  }

  /** Whether the next octet is one of the data of a chunk. */
  protected get atData(): bool {
    return this.state == IN_DATA;
  }

  /** So many octets of the data of the chunk have come. */
  protected spendData(octets: u64): void {
    this.left -= octets;
    if (this.left == 0) this.state = AT_DATA_CR;
  }

  /** Takes an octet of the framing. */
  protected stepChunks(octet: u32): void {
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

  /** Takes an octet behind the last chunk, up to the empty line, which makes the body complete. */
  protected takeTrailer(_octet: u32): void {
    this.broken = true;
  }

  private takeSize(octet: u32): void {
    const digit = hexValue(octet);
    if (digit >= 0) {
      this.left = this.digits == 0 ? digit : (this.left << 4) | digit;
      if (++this.digits > MAX_SIZE_DIGITS) this.broken = true;
      return;
    }
    this.extension = 0;
    if (this.digits == 0 || (octet != CR && octet != SEMICOLON)) this.broken = true;
    else this.state = octet == CR ? AT_SIZE_LF : IN_EXTENSION;
  }

  private expect(octet: u32, wanted: u32, next: u8): void {
    if (octet != wanted) this.broken = true;
    this.state = next;
  }
}
