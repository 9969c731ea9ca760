/**
 * The way of octets from a socket with many messages: to its adaptor, or past it into a message for as long as a splice
 * lasts.
 */

import type { OutboundMessages } from "./outbound_messages.ts";

/** Octets that bypass the adaptor. */
export interface Splice {
  /** Where they go to, or come from. */
  readonly stream: number;
  /** Those that are to come. */
  left: number;
}

/** What the owner does. */
export interface SocketIntakeHandler {
  /** Whether nothing is taken any more. */
  ending(): boolean;
  /** Offers octets to the adaptor, and says with them that a splice is through, if one is: how many it took. */
  offer(octets: Uint8Array, spliced: boolean): number;
  /** A splice is through. */
  onSpliced(): void;
  /** What was passed on may leave: the octets are those of the socket no longer than this takes. */
  onPassed(): void;
}

/** See the head of the file. */
export class SocketIntake {
  /** What goes past the adaptor now. */
  splice: Splice | undefined;

  readonly #outbound: OutboundMessages;
  readonly #paced: boolean;
  readonly #handler: SocketIntakeHandler;
  /** What has to be waited for before octets are passed on. */
  #wanted: Promise<void> | undefined;
  #passing = false;
  #adaptorWants: (() => void) | undefined;
  /** A splice is through, and the adaptor hears of it with the next octets. */
  #spliced = false;

  /** Octets go into messages of `outbound`; `paced` holds up all for the one whose link does not keep up. */
  constructor(outbound: OutboundMessages, paced: boolean, handler: SocketIntakeHandler) {
    this.#outbound = outbound;
    this.#paced = paced;
    this.#handler = handler;
  }

  /** True while octets are passed on: what they make leaves together. */
  get passing(): boolean {
    return this.#passing;
  }

  /** Takes octets; a promise resolves when there is room for more. */
  take(chunk: Uint8Array): Promise<void> | undefined {
    const rest = this.#pass(chunk);
    return this.#wanted === undefined ? undefined : this.#goOn(rest);
  }

  /**
   * The message `stream` is over. What is spliced into it is the adaptor's again; where other messages come on the same socket
   * it passes all the same, and goes nowhere: only then comes what the adaptor can read.
   */
  over(stream: number): void {
    if (this.#paced && this.splice?.stream === stream) this.splice = undefined;
  }

  /** The adaptor may want what it did not want before. */
  wake(): void {
    const wanted = this.#adaptorWants;
    this.#adaptorWants = undefined;
    wanted?.();
  }

  async #goOn(left: Uint8Array): Promise<void> {
    for (let rest = left; this.#wanted !== undefined;) {
      await this.#wanted;
      rest = this.#pass(rest);
    }
  }

  /** Passes octets on until all are taken, or something has to be waited for. Returns the rest. */
  #pass(octets: Uint8Array): Uint8Array {
    let rest = octets;
    this.#wanted = undefined;
    this.#passing = !this.#paced;
    while (rest.length > 0 && this.#wanted === undefined && !this.#handler.ending()) {
      rest = rest.subarray(this.splice === undefined ? this.#offer(rest) : this.#bypass(rest, this.splice));
    }
    this.#passing = false;
    this.#handler.onPassed();
    return rest;
  }

  #bypass(octets: Uint8Array, splice: Splice): number {
    const taken = octets.length <= splice.left ? octets : octets.subarray(0, splice.left);
    splice.left -= taken.length;
    const message = this.#paced ? this.#outbound.get(splice.stream) : undefined;
    if (this.#paced) message?.write(taken);
    else this.#outbound.writeLasting(splice.stream, taken);
    if (splice.left === 0) {
      this.splice = undefined;
      this.#spliced = !this.#paced && taken.length < octets.length;
      if (!this.#spliced) this.#handler.onSpliced();
    }
    this.#wanted = message?.room;
    return taken.length;
  }

  #offer(octets: Uint8Array): number {
    const spliced = this.#spliced;
    this.#spliced = false;
    const consumed = this.#handler.offer(octets, spliced);
    if (this.#paced) this.#wanted = this.#outbound.room;
    if (consumed === 0 && this.splice === undefined && this.#wanted === undefined && !this.#handler.ending()) {
      this.#wanted = new Promise((resolve) => this.#adaptorWants = resolve);
    }
    return consumed;
  }
}
