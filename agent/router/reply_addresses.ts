/**
 * The addresses at which connections of this process expect their answers: one taker each, for as long as the
 * connection lives, and known to this router only. They are no entries of the address table because thousands may come
 * and go in a second (see NumberMap).
 */

import { NumberMap } from "../lib/number_map.ts";
import { discriminator } from "./address.ts";
import type { Downstream, Message, Upstream } from "./flow.ts";

/** What the name of every temporary address of a Skupper router begins with. */
const PREFIX = "temp.";
const KEY_PREFIX = `L${PREFIX}`;
const RADIX = 36;

/** Who gets the answers. */
export interface ReplyTaker {
  /** Takes a message. */
  deliver(message: Message, upstream: Upstream): Downstream;
}

/** One of them. */
export class ReplyAddress {
  /** The local name: nobody can guess it. */
  readonly name: string;
  /** Its lookup key. */
  readonly key: string;
  /** Who gets what is sent there. */
  readonly taker: ReplyTaker;
  readonly #number: number;
  readonly #all: NumberMap<ReplyAddress>;

  /** Made by {@link ReplyAddresses.add}. */
  constructor(number: number, taker: ReplyTaker, all: NumberMap<ReplyAddress>) {
    this.name = `${PREFIX}${number.toString(RADIX)}.${discriminator()}`;
    this.key = `L${this.name}`;
    this.taker = taker;
    this.#number = number;
    this.#all = all;
    all.set(number, this);
  }

  /** Ends it. */
  remove(): void {
    this.#all.delete(this.#number);
  }
}

/** See the head of the file. */
export class ReplyAddresses {
  readonly #all = new NumberMap<ReplyAddress>();
  #last = 0;

  /** A new one. */
  add(taker: ReplyTaker): ReplyAddress {
    return new ReplyAddress(this.#last = (this.#last + 1) >>> 0, taker, this.#all);
  }

  /** Who takes messages for a lookup key, if it is the key of one of them. */
  get(key: string): ReplyTaker | undefined {
    if (!key.startsWith(KEY_PREFIX)) return undefined;
    const address = this.#all.get(parseInt(key.slice(KEY_PREFIX.length), RADIX) >>> 0);
    return address?.key === key ? address.taker : undefined;
  }
}
