/**
 * One running copy of an adaptor: the host's end of ABI v1 (`docs/reference/adaptor-abi.md`).
 *
 * In: socket octets, stream events, time. Out: decoded actions, checked for form and order. Input is copied into the module's
 * buffer in pieces that fit; output is decoded where it lies, and copied only if the module runs again before the
 * caller sees it. Whatever the module does wrong becomes an {@link AdaptorError} and the end of this instance.
 */

import type { Action, AdaptorInstance, AdaptorRole, StreamEvent } from "./action.ts";
import { type AbiExports, FeedFlag, FURTHER_SHIFT, recordHeaderSize, RoleNumber, Side, Status } from "./abi.ts";
import { readActions } from "./action_codec.ts";
import { messageOf } from "../lib/errors.ts";
import { AdaptorError, type AdaptorErrorCode } from "./adaptor_error.ts";
import { writeEvent } from "./event_codec.ts";
import { FuelAccount } from "./fuel_account.ts";
import type { AdaptorLimits } from "./limits.ts";
import { PluginCounts } from "./plugin_counts.ts";
import { StreamOrder } from "./stream_order.ts";

/** What all instances of a module share, found out once when it was loaded. */
export interface InstanceLayout {
  /** The adaptor's name, for errors. */
  readonly name: string;
  /** Roles it can be opened in. */
  readonly roles: readonly AdaptorRole[];
  /** Address of the input buffer; verified to lie in memory, as are the three that follow. */
  readonly inPtr: number;
  /** Octets in the input buffer. */
  readonly inCap: number;
  /** Address of the output buffer. */
  readonly outPtr: number;
  /** Octets in the output buffer. */
  readonly outCap: number;
  /** Whether octets of streams that it is offered may pass it by. */
  readonly splices: boolean;
  /** Whether its splices may go on with further pieces. */
  readonly pieces: boolean;
}

/** Octets of a stream from which on the adaptor is told how many there are, and need not see more than the first. */
const SPLICE_OCTETS = 4096;
/** Octets that it sees first, where the last ones have passed it by: framing takes fewer. */
const FIRST_OCTETS = 64;

const unfinishedBits = 0b10;

/** An {@link AdaptorInstance} over WebAssembly. */
export class WasmAdaptorInstance implements AdaptorInstance {
  readonly #abi: AbiExports;
  readonly #layout: InstanceLayout;
  readonly #limits: AdaptorLimits;
  readonly #onFailed: (error: AdaptorError) => void;
  readonly #counts: PluginCounts;
  readonly #fuel: FuelAccount;
  /** What the input under way was given, and its octets. */
  #granted = 0;
  /** Octets that it may read, or has been given to read. */
  #octets = 0;
  #memory: Uint8Array;
  #order: StreamOrder | undefined;
  #failure: AdaptorError | undefined;
  #closed = false;
  #input: Uint8Array | undefined;
  /** What the output for the current input may still cost. */
  #octetsLeft = 0;
  #actionsLeft = 0;
  #roundsLeft = 0;
  /** The module stopped because its output buffer was full, at least once since it was fed last. */
  #saidMore = false;
  /** Octets of the socket have just passed by. */
  #passed = false;

  /**
   * Takes over a fresh instance's exports; `layout` must have been measured on the same module. `onFailed` hears once of
   * what ended the instance before its time; calls and errors of its own words go to `counts`, and `fuel` is what all
   * instances of the module share.
   */
  constructor(
    abi: AbiExports,
    layout: InstanceLayout,
    limits: AdaptorLimits,
    onFailed: (error: AdaptorError) => void = () => {},
    counts: PluginCounts = new PluginCounts(),
    fuel: FuelAccount = new FuelAccount(limits.fuel, () => 0),
  ) {
    this.#counts = counts;
    this.#onFailed = onFailed;
    this.#fuel = fuel;
    this.#abi = abi;
    this.#layout = layout;
    this.#limits = limits;
    this.#memory = new Uint8Array(abi.memory.buffer);
  }

