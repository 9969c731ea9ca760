/**
 * The disposition that almost every message ends with, settled and accepted, for a range of deliveries: written and read in
 * place (OASIS AMQP 1.0, part 2.7.6). The reader knows the shape that real peers send, and declines any other.
 */

import { FRAME_AMQP, FRAME_HEADER_OCTETS, putFrameHeader } from "./frame_header.ts";
import type { Output } from "./output.ts";
import { DESCRIBED, FALSE, LIST_8, NULL, PlainReader, putUint, SMALL_ULONG, TRUE } from "./plain_performative.ts";

const DISPOSITION = 0x15;
const ACCEPTED = 0x24;
const LIST_0 = 0x45;
/** Octets of the longest frame of this kind. */
const MOST_OCTETS = FRAME_HEADER_OCTETS + 22;

/** Writes that the deliveries from `first` to `last`, which the peer has sent, are accepted. */
export function writeAccepted(output: Output, channel: number, first: number, last: number): void {
  const start = output.reserve(MOST_OCTETS);
  const { bytes } = output;
  let at = start + FRAME_HEADER_OCTETS;
  bytes[at] = DESCRIBED;
  bytes[at + 1] = SMALL_ULONG;
  bytes[at + 2] = DISPOSITION;
  bytes[at + 3] = LIST_8;
  const sizeAt = at + 4;
  bytes[at + 5] = 5;
  bytes[at + 6] = TRUE;
  at = putUint(bytes, at + 7, first);
  if (last === first) bytes[at++] = NULL;
  else at = putUint(bytes, at, last);
  bytes[at] = TRUE;
  bytes[at + 1] = DESCRIBED;
  bytes[at + 2] = SMALL_ULONG;
  bytes[at + 3] = ACCEPTED;
  bytes[at + 4] = LIST_0;
  at += 5;
  bytes[sizeAt] = at - sizeAt - 1;
  putFrameHeader(bytes, start, at - start, FRAME_AMQP, channel);
  output.commit(at);
}

/** What such a disposition says; one is used for all of a connection. */
export class AcceptedReader extends PlainReader {
  /** First delivery. */
  first = 0;
  /** Last delivery. */
  last = 0;
  /** Whether it speaks of deliveries that it was sent, and not of those that it has sent. */
  fromReceiver = false;

  /** Reads the performative between `start` and `end`; false for one that the general codec must look at. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    const isDisposition = bytes[start + 2] === DISPOSITION && bytes[start] === DESCRIBED &&
      bytes[start + 1] === SMALL_ULONG && bytes[start + 3] === LIST_8;
    if (!isDisposition || bytes[start + 4] !== end - start - 5) return false;
    const count = bytes[start + 5];
    const role = bytes[start + 6];
    if ((count !== 5 && count !== 6) || (role !== TRUE && role !== FALSE)) return false;
    this.fromReceiver = role === TRUE;
    this.at = start + 7;
    this.first = this.uint(bytes);
    if (this.first < 0) return false;
    if (bytes[this.at] === NULL) {
      this.at++;
      this.last = this.first;
    } else this.last = this.uint(bytes);
    const at = this.at;
    if (this.last < 0 || bytes[at] !== TRUE) return false;
    const isAccepted = bytes[at + 1] === DESCRIBED && bytes[at + 2] === SMALL_ULONG && bytes[at + 3] === ACCEPTED &&
      bytes[at + 4] === LIST_0;
    // What may follow is a hint for batching.
    const hint = bytes[at + 5];
    const wellEnded = count === 5 ? at + 5 === end : at + 6 === end && (hint === TRUE || hint === FALSE);
    return isAccepted && wellEnded;
  }
}
