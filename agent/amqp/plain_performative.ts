/**
 * Performatives in the encoding that real peers use, which are written and read in place: what they are made of (OASIS AMQP
 * 1.0, part 1.6). The general codec takes over where anything is unusual.
 */

import { putUint32 } from "./frame_header.ts";

/** Begins a described value. */
export const DESCRIBED = 0x00;
/** Begins a descriptor of one octet. */
export const SMALL_ULONG = 0x53;
/** Begins a list of up to 255 octets. */
export const LIST_8 = 0xc0;
/** The absent value. */
export const NULL = 0x40;
/** The value true. */
export const TRUE = 0x41;
/** The value false. */
export const FALSE = 0x42;
/** The uint 0. */
export const UINT_0 = 0x43;
const UINT_8 = 0x52;
const UINT_32 = 0x70;

/** Writes a uint as short as it goes, and returns where it ends. */
export function putUint(bytes: Uint8Array, at: number, value: number): number {
  if (value === 0) {
    bytes[at] = UINT_0;
    return at + 1;
  }
  if (value < 256) {
    bytes[at] = UINT_8;
    bytes[at + 1] = value;
    return at + 2;
  }
  bytes[at] = UINT_32;
  return putUint32(bytes, at + 1, value);
}

/** Goes through the fields of a performative. Whoever reads one has to make sure at its end that it has not gone too far. */
export class PlainReader {
  /** Where the next field starts. */
  protected at = 0;

  /** Reads a uint; -1 when there is none. */
  protected uint(bytes: Uint8Array): number {
    const at = this.at;
    switch (bytes[at]) {
      case UINT_0:
        this.at = at + 1;
        return 0;
      case UINT_8:
        this.at = at + 2;
        return bytes[at + 1];
      case UINT_32:
        this.at = at + 5;
        return ((bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) | bytes[at + 4]) >>> 0;
      default:
        return -1;
    }
  }
}