  /** Starts the connection. Throws ADAPTOR_ROLE for a role the adaptor has not. Any throw, here and below, is final. */
  open(role: AdaptorRole, config: Uint8Array): Action[] {
    this.#enter(false);
    try {
      const { roles, inPtr, inCap, name } = this.#layout;
      if (!roles.includes(role)) throw new AdaptorError("ADAPTOR_ROLE", `adaptor ${name} can't be a ${role}`);
      if (config.length > inCap) {
        throw new AdaptorError("ADAPTOR_EVENT", `adaptor ${name} takes no configuration of ${config.length} octets`);
      }
      this.#order = new StreamOrder(role, this.#limits.openStreams);
      const actions: Action[] = [];
      this.#view().set(config, inPtr);
      this.#refill(config.length);
      this.#checkStatus(this.#call(() => this.#abi.open(RoleNumber[role], config.length)), "open");
      this.#drain(actions, false);
      return actions;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  /** Offers socket octets; see {@link AdaptorInstance.socket}. */
  socket(data: Uint8Array, eof: boolean, spliced = 0): { readonly consumed: number; readonly actions: Action[] } {
    this.#enter(true);
    try {
      const actions: Action[] = [];
      const { inCap } = this.#layout;
      let consumed = 0;
      let first = passedFlags(spliced);
      this.#passed ||= spliced > 0;
      while (consumed < data.length || eof) {
        const size = this.#passed ? FIRST_OCTETS : inCap;
        this.#passed = false;
        const piece = consumed === 0 && data.length <= size ? data : data.subarray(consumed, consumed + size);
        const last = consumed + piece.length === data.length;
        const from = actions.length;
        const fed = this.#feedSocket(piece, last && eof ? first | FeedFlag.eof : first, actions, last);
        first = FeedFlag.none;
        consumed += fed;
        if (last || fed < piece.length || stopsReading(actions, from)) break;
      }
      return { consumed, actions };
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  /** Says that a splice is through; see {@link AdaptorInstance.spliced}. */
  spliced(pieces = 1): Action[] {
    this.#enter(true);
    try {
      const actions: Action[] = [];
      this.#refill(0);
      this.#feed(Side.socket, 0, passedFlags(pieces), actions, false);
      this.#passed = true;
      return actions;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  /** Tells of a stream; see {@link AdaptorInstance.stream}. Throws ADAPTOR_EVENT for an event that can't be encoded. */
  stream(event: StreamEvent): Action[] {
    this.#enter(true);
    try {
      const actions: Action[] = [];
      this.#order?.event(event);
      if (event.kind === "data") this.#feedData(event.stream, event.data, actions);
      else this.#feedEvent(event, actions, false);
      return actions;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  /** Offers octets of a stream; see {@link AdaptorInstance.offer}. */
  offer(stream: number, data: Uint8Array): { readonly consumed: number; readonly actions: Action[] } {
    this.#enter(true);
    try {
      const capacity = (this.#layout.inCap & ~3) - recordHeaderSize;
      const actions: Action[] = [];
      let consumed = 0;
      let more = true;
      let passed = SPLICE_OCTETS;
      // One round a piece: what is left over for want of room gets a budget of its own.
      while (consumed < data.length && more && !this.#order?.closed) {
        const input = this.#inputBuffer();
        const waiting = data.length - consumed;
        const splices = this.#layout.splices && waiting >= SPLICE_OCTETS;
        const at = splices ? writeEvent(input, { kind: "window", stream, octets: waiting }) : 0;
        const size = splices && passed >= SPLICE_OCTETS ? FIRST_OCTETS : capacity - at;
        const piece = data.subarray(consumed, consumed + size);
        const length = at + writeEvent(at === 0 ? input : input.subarray(at), { kind: "data", stream, data: piece });
        this.#refill(length);
        const from = actions.length;
        const fed = this.#feed(Side.stream, length, FeedFlag.none, actions, true);
        const taken = Math.min(fed - at - recordHeaderSize, piece.length);
        if (taken < 0) throw this.#fault("ADAPTOR_CONSUMED", `it took ${fed} octets of a record`);
        consumed += taken;
        passed = this.#pass(stream, data.subarray(consumed), actions, from);
        more = passed > 0 || taken === piece.length || (this.#saidMore && taken > 0);
        consumed += passed;
      }
      return { consumed, actions };
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  /** Lets time pass; see {@link AdaptorInstance.tick}. */
  tick(now: number): { readonly deadline: number; readonly actions: Action[] } {
    this.#enter(true);
    try {
      const actions: Action[] = [];
      this.#refill(0);
      const deadline = this.#call(() => this.#abi.tick(now));
      if (deadline < 0) this.#checkStatus(deadline, "tick");
      if (!Number.isFinite(deadline)) throw this.#fault("ADAPTOR_STATUS", `tick answered ${deadline}`);
      this.#drain(actions, false);
      return { deadline: deadline + 0, actions };
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  /** Ends the instance; harmless on one that failed or was never opened. What the module does now wrong matters to nobody here. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#failure) return;
    this.#refill(0);
    try {
      this.#call(() => this.#abi.close());
    } catch (error) {
      if (error instanceof AdaptorError) this.#onFailed(error);
    } finally {
      this.#settle();
    }
  }

  /** Feeds one piece until the adaptor wants no more of it. Returns the octets consumed. */
  #feedSocket(piece: Uint8Array, flags: number, actions: Action[], last: boolean): number {
    this.#refill(piece.length);
    const from = actions.length;
    let consumed = 0;
    while (true) {
      const rest = consumed === 0 ? piece : piece.subarray(consumed);
      this.#view().set(rest, this.#layout.inPtr);
      const fed = this.#feed(Side.socket, rest.length, flags, actions, !last);
      consumed += fed;
      flags &= FeedFlag.eof;
      if (!this.#saidMore || fed === rest.length || stopsReading(actions, from)) return consumed;
    }
  }

  /** Data too long for the input buffer go in pieces; a splice answered to one takes the octets that were to follow. */
  #feedData(stream: number, data: Uint8Array, actions: Action[]): void {
    const capacity = (this.#layout.inCap & ~3) - recordHeaderSize;
    let at = 0;
    do {
      const end = Math.min(at + capacity, data.length);
      const from = actions.length;
      this.#feedEvent({ kind: "data", stream, data: data.subarray(at, end) }, actions, end < data.length);
      at = this.#bypass(stream, data, end, actions, from);
    } while (at < data.length && !this.#order?.closed);
  }

  /** Carries out a splice of `stream` found in `actions` on the octets of `data` from `at`. Returns where feeding goes on. */
  #bypass(stream: number, data: Uint8Array, at: number, actions: Action[], from: number): number {
    for (let i = from; i < actions.length && at < data.length; i++) {
      const action = actions[i]!;
      if (action.kind !== "splice" || action.side !== "stream-to-socket" || action.stream !== stream) continue;
      const taken = Math.min(action.length, data.length - at);
      const bytes: Action = { kind: "bytes", data: data.subarray(at, at + taken) };
      at += taken;
      if (taken === action.length) actions[i] = bytes;
      else actions.splice(i++, 1, bytes, { ...action, length: action.length - taken });
    }
    return at;
  }

  /** Carries out the splices to the socket in `actions` on octets of `stream` that were offered; how many that were. */
  #pass(stream: number, data: Uint8Array, actions: Action[], from: number): number {
    let at = 0;
    for (let i = from; i < actions.length; i++) {
      const action = actions[i]!;
      if (action.kind !== "splice" || action.side !== "stream-to-socket") continue;
      if (action.stream !== stream || action.length > data.length - at || !this.#layout.splices) {
        throw this.#fault("ADAPTOR_ORDER", `it splices octets of stream ${action.stream} that do not wait`);
      }
      actions[i] = { kind: "bytes", data: data.subarray(at, at += action.length) };
    }
    return at;
  }

  /** Feeds one record. The module takes it whole, or none of it because its output buffer was full: then once more. */
  #feedEvent(event: StreamEvent, actions: Action[], keep: boolean): void {
    let length = writeEvent(this.#inputBuffer(), event);
    this.#refill(length);
    while (true) {
      const fed = this.#feed(Side.stream, length, FeedFlag.none, actions, keep);
      if (fed === length) return;
      if (fed !== 0 || !this.#saidMore || this.#order?.closed) {
        throw this.#fault("ADAPTOR_CONSUMED", `it left a stream event after ${fed} of ${length} octets`);
      }
      length = writeEvent(this.#inputBuffer(), event);
    }
  }

  /** Feeds what is in the input buffer. Returns the octets consumed; {@link #saidMore} says whether there was room for all. */
  #feed(side: number, length: number, flags: number, actions: Action[], keep: boolean): number {
    let consumed: number;
    try {
      consumed = this.#abi.feed(side, length, flags);
    } catch (cause) {
      throw this.#trapped(cause);
    }
    if (consumed < 0) this.#checkStatus(consumed, "feed");
    if (consumed > length) {
      throw this.#fault("ADAPTOR_CONSUMED", `it claims ${consumed} octets of the ${length} it was offered`);
    }
    this.#drain(actions, keep || consumed < length);
    return consumed;
  }

  /** Takes all output. `keep`: the module may run again before the caller sees the actions. */
  #drain(actions: Action[], keep: boolean): void {
    this.#saidMore = false;
    while (true) {
      if (this.#roundsLeft-- === 0) {
        throw this.#fault("ADAPTOR_RUNAWAY", `it still has output after ${this.#limits.drainRounds} rounds`);
      }
      let result: number;
      try {
        result = this.#abi.drain();
      } catch (cause) {
        throw this.#trapped(cause);
      }
      if (result < 0) this.#checkStatus(result, "drain");
      if ((result & unfinishedBits) !== 0) throw this.#fault("ADAPTOR_RECORD", `drain answered ${result}`);
      const more = (result & Status.more) !== 0;
      this.#take(result & ~3, actions, keep || more);
      if (!more) return;
      this.#saidMore = true;
    }
  }

  #take(length: number, actions: Action[], keep: boolean): void {
    const { outPtr, outCap } = this.#layout;
    if (length > outCap) {
      throw this.#fault("ADAPTOR_RECORD", `it claims ${length} octets of output in a buffer of ${outCap}`);
    }
    if (length === 0) return;
    this.#octetsLeft -= length;
    if (this.#octetsLeft < 0) {
      throw this.#fault("ADAPTOR_OUTPUT", "its output for one input is over the limit of octets");
    }
    const memory = this.#view();
    const from = actions.length;
    readActions(memory.subarray(outPtr, outPtr + length), actions, keep);
    this.#actionsLeft -= actions.length - from;
    if (this.#actionsLeft < 0) {
      throw this.#fault("ADAPTOR_OUTPUT", "its output for one input is over the limit of actions");
    }
    const order = this.#order;
    for (let i = from; i < actions.length; i++) {
      const action = actions[i]!;
      order?.action(action);
      if (action.kind === "error") this.#counts.errors++;
      if (action.kind === "splice" && action.further !== undefined && !this.#layout.pieces) {
        throw this.#fault("ADAPTOR_RECORD", "it splices several pieces without the marker of v1.3");
      }
    }
  }

  /** What the next input, of so many octets, may cost from now on; the fuel for it goes to the module. */
  #refill(octets: number): void {
    const { outputOctets, outputActions, drainRounds } = this.#limits;
    this.#octetsLeft = outputOctets;
    this.#actionsLeft = outputActions;
    this.#roundsLeft = drainRounds;
    this.#settle();
    this.#octets += octets;
    this.#granted = this.#fuel.grant(this.#octets);
    this.#abi.tendril_fuel(this.#granted);
  }

  /** Charges what the last input has cost. */
  #settle(): void {
    const granted = this.#granted;
    this.#granted = 0;
    if (granted > 0) this.#octets = this.#fuel.spent(granted - this.#abi.tendril_fuel(0), this.#octets);
  }

  /** The module's memory; growing it (even by nothing) detaches earlier views. */
  #view(): Uint8Array {
    if (this.#memory.length === 0) {
      this.#memory = new Uint8Array(this.#abi.memory.buffer);
      this.#input = undefined;
    }
    return this.#memory;
  }

  /** The module's input buffer. */
  #inputBuffer(): Uint8Array {
    const { inPtr, inCap } = this.#layout;
    const memory = this.#view();
    return this.#input ??= memory.subarray(inPtr, inPtr + inCap);
  }

  /** Runs module code that is run rarely; where it is run often, the same is written out. */
  #call<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (cause) {
      throw this.#trapped(cause);
    }
  }

  /** Whatever module code throws (unreachable, out of bounds, stack overflow) is a trap. */
  #trapped(cause: unknown): AdaptorError {
    if (this.#abi.tendril_fuel(0) < 0) {
      const often = this.#granted < this.#limits.fuel ? ", again and again" : "";
      return this.#fault("ADAPTOR_FUEL", `it ran for too long${often}`, cause);
    }
    return this.#fault("ADAPTOR_TRAP", `it trapped: ${messageOf(cause)}`, cause);
  }

  /** A call of the host's interface begins, for which the instance must be in the right state. */
  #enter(opened: boolean): void {
    if (this.#closed) throw this.#fault("ADAPTOR_CLOSED", "it was used after its end");
    if (this.#failure) throw this.#fault("ADAPTOR_POISONED", "it failed before and can't go on", this.#failure);
    if (this.#order?.closed) throw this.#fault("ADAPTOR_CLOSED", "it was used after it had asked to close");
    if ((this.#order !== undefined) !== opened) {
      throw this.#fault("ADAPTOR_STATE", opened ? "it was used before it was opened" : "it was opened twice");
    }
    this.#counts.calls++;
  }

  /** Such a call has failed, which ends the instance; the result is to be thrown. */
  #failed(error: unknown): unknown {
    if (error instanceof AdaptorError) {
      this.#failure = error;
      this.#onFailed(error);
    }
    return error;
  }

  #checkStatus(status: number, call: string): void {
    if (status >= 0) return;
    const [code, text] = statusErrors[status] ?? ["ADAPTOR_STATUS", `with the unknown status ${status}`];
    throw this.#fault(code, `${call} failed ${text}`);
  }

  #fault(code: AdaptorErrorCode, what: string, cause?: unknown): AdaptorError {
    return new AdaptorError(code, `adaptor ${this.#layout.name}: ${what}`, { cause });
  }
}

/** How `feed` is told that so many pieces of a splice have passed. */
function passedFlags(pieces: number): number {
  return pieces === 0 ? FeedFlag.none : FeedFlag.spliced | (pieces - 1) << FURTHER_SHIFT;
}

/** Whether the octets that follow are not the adaptor's to see (a splice takes them) or to want (it closes). */
function stopsReading(actions: readonly Action[], from: number): boolean {
  for (let i = from; i < actions.length; i++) {
    const action = actions[i]!;
    if (action.kind === "close" || (action.kind === "splice" && action.side === "socket-to-stream")) return true;
  }
  return false;
}

const statusErrors: Readonly<Record<number, readonly [AdaptorErrorCode, string] | undefined>> = {
  [Status.malformed]: ["ADAPTOR_MALFORMED", "because its input is malformed"],
  [Status.limit]: ["ADAPTOR_LIMIT", "because its input is over one of its limits"],
  [Status.unsupported]: ["ADAPTOR_UNSUPPORTED", "because it does not support that"],
  [Status.state]: ["ADAPTOR_STATE", "because that can't happen in its state"],
};
