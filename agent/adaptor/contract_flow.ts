/**
 * The clauses of the contract that are about the flow of octets: how they are cut, where they end, what they cost. The inputs
 * are those of the transcripts, in other portions and with other ends than were recorded.
 */

import assert from "node:assert/strict";
import type { Action, AdaptorInstance, MessageHead, StreamEvent } from "./action.ts";
import { FeedFlag, RoleNumber, Side, Status } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import type { ContractCase, ContractSubject, Transcript, TranscriptStep } from "./contract.ts";
import { bareInstance, feedBare, inputOf, randomNumbers } from "./contract_bare.ts";
import { writeEvent } from "./event_codec.ts";
import { FREE_FUEL, FREE_FUEL_PER_OCTET } from "./fuel_account.ts";

/** Octets that a client sends who never waits for an answer. */
const FLOOD_OCTETS = 512 * 1024;
/** Places in a conversation at which it is broken off. */
const BREAKS = 8;
/** What a peer did wrong, and no fault of the adaptor. */
const PEERS_FAULTS = ["ADAPTOR_MALFORMED", "ADAPTOR_LIMIT", "ADAPTOR_UNSUPPORTED"];
const REASONS = ["lost", "released", "failed", "rejected"] as const;
const NO_OCTETS = new Uint8Array(0);

/** See the head of the file. */
export const flowCases: readonly ContractCase[] = [
  { title: "says the same however its input is cut", run: mindsNoCuts },
  { title: "copes with an end of the socket, and of each stream, anywhere", run: copesWithEnds },
  { title: "copes with a client that sends on and on and takes nothing", run: copesWithFloods },
  { title: "says nothing more once it has asked to close", run: keepsSilence },
  { title: "takes a bounded number of instructions for an octet", run: isFrugal },
];

/** What was said over a whole conversation, whatever the portions. */
interface Said {
  /** Octets for the socket, as characters. */
  socket: string;
  /** By stream: heads and ends in order, octets joined. */
  readonly streams: Map<number, (string | MessageHead)[]>;
  /** Everything else, deadlines included. */
  readonly others: (Action | number)[];
}

/** A conversation as it is led anew. */
class Retelling {
  readonly said: Said = { socket: "", streams: new Map(), others: [] };
  /** Streams that are written by the adaptor, or by its peer, and have not ended; of a listener's the unanswered ones too. */
  readonly open = new Set<number>();
  /** The adaptor has asked to close. */
  closed = false;
  readonly #instance: AdaptorInstance;
  readonly #isListener: boolean;

  constructor({ module }: ContractSubject, { role, config }: Transcript) {
    this.#instance = module.instantiate();
    this.#isListener = role === "listener";
    this.#take(this.#instance.open(role, config));
  }

  /** Offers octets of the socket; how many were taken. */
  socket(data: Uint8Array, eof: boolean): number {
    const { consumed, actions } = this.#instance.socket(data, eof);
    this.#take(actions);
    return consumed;
  }

