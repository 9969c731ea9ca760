/**
 * What every adaptor must do, built in or remote: the cases of the contract suite of ABI v1.
 *
 * In: a loaded module, its bytes and transcripts of what it should say. Each case throws an assertion error if the module
 * breaks the contract. They drive the module twice over: through the host, and bare, to see that it defends itself.
 */

import assert from "node:assert/strict";
import type { Action, AdaptorInstance, AdaptorModule, AdaptorRole, StreamEvent } from "./action.ts";
import { type AbiExports, FeedFlag, RoleNumber, Side, Status } from "./abi.ts";
import { encodeAction } from "./action_codec.ts";
import { bareInstance, feedBare, inputOf, outputOf, randomNumbers } from "./contract_bare.ts";
import { flowCases } from "./contract_flow.ts";
import { describe } from "./description.ts";
import { writeEvent } from "./event_codec.ts";
import { defaultLimits } from "./limits.ts";
import { checkPolicy, checkSize } from "./policy.ts";
import { RecordReader } from "./record.ts";

/** One call into an instance and what it must answer. */
export type TranscriptStep =
  | {
    readonly call: "socket";
    readonly data: Uint8Array;
    readonly eof: boolean;
    readonly answer: { readonly consumed: number; readonly actions: readonly Action[] };
  }
  | { readonly call: "spliced"; readonly answer: { readonly actions: readonly Action[] } }
  | { readonly call: "stream"; readonly event: StreamEvent; readonly answer: { readonly actions: readonly Action[] } }
  | {
    readonly call: "tick";
    readonly now: number;
    readonly answer: { readonly deadline: number; readonly actions: readonly Action[] };
  };

/** A conversation with an adaptor. */
export interface Transcript {
  /** What it shows. */
  readonly title: string;
  /** The role it is opened in. */
  readonly role: AdaptorRole;
  /** The configuration it is opened with. */
  readonly config: Uint8Array;
  /** What it answers to being opened. */
  readonly opening: readonly Action[];
  /** What follows. */
  readonly steps: readonly TranscriptStep[];
}

/** An adaptor under test. */
export interface ContractSubject {
  /** The loaded module. */
  readonly module: AdaptorModule;
  /** The bytes it was loaded from. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** At least one conversation for each of its roles. */
  readonly transcripts: readonly Transcript[];
}

/** One clause of the contract. */
export interface ContractCase {
  /** The clause, as a sentence without its subject. */
  readonly title: string;
  /** Throws an assertion error if the adaptor breaks the clause. */
  run(subject: ContractSubject): void;
}

/** The whole contract. */
export const contractCases: readonly ContractCase[] = [
  { title: "keeps the policy and is what it describes", run: keepsPolicy },
  { title: "answers STATE before it is opened, when opened twice and after its end", run: knowsItsState },
  { title: "answers UNSUPPORTED to an unknown role or side", run: refusesUnknown },
  { title: "answers LIMIT to input that its buffer can't hold", run: refusesLongInput },
  { title: "answers MALFORMED to a record that is cut short", run: refusesCutRecords },
  { title: "skips records of a kind it does not know", run: skipsUnknownKinds },
  { title: "answers garbage with a status or with records, never with a trap", run: survivesGarbage },
  { title: "says what its transcripts say", run: followsTranscripts },
  { title: "says the same to the same input", run: isDeterministic },
  { title: "keeps its instances apart", run: keepsInstancesApart },
  ...flowCases,
];

function keepsPolicy({ module, bytes, transcripts }: ContractSubject): void {
  checkSize(bytes, defaultLimits);
  checkPolicy(bytes, defaultLimits);
  const { name, version, roles } = describe(bare(bytes));
  assert.deepEqual([name, version], [module.name, module.version]);
  const shown = new Set(transcripts.map((transcript) => transcript.role));
  assert.deepEqual([...shown].sort(), [...roles].sort(), "there must be a transcript for each role");
}

function knowsItsState({ bytes, transcripts }: ContractSubject): void {
  for (const transcript of transcripts) {
    const abi = bare(bytes);
    assert.equal(abi.feed(Side.socket, 0, FeedFlag.none), Status.state, "feed before open");
    assert.equal(abi.tick(0), Status.state, "tick before open");
    assert.equal(openBare(abi, transcript), Status.ok);
    assert.equal(openBare(abi, transcript), Status.state, "open twice");
    abi.close();
    assert.equal(abi.feed(Side.socket, 0, FeedFlag.none), Status.state, "feed after close");
    assert.equal(abi.tick(0), Status.state, "tick after close");
    assert.equal(openBare(abi, transcript), Status.state, "open after close");
  }
}

function refusesUnknown({ bytes, transcripts }: ContractSubject): void {
  for (const role of [-1, 2, 255]) assert.equal(bare(bytes).open(role, 0), Status.unsupported, `role ${role}`);
  for (const transcript of transcripts) {
    for (const side of [-1, 2, 255]) {
      assert.equal(opened(bytes, transcript).feed(side, 0, FeedFlag.none), Status.unsupported, `side ${side}`);
    }
  }
}

function refusesLongInput({ bytes, transcripts }: ContractSubject): void {
  for (const transcript of transcripts) {
    const capacity = bare(bytes).in_cap();
    for (const length of [capacity + 1, 0x7fff_ffff, -1]) {
      assert.equal(bare(bytes).open(RoleNumber[transcript.role], length), Status.limit, `open with ${length} octets`);
      for (const side of [Side.socket, Side.stream]) {
        const status = opened(bytes, transcript).feed(side, length, FeedFlag.none);
        assert.equal(status, Status.limit, `feed of ${length} octets on side ${side}`);
      }
    }
  }
}

