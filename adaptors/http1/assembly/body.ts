/**
 * The body of one message: how long it is, and whether its octets are what its framing says (RFC 9112 6 and 7).
 *
 * A chunked body is passed on as it came, chunk sizes and trailers included, so scanning it changes nothing: it finds its
 * end, and refuses what two readers might take in two ways.
 */

import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from "../../http/assembly/body_form";
import { isToken, isValue } from "../../http/assembly/chars";
import { Chunks } from "../../http/assembly/chunks";
import { equalsIgnoringCase } from "../../sdk/assembly/text";

/** Octets ahead at which the host is asked to move them itself. */
export const SPLICE_OCTETS: u64 = 4096;

/** Octets of all trailers, and of a name worth comparing. */
const MAX_TRAILERS: u32 = 8192;
const NAME_CAPACITY: u32 = 20;

const AT_LINE: u8 = 0;
const IN_NAME: u8 = 1;
const IN_VALUE: u8 = 2;
const AT_LINE_LF: u8 = 3;
const AT_END_LF: u8 = 4;

/** The body of a message on its way; one per direction of a connection. */
export class Body extends Chunks {
  kind: u8 = BODY_NONE;
  private line: u8 = AT_LINE;
  private trailers: u32 = 0;
  private nameLength: u32 = 0;

  /** `name` has room for NAME_CAPACITY octets. */
  constructor(private name: usize) {
    super();
  }

  /** Starts over. */
  begin(kind: u8, length: u64): void {
    this.kind = kind;
    this.left = kind == BODY_LENGTH ? length : 0;
    this.complete = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
    this.broken = false;
    this.line = AT_LINE;
    this.trailers = 0;
    this.startChunks();
  }

  /** Whether the next octet is one of the data of a chunk. */
  get inData(): bool {
    return this.kind == BODY_CHUNKED && this.atData;
  }

  /** The host has moved so many octets of the chunk. */
  skipData(octets: u64): void {
    this.spendData(octets);
  }

  /**
   * Looks at octets of a chunked body: how many belong to it. Stops at data that are long enough for the host to
   * move them when `stopAtData`, at its end, and before what makes it broken.
   */
  scan(source: usize, length: u32, stopAtData: bool): u32 {
    let at: u32 = 0;
    while (at < length && !this.complete && !this.broken) {
      if (this.atData) {
        if (stopAtData && this.left >= SPLICE_OCTETS) return at;
        const octets = <u32> min<u64>(this.left, length - at);
        at += octets;
        this.spendData(octets);
      } else {
        this.stepChunks(load<u8>(source + at));
        if (!this.broken) at++;
      }
    }
    return at;
  }

  /** Looks at trailers as they pass. */
  protected override takeTrailer(octet: u32): void {
    if (++this.trailers > MAX_TRAILERS) this.broken = true;
    switch (this.line) {
      case AT_LINE:
        if (octet == 0x0d) {
          this.line = AT_END_LF;
          return;
        }
        this.nameLength = 0;
        this.line = IN_NAME;
      // fall through
      case IN_NAME:
        if (octet == 0x3a) {
          this.line = IN_VALUE;
          if (this.nameLength == 0 || this.changesFraming()) this.broken = true;
        } else if (!isToken(octet)) this.broken = true;
        else {
          if (this.nameLength < NAME_CAPACITY) store<u8>(this.name + this.nameLength, octet);
          this.nameLength++;
        }
        return;
      case IN_VALUE:
        if (octet == 0x0d) this.line = AT_LINE_LF;
        else if (!isValue(octet)) this.broken = true;
        return;
      case AT_LINE_LF:
        if (octet != 0x0a) this.broken = true;
        this.line = AT_LINE;
        return;
      default:
        if (octet != 0x0a) this.broken = true;
        this.complete = !this.broken;
    }
  }

  /** A trailer of this name could make a reader that merges it into the head read the body anew. */
  private changesFraming(): bool {
    if (this.nameLength > NAME_CAPACITY) return false;
    return equalsIgnoringCase(this.name, this.nameLength, "content-length") ||
      equalsIgnoringCase(this.name, this.nameLength, "transfer-encoding") ||
      equalsIgnoringCase(this.name, this.nameLength, "host");
  }
}