  /** Tells of a stream. */
  stream(event: StreamEvent): void {
    if (event.kind === "begin") this.open.add(event.stream);
    if (event.kind === "end" || event.kind === "abort") {
      this.open.delete(event.stream);
      if (this.#isListener && event.stream % 2 === 0) this.open.delete(event.stream - 1);
    }
    this.#take(this.#instance.stream(event));
  }

  /** One step as it was recorded, but in portions whose lengths `next` tells; false when it can't be told any further. */
  step(step: TranscriptStep, next: () => number): boolean {
    if (this.closed) return false;
    switch (step.call) {
      case "spliced":
        this.#take(this.#instance.spliced());
        return true;
      case "tick": {
        const { deadline, actions } = this.#instance.tick(step.now);
        this.said.others.push(deadline);
        this.#take(actions);
        return true;
      }
      case "stream":
        if (step.event.kind !== "data") this.stream(step.event);
        else {
          const { stream } = step.event;
          for (const data of portions(step.event.data, next)) {
            if (!this.closed) this.stream({ kind: "data", stream, data });
          }
        }
        return true;
      case "socket":
        this.#portionedSocket(step, next);
        return true;
    }
  }

  /** Ends it. */
  close(): Said {
    this.#instance.close();
    return this.said;
  }

  #portionedSocket({ data, eof, answer }: Extract<TranscriptStep, { call: "socket" }>, next: () => number): void {
    const whole = answer.consumed === data.length;
    let consumed = 0;
    const pieces = portions(data.subarray(0, answer.consumed), next);
    for (const [index, piece] of pieces.entries()) {
      if (this.closed) return;
      consumed += this.socket(piece, eof && whole && index === pieces.length - 1);
      assert.equal(
        consumed,
        pieces.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0),
        "octets it takes",
      );
    }
    if (this.closed || (whole && pieces.length > 0)) return;
    assert.equal(this.socket(data.subarray(consumed), eof), 0, "octets it takes then");
  }

  #take(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "bytes":
          this.said.socket += textOf(action.data);
          break;
        case "begin":
          if (!action.interim) this.open.add(action.stream);
          this.#add(action.stream, action.interim ? "interim" : "begin", action.head);
          break;
        case "data":
          this.#add(action.stream, textOf(action.data));
          break;
        case "end":
          if (!this.#isListener) this.open.delete(action.stream);
          this.#add(action.stream, "", "end");
          break;
        case "abort":
          this.open.delete(action.stream);
          this.#add(action.stream, "", action.untouched ? "abort untouched" : "abort");
          break;
        case "resume":
        case "concurrency":
          break;
        default:
          if (action.kind === "close") this.closed = true;
          this.said.others.push(action);
      }
    }
  }

  /** The first of `parts`, if it is octets behind octets, is joined with them. */
  #add(stream: number, ...parts: (string | MessageHead)[]): void {
    const said = this.said.streams.get(stream) ?? [];
    this.said.streams.set(stream, said);
    const [first, ...rest] = parts;
    if (rest.length > 0) return void said.push(...parts);
    if (typeof said.at(-1) === "string" && said.at(-1)!.toString().startsWith("octets ")) {
      said[said.length - 1] += `${first}`;
    } else said.push(`octets ${first}`);
  }
}

function mindsNoCuts(subject: ContractSubject): void {
  for (const transcript of subject.transcripts.filter(isWhole)) {
    const random = randomNumbers(1);
    const told = tell(subject, transcript, () => Infinity);
    const ways = [() => 1, () => 1 + random() % 7, () => 1 + random() % 100];
    for (const way of ways) {
      const again = tell(subject, transcript, way);
      // Of what a peer breaks off by a fault more may have been passed on when the fault came later.
      if (told.others.some(isError)) assert.deepEqual(again.others, told.others, transcript.title);
      else assert.deepEqual(again, told, transcript.title);
    }
  }
}

function tell(subject: ContractSubject, transcript: Transcript, next: () => number): Said {
  const retelling = new Retelling(subject, transcript);
  for (const step of transcript.steps) if (!retelling.step(step, next)) break;
  return retelling.close();
}

function copesWithEnds(subject: ContractSubject): void {
  for (const transcript of subject.transcripts.filter(isWhole)) {
    const { steps } = transcript;
    const stride = Math.max(1, Math.floor(steps.length / BREAKS));
    for (let length = 0; length <= steps.length; length += stride) {
      const begun = (): Retelling => {
        const retelling = new Retelling(subject, transcript);
        for (const step of steps.slice(0, length)) if (!retelling.step(step, () => Infinity)) break;
        return retelling;
      };
      const known = begun();
      known.close();
      // What is spliced for good is no business of the adaptor any more.
      if (known.closed || known.said.others.some(isSplice)) break;
      const where = `${transcript.title}: before step ${length}`;
      unlessPeersFault(where, () => endSocket(begun(), steps[length]));
      for (const stream of known.open) {
        for (const reason of REASONS) {
          unlessPeersFault(`${where}, stream ${stream} is ${reason}`, () => {
            begun().stream({ kind: "abort", stream, reason });
          });
        }
      }
    }
  }
}

/** Ends the socket in the middle of what would have come next. */
function endSocket(retelling: Retelling, step: TranscriptStep | undefined): void {
  const next = step?.call === "socket" ? step.data.subarray(0, step.data.length >> 1) : NO_OCTETS;
  retelling.socket(next, true);
}

function copesWithFloods(subject: ContractSubject): void {
  for (const transcript of subject.transcripts) {
    const step = transcript.steps.find((candidate) => candidate.call === "socket");
    if (step?.call !== "socket" || step.data.length === 0) continue;
    const retelling = new Retelling(subject, transcript);
    unlessPeersFault(transcript.title, () => {
      let rest = repeated(step.data, FLOOD_OCTETS);
      while (rest.length > 0 && !retelling.closed && !retelling.said.others.some(isSplice)) {
        const piece = rest.subarray(0, 16_384);
        const consumed = retelling.socket(piece, false);
        rest = rest.subarray(consumed);
        if (consumed < piece.length) break; // It wants no more: the host stops reading.
      }
    });
  }
}

