/** The eight octets before every frame (OASIS AMQP 1.0, part 2.3.1), written in place without an extended header. */

/** Length of the header in octets. */
export const FRAME_HEADER_OCTETS = 8;

/** Frame type: AMQP. */
export const FRAME_AMQP = 0;
/** Frame type: SASL. */
export const FRAME_SASL = 1;

/** Writes the header of a frame of `size` octets, header included, to `bytes` at `at`. */
export function putFrameHeader(bytes: Uint8Array, at: number, size: number, type: number, channel: number): void {
  putUint32(bytes, at, size);
  bytes[at + 4] = FRAME_HEADER_OCTETS >>> 2;
  bytes[at + 5] = type;
  bytes[at + 6] = channel >>> 8;
  bytes[at + 7] = channel;
}

/** Writes `value` as four octets, most significant first, and returns where they end. */
export function putUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}
