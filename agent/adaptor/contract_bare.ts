/** Modules driven without the host, for the contract suite: calls as they are, and what they cost. */

import assert from "node:assert/strict";
import { type AbiExports, FeedFlag } from "./abi.ts";
import { meter } from "./meter.ts";
import { instantiateAbi } from "./module.ts";

/** What a bare instance may execute in its whole life. */
const BARE_FUEL = 2 ** 30;

/** A bare instance. */
export interface BareInstance {
  /** Its exports. */
  readonly abi: AbiExports;
  /** Instructions since this was called before. */
  spent(): number;
}

const compiled = new WeakMap<Uint8Array, WebAssembly.Module>();

/** An instance of the module `bytes`, compiled once. */
export function bareInstance(bytes: Uint8Array<ArrayBuffer>): BareInstance {
  const module = compiled.get(bytes) ?? new WebAssembly.Module(meter(bytes));
  compiled.set(bytes, module);
  const abi = instantiateAbi(module);
  abi.tendril_fuel(BARE_FUEL);
  return { abi, spent: () => BARE_FUEL - abi.tendril_fuel(BARE_FUEL) };
}

/** Offers `octets`, as many as fit the input buffer. */
export function feedBare(abi: AbiExports, side: number, octets: Uint8Array, flags: number = FeedFlag.none): number {
  const input = inputOf(abi);
  const offered = octets.subarray(0, input.length);
  input.set(offered);
  return abi.feed(side, offered.length, flags);
}

/** The input buffer. */
export function inputOf(abi: AbiExports): Uint8Array {
  return new Uint8Array(abi.memory.buffer, abi.in_ptr(), abi.in_cap());
}

/** `length` octets of the output buffer. */
export function outputOf(abi: AbiExports, length: number): Uint8Array {
  assert.ok(length <= abi.out_cap(), "more output than its buffer can hold");
  return new Uint8Array(abi.memory.buffer, abi.out_ptr(), length);
}

/** Pseudo-random numbers of 31 bits, the same for the same seed (xorshift). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 1;
  };
}