function keepsSilence({ bytes, transcripts }: ContractSubject): void {
  const hello = new TextEncoder().encode("hello\r\n");
  for (const transcript of transcripts.filter(isWhole)) {
    const closes = transcript.steps.some(({ answer }) => answer.actions.some(({ kind }) => kind === "close"));
    if (!closes) continue;
    const { abi } = bareInstance(bytes);
    inputOf(abi).set(transcript.config);
    abi.open(RoleNumber[transcript.role], transcript.config.length);
    const drain = () => {
      let octets = 0;
      for (let left = 1; (left & Status.more) !== 0; octets += Math.max(0, left & ~3)) left = abi.drain();
      return octets;
    };
    drain();
    for (const step of transcript.steps) {
      if (step.call === "tick") abi.tick(step.now);
      else if (step.call === "stream") feedEvent(abi, step.event);
      else feedBare(abi, Side.socket, step.call === "socket" ? step.data : NO_OCTETS, flagsOf(step));
      drain();
      if (step.answer.actions.some(({ kind }) => kind === "close")) break;
    }
    feedBare(abi, Side.socket, hello);
    feedBare(abi, Side.socket, NO_OCTETS, FeedFlag.eof);
    for (const stream of [1, 2]) feedEvent(abi, { kind: "abort", stream });
    abi.tick(1_000_000);
    assert.equal(drain(), 0, transcript.title);
  }
}

function isFrugal({ bytes, transcripts }: ContractSubject): void {
  const random = randomNumbers(7);
  for (const transcript of transcripts) {
    const inputs = transcript.steps.flatMap((step) =>
      step.call === "socket" && step.data.length > 0 ? [step.data] : []
    );
    const noise = Uint8Array.from({ length: 4096 }, () => random() & 255);
    for (const input of [...inputs, ...inputs.slice(0, 1).map((data) => repeated(data, 16_384)), noise]) {
      const { abi, spent } = bareInstance(bytes);
      inputOf(abi).set(transcript.config);
      abi.open(RoleNumber[transcript.role], transcript.config.length);
      while ((abi.drain() & Status.more) !== 0);
      for (const size of [input.length, 1]) {
        const octets = input.subarray(0, Math.min(size, abi.in_cap()));
        spent();
        feedBare(abi, Side.socket, octets);
        const fuel = spent();
        const most = FREE_FUEL + FREE_FUEL_PER_OCTET * octets.length;
        assert.ok(fuel <= most, `${transcript.title}: ${fuel} instructions for ${octets.length} octets`);
        while ((abi.drain() & Status.more) !== 0);
      }
    }
  }
}

function feedEvent(abi: Parameters<typeof feedBare>[0], event: StreamEvent): void {
  const record = new Uint8Array(abi.in_cap());
  feedBare(abi, Side.stream, record.subarray(0, writeEvent(record, event)));
}

function flagsOf(step: TranscriptStep): number {
  if (step.call === "spliced") return FeedFlag.spliced;
  return step.call === "socket" && step.eof ? FeedFlag.eof : FeedFlag.none;
}

/** Whether all that the adaptor had to deal with is in the transcript: what a finite splice has taken is not. */
function isWhole({ steps }: Transcript): boolean {
  return !steps.some((step) =>
    step.call === "spliced" ||
    step.answer.actions.some((action) => action.kind === "splice" && action.length !== Infinity)
  );
}

function isSplice(said: Action | number): boolean {
  return typeof said === "object" && said.kind === "splice";
}

function isError(said: Action | number): boolean {
  return typeof said === "object" && said.kind === "error";
}

/** What peers do wrong may end the connection. */
function unlessPeersFault(where: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof AdaptorError)) throw error;
    assert.ok(PEERS_FAULTS.includes(error.code), `${where}: ${error.message}`);
  }
}

function portions(data: Uint8Array, next: () => number): Uint8Array[] {
  if (data.length === 0) return [];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length;) pieces.push(data.subarray(at, at += Math.min(next(), data.length - at)));
  return pieces;
}

function repeated(data: Uint8Array, octets: number): Uint8Array {
  const target = new Uint8Array(octets);
  for (let at = 0; at < octets; at += data.length) target.set(data.subarray(0, octets - at), at);
  return target;
}

function textOf(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}
