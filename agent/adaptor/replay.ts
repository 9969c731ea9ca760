/**
 * Answers for the first inputs of a connection, remembered from earlier connections.
 *
 * An adaptor has no clock, no randomness and no I/O: the same inputs give the same answers. So the beginning that most
 * connections share is computed by the module once and replayed afterwards; a module instance is made only for a
 * connection that goes on differently, and is then brought to the same state by giving it the same inputs. For an
 * adaptor that splices at once, such as TCP, a connection costs no instance at all. Nothing of one connection can reach
 * another: what is remembered is a function of the input, and inputs are compared whole.
 */

import { type Action, type AdaptorInstance, type AdaptorRole, isHeadSource, type StreamEvent } from "./action.ts";
import { AdaptorError } from "./adaptor_error.ts";

/** Answers remembered per module. */
export const MAX_REMEMBERED = 256;
/** Longest input that is remembered, in characters of its key. */
const MAX_KEY = 1024;

/** Everything that is remembered of a module: a tree of inputs, each with its answer. */
export class Transcripts {
  /** Before any input. */
  readonly root: Transcript = { actions: [], next: new Map() };
  #left = MAX_REMEMBERED;

  /** Remembers `actions` as the answer to `key` after `at`; undefined when there is no room or they hold octets. */
  remember(at: Transcript, key: string, actions: Action[]): Transcript | undefined {
    // Octets are views of the instance's memory, and rarely the same twice.
    if (this.#left === 0 || actions.some((action) => "data" in action)) return undefined;
    this.#left--;
    // Many connections get this very array: none may change it for the others.
    deepFreeze(actions);
    const transcript = { actions, next: new Map() };
    at.next.set(key, transcript);
    return transcript;
  }
}

/** One answer, and what may come after it. */
export interface Transcript {
  /** The answer. */
  readonly actions: Action[];
  /** Inputs that may follow, each with its answer. */
  readonly next: Map<string, Transcript>;
}

/** An instance that exists only once it has to. */
export class ReplayedInstance implements AdaptorInstance {
  readonly #transcripts: Transcripts;
  readonly #make: () => AdaptorInstance;
  readonly #onError: () => void;
  /** How the inputs so far are repeated for a real instance. */
  readonly #inputs: ((instance: AdaptorInstance) => Action[])[] = [];
  #at: Transcript | undefined;
  #real: AdaptorInstance | undefined;
  #closed = false;

  /**
   * `make` makes a real instance of the module that `transcripts` belong to; `onError` hears of errors that are answered
   * from memory.
   */
  constructor(transcripts: Transcripts, make: () => AdaptorInstance, onError = () => {}) {
    this.#onError = onError;
    this.#transcripts = transcripts;
    this.#make = make;
    this.#at = transcripts.root;
  }

  /** See {@link AdaptorInstance.open}. */
  open(role: AdaptorRole, config: Uint8Array): Action[] {
    const key = config.length === 0 ? `open ${role}` : undefined;
    return this.#answer(key, (instance) => instance.open(role, config));
  }

  /** See {@link AdaptorInstance.socket}. Socket octets differ between connections: the real instance sees them. */
  socket(data: Uint8Array, eof: boolean, spliced?: number): { readonly consumed: number; readonly actions: Action[] } {
    const instance = this.#instance();
    this.#at = undefined;
    return instance.socket(data, eof, spliced);
  }

  /** See {@link AdaptorInstance.spliced}. */
  spliced(pieces?: number): Action[] {
    const instance = this.#instance();
    this.#at = undefined;
    return instance.spliced(pieces);
  }

  /** See {@link AdaptorInstance.stream}. */
  stream(event: StreamEvent): Action[] {
    if (this.#at === undefined) return this.#instance().stream(event);
    const told = event.kind === "begin" && isHeadSource(event.head) ? { ...event, head: event.head.toJSON() } : event;
    const key = event.kind === "data" ? undefined : JSON.stringify(told);
    return this.#answer(key, (instance) => instance.stream(told));
  }

  /** See {@link AdaptorInstance.offer}. */
  offer(stream: number, data: Uint8Array): { readonly consumed: number; readonly actions: Action[] } {
    const instance = this.#instance();
    this.#at = undefined;
    return instance.offer(stream, data);
  }

  /** See {@link AdaptorInstance.tick}. */
  tick(now: number): { readonly deadline: number; readonly actions: Action[] } {
    const instance = this.#instance();
    this.#at = undefined;
    return instance.tick(now);
  }

  /** See {@link AdaptorInstance.close}. */
  close(): void {
    this.#closed = true;
    this.#real?.close();
  }

  #answer(key: string | undefined, input: (instance: AdaptorInstance) => Action[]): Action[] {
    if (this.#closed) throw usedAfterEnd();
    const at = this.#at;
    if (at === undefined || key === undefined || key.length > MAX_KEY) {
      this.#at = undefined;
      return input(this.#instance());
    }
    const known = at.next.get(key);
    if (known !== undefined && this.#real === undefined) {
      this.#at = known;
      this.#inputs.push(input);
      if (known.actions.some(({ kind }) => kind === "error")) this.#onError();
      return known.actions;
    }
    const actions = input(this.#instance());
    // The next connection may come this far without an instance.
    this.#at = known ?? this.#transcripts.remember(at, key, actions);
    return actions;
  }

  /** The real instance, brought to where the replay is. */
  #instance(): AdaptorInstance {
    if (this.#closed) throw usedAfterEnd();
    if (this.#real === undefined) {
      this.#real = this.#make();
      for (const input of this.#inputs) input(this.#real);
    }
    return this.#real;
  }
}

function usedAfterEnd(): AdaptorError {
  return new AdaptorError("ADAPTOR_CLOSED", "an adaptor was used after its end");
}

function deepFreeze(value: object): void {
  Object.freeze(value);
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) deepFreeze(member);
}
