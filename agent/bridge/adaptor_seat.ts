/**
 * Where a connection's adaptor instance sits: it is asked one question at a time, and what happens while its actions are
 * carried out waits for its turn.
 */

import type { Action, AdaptorInstance, StreamEvent } from "../adaptor/action.ts";

/** How the answers of an adaptor are carried out. */
export interface AdaptorSeatHandler {
  /** Carries out one action; false when the rest does not matter any more. */
  perform(action: Action): boolean;
  /** All actions of an answer were carried out. */
  onPerformed(): void;
  /** The adaptor, or an action, failed. */
  onFailed(error: unknown): void;
}

/** See the head of the file. */
export class AdaptorSeat {
  readonly #handler: AdaptorSeatHandler;
  readonly #waiting: (() => void)[] = [];
  #instance: AdaptorInstance | undefined;
  #busy = false;
  #inTurn = false;

  /** Seats `instance`, which belongs to the seat from now on. */
  constructor(instance: AdaptorInstance, handler: AdaptorSeatHandler) {
    this.#instance = instance;
    this.#handler = handler;
  }

  /** True when there is no adaptor any more. */
  get empty(): boolean {
    return this.#instance === undefined;
  }

  /** True while an answer is carried out, or something waits: what comes now has to {@link AdaptorSeat.wait}. */
  get busy(): boolean {
    return this.#busy || this.#waiting.length > 0;
  }

  /** Does `action` once the adaptor can be asked again. */
  wait(action: () => void): void {
    this.#waiting.push(action);
  }

  /** Asks the adaptor, if there is one, and carries out its answer. Not while it is busy. */
  ask(question: (instance: AdaptorInstance) => Action[]): void {
    const instance = this.#instance;
    if (instance === undefined) return;
    this.#busy = true;
    try {
      this.#carryOut(question(instance));
    } catch (error) {
      this.#handler.onFailed(error);
    } finally {
      this.#busy = false;
    }
    this.#giveTurns();
  }

  /** Tells the adaptor of a stream, as {@link AdaptorSeat.ask} does. */
  tell(event: StreamEvent): void {
    const instance = this.#instance;
    if (instance === undefined) return;
    this.#busy = true;
    try {
      this.#carryOut(instance.stream(event));
    } catch (error) {
      this.#handler.onFailed(error);
    } finally {
      this.#busy = false;
    }
    this.#giveTurns();
  }

  /**
   * Offers the adaptor octets of the socket, as {@link AdaptorSeat.ask} does, and says first that a splice is through if one
   * is, in so many pieces; how many it took.
   */
  offer(octets: Uint8Array, spliced: number): number {
    const instance = this.#instance;
    if (instance === undefined) return 0;
    let taken = 0;
    this.#busy = true;
    try {
      const { consumed, actions } = instance.socket(octets, false, spliced);
      taken = consumed;
      this.#carryOut(actions);
    } catch (error) {
      this.#handler.onFailed(error);
    } finally {
      this.#busy = false;
    }
    this.#giveTurns();
    return taken;
  }

  #carryOut(actions: readonly Action[]): void {
    for (const action of actions) if (!this.#handler.perform(action)) return;
    this.#handler.onPerformed();
  }

  /** What is asked in its turn is through before the next has its own: octets stay in order. */
  #giveTurns(): void {
    if (this.#inTurn || this.#waiting.length === 0) return;
    this.#inTurn = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
    } finally {
      this.#inTurn = false;
    }
  }

  /** The adaptor has nothing more to decide: its memory is given back. */
  release(): void {
    const instance = this.#instance;
    this.#instance = undefined;
    instance?.close();
  }
}
