/**
 * An instance of a version on trial that is replaced, in the middle of its connection, by one of the proven version when it
 * fails. Adaptors are pure: the proven one is told all that was said so far, and takes over if it answers the same. Neither
 * client nor network notices. A connection that has gone on for long, or in which the versions differ, can't be saved.
 */

import { type Action, type AdaptorInstance, type AdaptorRole, isHeadSource, type StreamEvent } from "./action.ts";
import { SharedErrorCode } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";

/** Octets of input that are kept of a connection. */
export const MAX_KEPT_OCTETS = 64 * 1024;
/** Inputs that are kept of a connection. */
const MAX_KEPT = 256;
/** What a peer did wrong, whatever the version; a head that is too large for its input among them. */
const PEERS_FAULTS = ["ADAPTOR_EVENT", "ADAPTOR_MALFORMED", "ADAPTOR_LIMIT", "ADAPTOR_UNSUPPORTED"];

/** What an instance answers to any input. */
interface Answer {
  readonly actions: Action[];
  /** `consumed` or `deadline`, where there is one. */
  readonly number?: number;
}

type Input = (instance: AdaptorInstance) => Answer;

/** See the head of the file. */
export class RescuedInstance implements AdaptorInstance {
  readonly #makeProven: () => AdaptorInstance;
  readonly #onOver: (failed: boolean) => void;
  #instance: AdaptorInstance;
  /** Inputs so far, each with its answer as text; undefined when they are too many, or the trial of this connection is over. */
  #kept: { readonly input: Input; readonly said: string }[] | undefined = [];
  #octets = 0;
  #told = false;

  /** `onOver` hears once whether `instance`, the one on trial, failed. */
  constructor(instance: AdaptorInstance, makeProven: () => AdaptorInstance, onOver: (failed: boolean) => void) {
    this.#instance = instance;
    this.#makeProven = makeProven;
    this.#onOver = onOver;
  }

  /** See {@link AdaptorInstance}. */
  open(role: AdaptorRole, config: Uint8Array): Action[] {
    const kept = config.slice();
    return this.#ask(config.length, () => (instance) => ({ actions: instance.open(role, kept) })).actions;
  }

  /** See {@link AdaptorInstance}. */
  socket(data: Uint8Array, eof: boolean, spliced?: number): { readonly consumed: number; readonly actions: Action[] } {
    const { actions, number = 0 } = this.#ask(data.length, (keep) => {
      const octets = keep ? data.slice() : data;
      return (instance) => {
        const { consumed, actions } = instance.socket(octets, eof, spliced);
        return { actions, number: consumed };
      };
    });
    return { consumed: number, actions };
  }

  /** See {@link AdaptorInstance}. */
  spliced(pieces?: number): Action[] {
    return this.#ask(0, () => (instance) => ({ actions: instance.spliced(pieces) })).actions;
  }

  /** See {@link AdaptorInstance}. */
  stream(event: StreamEvent): Action[] {
    return this.#ask(event.kind === "data" ? event.data.length : 0, (keep) => {
      const told = keep ? keptEvent(event) : event;
      return (instance) => ({ actions: instance.stream(told) });
    }).actions;
  }

  /** See {@link AdaptorInstance}. */
  offer(stream: number, data: Uint8Array): { readonly consumed: number; readonly actions: Action[] } {
    const { actions, number = 0 } = this.#ask(data.length, (keep) => {
      const octets = keep ? data.slice() : data;
      return (instance) => {
        const { consumed, actions } = instance.offer(stream, octets);
        return { actions, number: consumed };
      };
    });
    return { consumed: number, actions };
  }

  /** See {@link AdaptorInstance}. */
  tick(now: number): { readonly deadline: number; readonly actions: Action[] } {
    const { actions, number = 0 } = this.#ask(0, () => (instance) => {
      const { deadline, actions } = instance.tick(now);
      return { actions, number: deadline };
    });
    return { deadline: number, actions };
  }

  /** See {@link AdaptorInstance}. */
  close(): void {
    this.#kept = undefined;
    this.#instance.close();
    this.#tell(false);
  }

  /** `make` makes the input; it is kept for later if its argument says so, and must own its octets then. */
  #ask(octets: number, make: (keep: boolean) => Input): Answer {
    this.#octets += octets;
    if (this.#octets > MAX_KEPT_OCTETS || (this.#kept?.length ?? 0) >= MAX_KEPT) this.#kept = undefined;
    const kept = this.#kept;
    const input = make(kept !== undefined);
    let answer: Answer;
    try {
      answer = input(this.#instance);
    } catch (error) {
      if (this.#told || !(error instanceof AdaptorError) || PEERS_FAULTS.includes(error.code)) throw error;
      this.#tell(true);
      return this.#rescue(input, error);
    }
    if (!this.#told && answer.actions.some(isOwnError)) this.#tell(true);
    kept?.push({ input, said: textOf(answer) });
    return answer;
  }

  #rescue(input: Input, error: AdaptorError): Answer {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) throw error;
    const proven = this.#makeProven();
    try {
      for (const before of kept) if (textOf(before.input(proven)) !== before.said) throw error;
    } catch {
      proven.close();
      throw error;
    }
    this.#instance.close();
    this.#instance = proven;
    return input(proven);
  }

  #tell(failed: boolean): void {
    if (this.#told) return;
    this.#told = true;
    this.#onOver(failed);
  }
}

/** The same with octets of its own. */
function keptEvent(event: StreamEvent): StreamEvent {
  if (event.kind === "data") return { ...event, data: event.data.slice() };
  return event.kind === "begin" && isHeadSource(event.head) ? { ...event, head: event.head.toJSON() } : event;
}

/** Whether the adaptor ends the connection for a reason of its own, not for what a peer has sent. */
function isOwnError(action: Action): boolean {
  return action.kind === "error" && action.code > SharedErrorCode.malformed;
}

/** An answer as text: equal for equal answers. */
function textOf({ actions, number }: Answer): string {
  const plain = actions.map((action) =>
    "data" in action
      ? { ...action, data: action.data.toBase64() }
      : action.kind === "splice"
      ? { ...action, length: `${action.length}` }
      : action
  );
  return JSON.stringify([number, plain]);
}
