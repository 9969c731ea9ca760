/**
 * The transfer performative on the hot path: written and read without allocating (OASIS AMQP 1.0, part 2.7.5).
 *
 * The reader knows the shapes that real senders produce. Anything unusual (a state, an odd encoding) makes it decline,
 * and the general codec takes over.
 */

import { FRAME_AMQP, FRAME_HEADER_OCTETS, putFrameHeader, putUint32 } from "./frame_header.ts";
import type { Output } from "./output.ts";
import {
  DESCRIBED,
  FALSE,
  LIST_8,
  NULL,
  PlainReader,
  putUint,
  SMALL_ULONG,
  TRUE,
  UINT_0,
} from "./plain_performative.ts";

/** Longest delivery tag AMQP allows, in octets (part 2.8.7). */
export const MAX_TAG_OCTETS = 32;
/** Upper bound of what {@link writeTransfer} puts before the payload, frame header included. */
export const TRANSFER_OVERHEAD = 40;

const TRANSFER = 0x14;
const BOOLEAN = 0x56;
const BINARY_8 = 0xa0;

/** One transfer performative, reused for every frame; `deliveryId` is -1 where absent. */
export class TransferHeader extends PlainReader {
  /** Link handle of the sender of the frame. */
  handle = 0;
  /** Delivery id, or -1. */
  deliveryId: number = -1;
  /** Settled by the sender. */
  settled = false;
  /** More frames of this delivery follow. */
  more = false;
  /** The delivery is given up by its sender. */
  aborted = false;

  /**
   * Reads the performative that starts at `start` and ends before `end`.
   * Returns false, leaving the fields undefined, when the general codec must look at it.
   */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start + 3] !== LIST_8) return false;
    const count = bytes[start + 5];
    this.at = start + 6;
    this.deliveryId = -1;
    this.settled = this.more = this.aborted = false;
    if (count === 0 || count > 11) return false;
    this.handle = this.uint(bytes);
    if (this.handle < 0) return false;
    for (let field = 1; field < count; field++) {
      if (this.at >= end) return false;
      const code = bytes[this.at];
      if (code === NULL) {
        this.at++;
        continue;
      }
      switch (field) {
        case 1:
          this.deliveryId = this.uint(bytes);
          if (this.deliveryId < 0) return false;
          break;
        case 2: // The tag is the sender's own name for a delivery; the delivery id serves us.
          if (code !== BINARY_8 || bytes[this.at + 1] > MAX_TAG_OCTETS) return false;
          this.at += 2 + bytes[this.at + 1];
          break;
        case 3: // message-format
          if (this.uint(bytes) < 0) return false;
          break;
        case 4:
        case 5:
        case 9:
        case 10: {
          const value = this.#boolean(bytes);
          if (value === undefined) return false;
          if (field === 4) this.settled = value;
          else if (field === 5) this.more = value;
          else if (field === 9) this.aborted = value;
          break;
        }
        default:
          return false;
      }
    }
    return this.at === end;
  }

  #boolean(bytes: Uint8Array): boolean | undefined {
    const code = bytes[this.at++];
    if (code === TRUE) return true;
    if (code === FALSE) return false;
    return code === BOOLEAN ? bytes[this.at++] === 1 : undefined;
  }
}

/** True when the body at `start` is a transfer in the encoding that real senders use. */
export function isPlainTransfer(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === DESCRIBED && bytes[start + 1] === SMALL_ULONG && bytes[start + 2] === TRANSFER;
}

/**
 * Encodes one transfer frame into `output`, except for its payload of `octets`, whose place in `output.bytes` is returned
 * and is the caller's to fill before anything else is sent.
 * `deliveryId`, which also serves as the tag, is -1 on every frame of a delivery after the first.
 */
export function writeTransfer(
  output: Output,
  channel: number,
  handle: number,
  deliveryId: number,
  settled: boolean,
  more: boolean,
  aborted: boolean,
  octets: number,
): number {
  const start = output.reserve(TRANSFER_OVERHEAD + octets);
  const bytes = output.bytes;
  let at = start + FRAME_HEADER_OCTETS;
  bytes[at] = DESCRIBED;
  bytes[at + 1] = SMALL_ULONG;
  bytes[at + 2] = TRANSFER;
  bytes[at + 3] = LIST_8;
  const sizeAt = at + 4;
  at = putUint(bytes, at + 6, handle);
  if (deliveryId >= 0) {
    at = putUint(bytes, at, deliveryId);
    bytes[at] = BINARY_8;
    bytes[at + 1] = 4;
    at = putUint32(bytes, at + 2, deliveryId);
    bytes[at++] = UINT_0;
  } else {
    bytes[at] = bytes[at + 1] = bytes[at + 2] = NULL;
    at += 3;
  }
  // Absent means "as on the first frame" for settled, false for more.
  bytes[at++] = settled ? TRUE : NULL;
  bytes[at++] = more ? TRUE : FALSE;
  let count = 6;
  if (aborted) {
    bytes[at] = bytes[at + 1] = bytes[at + 2] = NULL;
    bytes[at + 3] = TRUE;
    at += 4;
    count = 10;
  }
  bytes[sizeAt] = at - sizeAt - 1;
  bytes[sizeAt + 1] = count;
  putFrameHeader(bytes, start, at + octets - start, FRAME_AMQP, channel);
  output.commit(at + octets);
  if (more && !aborted) output.leaveOpen(start, channel, handle);
  return at;
}

/**
 * Makes room for up to `wanted` more octets of payload in the frame at the end of `output`, if that is of the same link and
 * its delivery goes on, within frames of `maxFrame` octets: one long frame is less work down the road than two short ones.
 * Returns how many, which the caller fills in at the end of the output before anything else is sent.
 */
export function extendTransfer(
  output: Output,
  channel: number,
  handle: number,
  wanted: number,
  maxFrame: number,
): number {
  const start = output.openFrame(channel, handle);
  if (start < 0) return 0;
  const size = output.length - start;
  const octets = Math.min(wanted, maxFrame - size);
  if (octets <= 0) return 0;
  const end = output.reserve(octets) + octets;
  putUint32(output.bytes, start, size + octets);
  output.commit(end);
  output.leaveOpen(start, channel, handle);
  return octets;
}
