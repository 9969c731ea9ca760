/**
 * Feeds the decoders bytes that nobody should send: recorded frames with random damage, and random bytes that look like
 * AMQP. The same seed gives the same bytes.
 */

import assert from "node:assert/strict";
import { readTrace, TRACES } from "../../../tests/support/traces.ts";
import { ProtocolError } from "../protocol_error.ts";
import { FRAME_HEADER_OCTETS, FRAME_SASL } from "./frame.ts";
import { decodePerformative, encodePerformative } from "./performatives.ts";
import { Reader } from "./reader.ts";
import { decodeSasl, encodeSasl } from "./sasl.ts";
import { decodeSections, encodeSections } from "./sections.ts";
import { Writer } from "./writer.ts";

/** How long to go on: whichever comes first. */
export interface FuzzLimits {
  /** Inputs to make. */
  readonly iterations?: number;
  /** Time to take, in ms. */
  readonly ms?: number;
}

/** What came of it. */
export interface FuzzResult {
  /** Inputs made. */
  readonly iterations: number;
  /** Inputs that some decoder accepted. */
  readonly accepted: number;
  /** Calls that ended in a ProtocolError. */
  readonly refused: number;
}

/** Octets that begin AMQP values: random input made of them gets further than noise. */
const CONSTRUCTORS = Uint8Array.fromHex(
  "00404142434445505152535455566061707172737480818283849498a0a1a3b0b1b3c0c1d0d1e0f0",
);
const DESCRIPTORS = Uint8Array.fromHex("1011121314151617181d23242526272829404142434470717273747576777830");
/** Enough for every shape in the recordings; the large payloads would only slow down. */
const MAX_SEED_OCTETS = 600;

/** Runs all decoders over damaged bytes. Throws when anything but a ProtocolError comes out of one, or a wrong value. */
export function fuzzCodec(seed: number, limits: FuzzLimits): FuzzResult {
  const random = generator(seed);
  const corpus = readCorpus();
  const deadline = limits.ms === undefined ? Infinity : performance.now() + limits.ms;
  const maximum = limits.iterations ?? Infinity;
  let iterations = 0;
  let accepted = 0;
  let refused = 0;
  while (iterations < maximum && performance.now() < deadline) {
    const input = random() < 0.8 ? damage(corpus[pick(random, corpus.length)], random) : noise(random);
    for (const check of CHECKS) {
      try {
        check(input);
        accepted++;
      } catch (error) {
        if (!(error instanceof ProtocolError)) {
          throw new Error(`seed ${seed}, iteration ${iterations}, ${check.name}: ${input.toHex()}`, { cause: error });
        }
        refused++;
      }
    }
    iterations++;
  }
  return { iterations, accepted, refused };
}

const CHECKS = [checkPerformative, checkSasl, checkSections, checkValue];

function checkPerformative(input: Uint8Array): void {
  const { performative, end } = decodePerformative(input, 0, input.length);
  const writer = new Writer();
  encodePerformative(writer, performative);
  // A peer's state or error is passed on to another peer: it must not grow out of the frame it came in.
  assert.ok(writer.length <= end, `${end} octets became ${writer.length}`);
  const again = decodePerformative(writer.bytes(), 0, writer.length);
  assert.deepEqual(again, { performative, end: writer.length });
}

function checkSasl(input: Uint8Array): void {
  const frame = decodeSasl(input, 0, input.length);
  const writer = new Writer();
  encodeSasl(writer, frame);
  assert.deepEqual(decodeSasl(writer.bytes(), 0, writer.length), frame);
}

function checkSections(input: Uint8Array): void {
  const sections = decodeSections(input, 0, input.length);
  const writer = new Writer();
  encodeSections(writer, sections);
  assert.ok(writer.length <= input.length, `${input.length} octets became ${writer.length}`);
  assert.deepEqual(decodeSections(writer.bytes(), 0, writer.length), sections);
}

function checkValue(input: Uint8Array): void {
  const reader = new Reader(input, 0, input.length);
  const value = reader.value();
  const writer = new Writer();
  writer.value(value);
  assert.ok(writer.length <= reader.offset, `${reader.offset} octets became ${writer.length}`);
  assert.deepEqual(new Reader(writer.bytes(), 0, writer.length).value(), value);
}

/** Bodies of recorded frames, and the messages in transfers. */
function readCorpus(): Uint8Array[] {
  const corpus: Uint8Array[] = [];
  for (const name of TRACES) {
    for (const { bytes, header } of readTrace(name)) {
      if (header || bytes.length === FRAME_HEADER_OCTETS) continue;
      const body = bytes.subarray(FRAME_HEADER_OCTETS);
      corpus.push(body.slice(0, MAX_SEED_OCTETS));
      if (bytes[5] === FRAME_SASL) continue;
      const { end } = decodePerformative(body, 0, body.length);
      if (end < body.length) corpus.push(body.slice(end, end + MAX_SEED_OCTETS));
    }
  }
  return corpus;
}

function damage(original: Uint8Array, random: () => number): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let left = pick(random, 4); left >= 0 && bytes.length > 0; left--) {
    const at = pick(random, bytes.length);
    switch (pick(random, 6)) {
      case 0:
        bytes[at] = pick(random, 256);
        break;
      case 1:
        bytes[at] ^= 1 << pick(random, 8);
        break;
      case 2:
        bytes[at] = CONSTRUCTORS[pick(random, CONSTRUCTORS.length)];
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = splice(bytes, at, pick(random, 8), new Uint8Array(0));
        break;
      case 5:
        bytes = splice(bytes, at, 0, noise(random).subarray(0, 12));
        break;
    }
  }
  return bytes;
}

function noise(random: () => number): Uint8Array {
  const bytes = new Uint8Array(pick(random, 80));
  for (let at = 0; at < bytes.length; at++) {
    const kind = random();
    if (kind < 0.6) bytes[at] = CONSTRUCTORS[pick(random, CONSTRUCTORS.length)];
    else bytes[at] = kind < 0.9 ? pick(random, 12) : pick(random, 256);
  }
  if (bytes.length > 3 && random() < 0.7) {
    bytes.set([0x00, 0x53, DESCRIPTORS[pick(random, DESCRIPTORS.length)], random() < 0.5 ? 0xc0 : 0xd0]);
  }
  return bytes;
}

function splice(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const behind = bytes.subarray(Math.min(bytes.length, at + removed));
  const result = new Uint8Array(at + added.length + behind.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(behind, at + added.length);
  return result;
}

function pick(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

/** Pseudo-random numbers from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 0x100000000;
  };
}
