/** Damaged connections, from both sides: the engine goes on or closes with a ProtocolError, however the bytes come. */

import assert from "node:assert/strict";
import { chunksOf } from "./choices.ts";
import { probe } from "./connection_probe.ts";
import { FRAME_MUTATORS } from "./frame_mutators.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";
import { type RecordedSide, recordedSides } from "./trace_seeds.ts";

/** Octets of the beginning, and of a later stretch, that one seed has. */
const PROLOGUE_OCTETS = 4000;
const STRETCH_OCTETS = 2000;
/** Later stretches of one recording. */
const STRETCHES = 10;

const SIDES = recordedSides();

/** The first octet of an input chooses the recording whose other side it is fed to. */
const target: FuzzTarget = {
  name: "frames",
  seeds: SIDES.flatMap(seedsOf),
  mutators: FRAME_MUTATORS,
  run: (input, choose) => {
    if (input.length === 0) return "empty";
    const side = SIDES[input[0] % SIDES.length];
    const bytes = input.subarray(1);
    const whole = probe(side, [bytes.slice()]);
    assert.deepEqual(probe(side, chunksOf(bytes, choose)), whole, "the chunks make a difference");
    return `${side.from} ${whole.outcome}`;
  },
};

Deno.test("fuzz: damaged connections go on or close with a ProtocolError, whatever the chunks", () => {
  const sound = target.seeds.filter((seed) => /^(client|server) (open|closed)/.test(target.run(seed, () => 0)));
  assert.ok(sound.length > target.seeds.length / 3, `only ${sound.length} of ${target.seeds.length} seeds are sound`);
  const report = fuzz(target);
  const open = countOf(report, (outcome) => outcome.includes(" open"));
  assert.ok(open > report.executions / 50, `only ${open} of ${report.executions} connections survived`);
  for (const condition of ["amqp:decode-error", "amqp:connection:framing-error", "amqp:not-allowed"]) {
    assert.ok(countOf(report, (outcome) => outcome.endsWith(condition)) > 0, `never seen: ${condition}`);
  }
});

/** The beginning of a recording, alone and followed by later stretches. */
function seedsOf(side: RecordedSide, index: number): Uint8Array[] {
  const { frames } = side;
  const begun = stretch(frames, 0, PROLOGUE_OCTETS);
  const step = Math.max(1, Math.floor((frames.length - begun.length) / STRETCHES));
  const seeds = [joined(index, begun)];
  for (let at = begun.length; at < frames.length; at += step) {
    seeds.push(joined(index, [...begun, ...stretch(frames, at, STRETCH_OCTETS)]));
  }
  return seeds;
}

function stretch(frames: readonly Uint8Array[], from: number, octets: number): Uint8Array[] {
  let left = octets;
  return frames.slice(from).filter((frame) => (left -= frame.length) >= 0);
}

function joined(index: number, frames: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(1 + frames.reduce((sum, frame) => sum + frame.length, 0));
  result[0] = index;
  let at = 1;
  for (const frame of frames) {
    result.set(frame, at);
    at += frame.length;
  }
  return result;
}
