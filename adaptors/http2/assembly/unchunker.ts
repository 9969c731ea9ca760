/**
 * Takes the body of a message from the network apart: which of its octets are the body's, by the framing of HTTP/1.1 that the
 * message says it has (RFC 9112, 6 and 7).
 */

import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_TO_END } from "../../http/assembly/body_form";
import { Chunks } from "../../http/assembly/chunks";

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;

/** The body of one message. */
export class Unchunker extends Chunks {
  kind: u8 = BODY_NONE;
  /** Octets of trailer lines, each with its CR LF, at `trailers`. */
  trailersLength: u32 = 0;

  /** `trailers` is where they are gathered. */
  constructor(readonly trailers: usize, private capacity: u32) {
    super();
  }

  /** Starts over. */
  begin(kind: u8, length: u64): void {
    this.kind = kind;
    this.left = length;
    this.complete = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
    this.broken = false;
    this.trailersLength = 0;
    this.startChunks();
  }

  /** How many of the next `length` octets are the body's; 0 when framing comes first, or nothing may come. */
  ahead(length: u32): u32 {
    if (this.complete) return 0;
    if (this.kind == BODY_TO_END) return length;
    return this.kind == BODY_LENGTH || this.atData ? <u32> min<u64>(this.left, length) : 0;
  }

  /** So many of the body's octets were taken. */
  take(octets: u32): void {
    if (this.kind == BODY_TO_END) return;
    if (this.kind == BODY_CHUNKED) return this.spendData(octets);
    this.left -= octets;
    if (this.left == 0) this.complete = true;
  }

  /** Takes an octet of the framing. */
  step(octet: u32): void {
    if (this.complete || this.kind != BODY_CHUNKED) this.broken = true;
    else this.stepChunks(octet);
  }

  /** Gathers lines up to the empty one, which stays behind. */
  protected override takeTrailer(octet: u32): void {
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
}