function refusesCutRecords({ bytes, transcripts }: ContractSubject): void {
  for (const { transcript, record } of recordsOf(transcripts)) {
    for (let length = 1; length < record.length; length++) {
      const abi = opened(bytes, transcript);
      assert.equal(feedBare(abi, Side.stream, record.subarray(0, length)), Status.malformed, `${length} octets`);
    }
  }
}

function skipsUnknownKinds({ bytes, transcripts }: ContractSubject): void {
  const record = encodeAction({ kind: "data", stream: 7, data: new Uint8Array(5) });
  for (const transcript of transcripts) {
    for (const kind of [0, 7, 12, 200, 255]) {
      const abi = opened(bytes, transcript);
      record[0] = kind;
      assert.equal(feedBare(abi, Side.stream, record), record.length, `kind ${kind}`);
      assert.equal(abi.drain(), 0);
    }
  }
}

function survivesGarbage({ bytes, transcripts }: ContractSubject): void {
  const random = randomNumbers(1);
  const seeds = recordsOf(transcripts).map(({ record }) => record);
  for (let round = 0; round < 400; round++) {
    const abi = opened(bytes, transcripts[round % transcripts.length]!);
    for (let call = 0; call < 8; call++) {
      feedBare(abi, random() & 1, garbage(random, seeds), random() & 3);
      const drained = abi.drain();
      const record = new RecordReader(outputOf(abi, Math.max(0, drained & ~3)));
      while (record.next());
      if ((random() & 7) === 0) abi.tick(random());
    }
    abi.close();
  }
}

function followsTranscripts({ module, transcripts }: ContractSubject): void {
  for (const transcript of transcripts) {
    const instance = module.instantiate();
    const said = open(instance, transcript);
    assert.deepEqual(said, transcript.opening, `${transcript.title}: opening`);
    transcript.steps.forEach((step, index) => {
      assert.deepEqual(take(instance, step), step.answer, `${transcript.title}: step ${index}`);
    });
    instance.close();
  }
}

function isDeterministic({ module, transcripts }: ContractSubject): void {
  for (const transcript of transcripts) assert.deepEqual(replay(module, transcript), replay(module, transcript));
}

function keepsInstancesApart({ module, transcripts }: ContractSubject): void {
  const conversations = transcripts.map((transcript) => ({
    transcript,
    alone: replay(module, transcript),
    instance: module.instantiate(),
    said: [] as unknown[],
  }));
  for (const { said, instance, transcript } of conversations) said.push(open(instance, transcript));
  const longest = Math.max(...transcripts.map((transcript) => transcript.steps.length));
  for (let index = 0; index < longest; index++) {
    for (const { said, instance, transcript } of conversations) {
      const step = transcript.steps[index];
      if (step) said.push(take(instance, step));
    }
  }
  for (const { said, alone, instance } of conversations) {
    instance.close();
    assert.deepEqual(said, alone);
  }
}

function replay(module: AdaptorModule, transcript: Transcript): unknown[] {
  const instance = module.instantiate();
  const said: unknown[] = [open(instance, transcript)];
  for (const step of transcript.steps) said.push(take(instance, step));
  instance.close();
  return said;
}

function open(instance: AdaptorInstance, { role, config }: Transcript): Action[] {
  return instance.open(role, config).map(kept);
}

function take(instance: AdaptorInstance, step: TranscriptStep): TranscriptStep["answer"] {
  switch (step.call) {
    case "socket": {
      const { consumed, actions } = instance.socket(step.data, step.eof);
      return { consumed, actions: actions.map(kept) };
    }
    case "spliced":
      return { actions: instance.spliced().map(kept) };
    case "stream":
      return { actions: instance.stream(step.event).map(kept) };
    case "tick": {
      const { deadline, actions } = instance.tick(step.now);
      return { deadline, actions: actions.map(kept) };
    }
  }
}

/** The action with octets of its own, to be looked at after the next call. */
function kept(action: Action): Action {
  return "data" in action ? { ...action, data: action.data.slice() } : action;
}

function bare(bytes: Uint8Array<ArrayBuffer>): AbiExports {
  return bareInstance(bytes).abi;
}

function opened(bytes: Uint8Array<ArrayBuffer>, transcript: Transcript): AbiExports {
  const abi = bare(bytes);
  assert.equal(openBare(abi, transcript), Status.ok);
  while ((abi.drain() & Status.more) !== 0);
  return abi;
}

function openBare(abi: AbiExports, { role, config }: Transcript): number {
  inputOf(abi).set(config);
  return abi.open(RoleNumber[role], config.length);
}

/** Every stream event that opens the steps of a transcript, as a record. */
function recordsOf(transcripts: readonly Transcript[]): { transcript: Transcript; record: Uint8Array }[] {
  return transcripts.flatMap((transcript) => {
    const step = transcript.steps.find((candidate) => candidate.call === "stream");
    if (step === undefined) return [];
    const target = new Uint8Array(defaultLimits.outputOctets);
    return [{ transcript, record: target.subarray(0, writeEvent(target, step.event)) }];
  });
}

/** Octets that are noise, or a record with noise in it. */
function garbage(random: () => number, seeds: readonly Uint8Array[]): Uint8Array {
  const seed = seeds[random() % Math.max(1, seeds.length)];
  if (seed === undefined || (random() & 3) === 0) {
    return Uint8Array.from({ length: random() % 200 }, () => random() & 255);
  }
  const octets = seed.slice();
  for (let flips = random() % 4; flips > 0; flips--) octets[random() % octets.length] = random() & 255;
  return octets;
}
