/** Ways to damage an input; each takes octets and gives new ones, the original stays as it is. */

import type { Choose } from "./choices.ts";

/** Damages `input`; `other` is another input of the corpus, to take parts from. */
export type Mutator = (input: Uint8Array, other: Uint8Array, choose: Choose) => Uint8Array;

/** Values at which lengths and counts go wrong. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
/** Octets that a splice or a copy moves at most. */
const MAX_PIECE = 64;
/** Mutations of one input at most. */
const MAX_STEPS = 4;
const NOTHING = new Uint8Array(0);

const COMMON: readonly Mutator[] = [
  flipBit,
  setOctet,
  truncate,
  remove,
  duplicate,
  splice,
  editLength,
];

/** Damages `input` in one to four steps. */
export function damage(
  input: Uint8Array,
  other: Uint8Array,
  choose: Choose,
  own: readonly Mutator[],
  tokens: readonly Uint8Array[],
): Uint8Array {
  let bytes = input;
  for (let steps = 1 + choose(MAX_STEPS); steps > 0; steps--) {
    // A format's own mutators reach further than blind ones: they get as many turns as all others.
    if (own.length > 0 && choose(2) === 0) bytes = own[choose(own.length)](bytes, other, choose);
    else if (tokens.length > 0 && choose(4) === 0) bytes = putToken(bytes, tokens[choose(tokens.length)], choose);
    else bytes = COMMON[choose(COMMON.length)](bytes, other, choose);
  }
  return bytes;
}

/** `bytes` with `removed` octets at `at` replaced by `added`. */
export function replace(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const behind = bytes.subarray(Math.min(bytes.length, at + removed));
  const result = new Uint8Array(at + added.length + behind.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(behind, at + added.length);
  return result;
}

function flipBit(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const bytes = input.slice();
  if (bytes.length > 0) bytes[choose(bytes.length)] ^= 1 << choose(8);
  return bytes;
}

function setOctet(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const bytes = input.slice();
  if (bytes.length > 0) bytes[choose(bytes.length)] = choose(256);
  return bytes;
}

function truncate(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  return input.slice(0, choose(input.length + 1));
}

function remove(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  return replace(input, choose(input.length + 1), choose(8), NOTHING);
}

function duplicate(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const at = choose(input.length + 1);
  return replace(input, at, 0, input.subarray(at, at + choose(MAX_PIECE)));
}

function splice(input: Uint8Array, other: Uint8Array, choose: Choose): Uint8Array {
  const from = choose(other.length + 1);
  const piece = other.subarray(from, from + choose(MAX_PIECE));
  return replace(input, choose(input.length + 1), choose(2) * piece.length, piece);
}

/** Takes one or four octets for a length, and makes it a little or much wrong. */
function editLength(input: Uint8Array, _other: Uint8Array, choose: Choose): Uint8Array {
  const bytes = input.slice();
  const width = choose(2) === 0 ? 1 : 4;
  if (bytes.length < width) return bytes;
  const at = choose(bytes.length - width + 1);
  const view = new DataView(bytes.buffer);
  const value = width === 1 ? bytes[at] : view.getUint32(at);
  const edited = choose(2) === 0 ? value + choose(9) - 4 : EDGES[choose(EDGES.length)];
  if (width === 1) bytes[at] = edited;
  else view.setUint32(at, edited);
  return bytes;
}

function putToken(input: Uint8Array, token: Uint8Array, choose: Choose): Uint8Array {
  return replace(input, choose(input.length + 1), choose(2) * token.length, token);
}
