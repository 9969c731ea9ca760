/** What is known of one other router, and what it has been asked. */

import type { AdvertisedAddress } from "./control_message.ts";

/** A question that is asked again when no answer comes: after this time, and then twice as long each time, in ms. */
const FIRST_PATIENCE_MS = 1000;
const MOST_PATIENCE_MS = 16_000;

/** Something that we want to know of a router. Questions and answers may get lost on their way. */
export class Question {
  /** True until the answer is there. */
  open: boolean;
  #askAgainAt = -Infinity;
  #patience = FIRST_PATIENCE_MS;

  /** `open`: whether it is to be asked from the start. */
  constructor(open: boolean) {
    this.open = open;
  }

  /** True when it should be asked now. */
  isDue(now: number): boolean {
    return this.open && now >= this.#askAgainAt;
  }

  /** It was asked. */
  asked(now: number): void {
    this.#askAgainAt = now + this.#patience;
    this.#patience = Math.min(this.#patience * 2, MOST_PATIENCE_MS);
  }

  /** The answer is there. */
  answered(): void {
    this.open = false;
    this.hurry();
  }

  /** There is a way now for a question or its answer that may have got lost: it need not wait any longer. */
  hurry(): void {
    this.#askAgainAt = -Infinity;
    this.#patience = FIRST_PATIENCE_MS;
  }
}

/** See the head of the file. */
export class RemoteNode {
  /** Router id. */
  readonly id: string;
  /** Tells one life of the router from the next; undefined before it has spoken. */
  instance: number | undefined;
  /** Version of its list of neighbours that we have; 0 for none. */
  linkStateSequence = 0;
  /** Its neighbours with their costs, as it said last. */
  peers: ReadonlyMap<string, number> = new Map();
  /** Version of its list of addresses that we have; 0 for none. */
  mobileSequence = 0;
  /** Its addresses by key. */
  addresses: Map<string, AdvertisedAddress> = new Map();
  /** True while they may be of another life of it: only all that it has says what is true then, no difference to them. */
  addressesDoubtful = false;
  /** When it was last heard of, in ms. */
  heardAt: number;
  /** Who are its neighbours? */
  readonly linkStateQuestion: Question = new Question(true);
  /** Which addresses does it have? Asked without waiting until it advertises that there are some: that may take long. */
  readonly addressQuestion: Question = new Question(true);
  /** True while a path leads to it. */
  reachable = false;
  /** The neighbour by which it is reached, if it is. */
  via: string | undefined;
  /** Since when it has been within reach without a word to us: it may not know us yet. Undefined once it has spoken. */
  strangerSince: number | undefined;
  /** When it fell out of reach, in ms; undefined while it can be reached, and once its addresses are forgotten. */
  unreachableSince: number | undefined;
  /** Ticks for which nobody has named it. */
  strayTicks = 0;
  /** The instance before {@link RemoteNode.instance}. */
  lastInstance: number | undefined;
  /** How often these two took turns: more than a few times in a row means two routers with one id. */
  returns = 0;
  /** When the last of these was counted, in ms. */
  returnedAt: number = -Infinity;
  /** Said once that it speaks a later protocol. */
  versionReported = false;

  /** A router that was just heard of. */
  constructor(id: string, now: number) {
    this.id = id;
    this.heardAt = now;
  }
  /** It has spoken to us. */
  acquainted(): void {
    if (this.strangerSince === undefined) return;
    this.strangerSince = undefined;
    this.linkStateQuestion.hurry();
    this.addressQuestion.hurry();
  }

  /** True when it may not know us yet: what we asked may have been lost where paths are not settled; `patience` in ms. */
  isStranger(now: number, patience: number): boolean {
    if (this.strangerSince === undefined) return false;
    return this.linkStateQuestion.open || now - this.strangerSince < patience;
  }
}
