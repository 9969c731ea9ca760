/**
 * The way of octets from a socket with many messages: to its adaptor, or past it into a message for as long as a splice
 * lasts.
 */

import type { FurtherPieces } from "../adaptor/action.ts";
import type { OutboundMessages } from "./outbound_messages.ts";

/** Octets that bypass the adaptor. */
export interface Splice {
  /** Where they go to, or come from. */
  readonly stream: number;
  /** Those that are to come. */
  left: number;
}

/** Octets of the socket that do, in one piece or several. */
export interface SocketSplice extends Splice {
  /** Octets of each piece. */
  readonly length: number;
  /** Pieces so far. */
  pieces: number;
  /** What makes it go on; nothing after a while, so that the adaptor hears how far it is. */
  further: FurtherPieces | undefined;
}

/** What the owner does. */
export interface SocketIntakeHandler {
  /** Whether nothing is taken any more. */
  ending(): boolean;
  /** Offers octets to the adaptor, and says with them that a splice of so many pieces is through, if one is: how many it took. */
  offer(octets: Uint8Array, spliced: number): number;
  /** A splice of so many pieces is through. */
  onSpliced(pieces: number): void;
  /** What was passed on may leave: the octets are those of the socket no longer than this takes. */
  onPassed(): void;
}

/** See the head of the file. */
export class SocketIntake {
  /** What goes past the adaptor now. */
  splice: SocketSplice | undefined;

  readonly #outbound: OutboundMessages;
  readonly #paced: boolean;
  readonly #handler: SocketIntakeHandler;
  /** What has to be waited for before octets are passed on. */
  #wanted: Promise<void> | undefined;
  #passing = false;
  #adaptorWants: (() => void) | undefined;
  /** Pieces of a splice that is through, and of which the adaptor hears with the next octets. */
  #spliced = 0;

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

  /** A splice of several pieces goes no further, for now. */
  interrupt(): void {
    const splice = this.splice;
    if (splice?.further === undefined) return;
    splice.further = undefined;
    if (splice.left > 0) return;
    this.splice = undefined;
    this.#handler.onSpliced(splice.pieces);
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

  #bypass(octets: Uint8Array, splice: SocketSplice): number {
    const taken = octets.length <= splice.left ? octets : octets.subarray(0, splice.left);
    splice.left -= taken.length;
    const message = this.#paced ? this.#outbound.get(splice.stream) : undefined;
    if (this.#paced) message?.write(taken);
    else this.#outbound.writeLasting(splice.stream, taken);
    if (splice.left === 0) {
      const followed = taken.length < octets.length;
      const further = this.#goOnSplicing(splice, octets, taken.length);
      if (further > 0) return taken.length + further;
      // What is to stand behind the piece in any case does not wait for the next one.
      if (!followed && splice.further?.instead.length === 0 && splice.pieces <= splice.further.times) {
        return taken.length;
      }
      this.splice = undefined;
      this.#spliced = !this.#paced && followed ? splice.pieces : 0;
      if (this.#spliced === 0) this.#handler.onSpliced(splice.pieces);
    }
    this.#wanted = message?.room;
    return taken.length;
  }

  /** Goes on with another piece, if what comes before one is at `at`: its octets. */
  #goOnSplicing(splice: SocketSplice, octets: Uint8Array, at: number): number {
    const { further, pieces } = splice;
    if (further === undefined || pieces > further.times || !startsWith(octets, at, further.head)) return 0;
    splice.pieces++;
    splice.left = splice.length;
    this.#outbound.writeLasting(splice.stream, further.instead);
    return further.head.length;
  }

  #offer(octets: Uint8Array): number {
    const spliced = this.#spliced;
    this.#spliced = 0;
    const consumed = this.#handler.offer(octets, spliced);
    if (this.#paced) this.#wanted = this.#outbound.room;
    if (consumed === 0 && this.splice === undefined && this.#wanted === undefined && !this.#handler.ending()) {
      this.#wanted = new Promise((resolve) => this.#adaptorWants = resolve);
    }
    return consumed;
  }
}

function startsWith(octets: Uint8Array, at: number, head: Uint8Array): boolean {
  for (let i = 0; i < head.length; i++) if (octets[at + i] !== head[i]) return false;
  return true;
}
