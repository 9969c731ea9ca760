/** What the targets that decode AMQP values share. */

import { ProtocolError } from "../../agent/amqp/protocol_error.ts";

/** Octets that begin AMQP values. */
const CONSTRUCTORS = "00404142434445505152535455566061707172737480818283849498a0a1a3b0b1b3c0c1d0d1e0f0";
/** Codes of performatives, SASL frames, outcomes, termini and sections. */
const DESCRIPTORS = "1011121314151617181d23242526272829404142434470717273747576777830";

/** Octets that mean something to the codec: damage made of them gets further than noise. */
export const CODEC_TOKENS: readonly Uint8Array[] = [
  ...octetsOf(CONSTRUCTORS).map((octet) => Uint8Array.of(octet)),
  ...octetsOf(DESCRIPTORS).flatMap((code) => [0xc0, 0xd0, 0x45].map((list) => Uint8Array.of(0, 0x53, code, list))),
];

/** What `check` says of `input`, or the condition of the ProtocolError it ends in. Any other error is let through. */
export function outcomeOf(check: (input: Uint8Array) => string, input: Uint8Array): string {
  try {
    return check(input);
  } catch (error) {
    if (error instanceof ProtocolError) return error.condition;
    throw error;
  }
}

function octetsOf(hex: string): number[] {
  return [...Uint8Array.fromHex(hex)];
}
