/** Damage that respects frames: whole frames go, come and move, and bodies change with sizes that still fit. */

import { FRAME_HEADER_OCTETS, putUint32 } from "../../agent/amqp/frame_header.ts";
import type { Choose } from "./choices.ts";
import { CODEC_TOKENS } from "./codec_target.ts";
import { type Mutator, replace } from "./mutators.ts";

interface Span {
  readonly at: number;
  readonly size: number;
}

const NOTHING = new Uint8Array(0);
const PROTOCOL = 0x414d5150;

/** For inputs that are one octet followed by what a peer sends. */
export const FRAME_MUTATORS: readonly Mutator[] = [dropFrame, copyFrame, takeFrame, editBody, editBody, editBody];

function dropFrame(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const { at, size } = frameOf(input, choose);
  return replace(input, at, size, NOTHING);
}

function copyFrame(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const { at, size } = frameOf(input, choose);
  return replace(input, frameOf(input, choose).at, 0, input.slice(at, at + size));
}

function takeFrame(input: Uint8Array, other: Uint8Array, choose: Choose): Uint8Array {
  const { at, size } = frameOf(other, choose);
  return replace(input, frameOf(input, choose).at, 0, other.slice(at, at + size));
}

/** Changes a channel or the body of a frame, and corrects its size. */
function editBody(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const { at, size } = frameOf(input, choose);
  if (size < FRAME_HEADER_OCTETS) return input;
  const place = at + 6 + choose(size - 5);
  const token = choose(2) === 0 ? Uint8Array.of(choose(256)) : CODEC_TOKENS[choose(CODEC_TOKENS.length)];
  const removed = Math.min(choose(4) === 0 ? choose(3) : token.length, at + size - place);
  const result = replace(input, place, removed, token);
  putUint32(result, at, size - removed + token.length);
  return result;
}

function frameOf(input: Uint8Array, choose: Choose): Span {
  const spans: Span[] = [];
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  for (let at = 1; at + FRAME_HEADER_OCTETS <= input.length;) {
    const first = view.getUint32(at);
    const size = first === PROTOCOL ? FRAME_HEADER_OCTETS : first;
    if (size < FRAME_HEADER_OCTETS || at + size > input.length) break;
    if (first !== PROTOCOL || choose(8) === 0) spans.push({ at, size });
    at += size;
  }
  return spans.length === 0 ? { at: input.length, size: 0 } : spans[choose(spans.length)];
}
