/** The requests of one client connection that rules or the access log look at, by their streams. */

import type { AbortReason, MessageHead } from "../adaptor/action.ts";
import type { Exchange } from "./http_rules/exchange.ts";
import type { LocalAnswer } from "./http_rules/local_answer.ts";

/** Looks at a request that begins; undefined for nothing but its ordinary way. */
export type OpenExchange = (head: MessageHead) => Exchange | undefined;

/** What the connection does. */
export interface ExchangesHandler {
  /** Does `action` as soon as the adaptor can be asked. */
  inTurn(action: () => void): void;
  /** The adaptor is to hear of a message as if the network had sent it. */
  onHead(stream: number, head: MessageHead): void;
  /** See {@link ExchangesHandler.onHead}. */
  onData(stream: number, piece: Uint8Array): void;
  /** See {@link ExchangesHandler.onHead}. */
  onEnd(stream: number): void;
  /** See {@link ExchangesHandler.onHead}. */
  onBroken(stream: number): void;
  /** Octets of the request `stream` that have left. */
  sent(stream: number): number;
  /** Nothing of the request `stream` or its answer goes to or comes from the network any more. */
  giveUp(stream: number): void;
}

/** See the head of the file. */
export class Exchanges {
  readonly #open: OpenExchange;
  readonly #handler: ExchangesHandler;
  readonly #all = new Map<number, Exchange>();
  /** Whose attempt has failed, while the adaptor hears of it: what it begins then is the same request once more. */
  #again: Exchange | undefined;

  /** Asks `open` about each request. */
  constructor(open: OpenExchange, handler: ExchangesHandler) {
    this.#open = open;
    this.#handler = handler;
  }

  /** The request that is stream `stream` begins, or is sent again. One with an answer of its own goes nowhere. */
  begin(stream: number, head: MessageHead): Exchange | undefined {
    const exchange = this.#again ?? this.#open(head);
    this.#again = undefined;
    if (exchange === undefined) return undefined;
    this.#all.set(stream, exchange);
    exchange.send();
    if (exchange.answer !== undefined) this.#answer(stream, exchange, exchange.answer);
    return exchange;
  }

  /** That of `stream`. */
  get(stream: number): Exchange | undefined {
    return this.#all.size === 0 ? undefined : this.#all.get(stream);
  }

  /** The answer to `stream` is complete; interim ones don't count. */
  ended(stream: number): void {
    const exchange = this.get(stream);
    if (exchange?.answered !== true) return;
    this.#all.delete(stream);
    exchange.end(false);
  }

  /** The answer to `stream` broke off, or another was given. */
  broken(stream: number, status?: number): void {
    const exchange = this.get(stream);
    if (exchange === undefined) return;
    this.#all.delete(stream);
    exchange.end(true, status ?? (exchange.answered ? undefined : LOST));
  }

  /**
   * The adaptor has given up `stream`, a request or an answer: its client left, unless it has `answered` it with a status of its own,
   * or the answer is not to its liking.
   */
  givenUp(stream: number, answered?: number): void {
    const request = this.get(stream);
    if (request !== undefined) {
      this.#all.delete(stream);
      // What the client did wrong says nothing of the server.
      const failed = answered === undefined ? false : answered >= 500 || undefined;
      request.end(failed, answered);
      return;
    }
    const hearing = this.get(stream - 1)?.hearing;
    if (hearing === undefined) this.ended(stream - 1);
    else this.broken(stream - 1, hearing === "head" ? LOST : undefined);
  }

  /** An attempt at `stream` has failed: `tell` lets the adaptor know, which sends it again or answers it. */
  failed(stream: number, why: AbortReason, tell: () => void): void {
    const exchange = this.get(stream);
    if (exchange === undefined) return tell();
    if (exchange.answered) return hear(exchange, "rest", tell);
    this.#all.delete(stream);
    this.#again = exchange;
    tell();
    if (this.#again !== exchange) return;
    this.#again = undefined;
    exchange.end(true, why === "released" ? UNAVAILABLE : LOST);
  }

  /** An attempt at `stream` has failed: whether it is answered here, because it is not to be sent again. */
  answersInstead(stream: number, why: AbortReason): boolean {
    const exchange = this.get(stream);
    const answer = exchange?.answered === false ? exchange.failed(why) : undefined;
    if (exchange === undefined || answer === undefined) return false;
    this.#handler.giveUp(stream);
    this.#answer(stream, exchange, answer);
    return true;
  }

  /** An answer to `stream` begins, from `site`: `tell` lets the adaptor know how the client sees it. */
  heard(stream: number, head: MessageHead, site: string | undefined, tell: (head: MessageHead) => void): void {
    const exchange = this.get(stream);
    if (exchange === undefined) return tell(head);
    const seen = exchange.heard(head, site);
    hear(exchange, "head", () => tell(seen));
  }

  /** More of the answer to `stream` has come, `octets` of it: `tell` lets the adaptor know. */
  moved(stream: number, octets: number, tell: () => void): void {
    const exchange = this.get(stream);
    if (exchange === undefined) return tell();
    exchange.moved(octets);
    hear(exchange, "rest", tell);
  }

  /** Ends those that have taken too long; `tunnel` says that there is no adaptor any more to be told of it. */
  expire(tunnel: boolean): void {
    for (const [stream, exchange] of [...this.#all]) {
      const what = exchange.expired(this.#handler.sent(stream));
      if (what === undefined) continue;
      this.#handler.giveUp(stream);
      if (tunnel) this.#handler.onBroken(stream + 1);
      else if (what === "response") {
        exchange.failed("lost");
        this.#answer(stream, exchange, LATE);
      } else this.#handler.inTurn(() => this.#handler.onBroken(stream + 1));
    }
  }

  /** The connection is over. */
  clear(): void {
    for (const exchange of this.#all.values()) exchange.end(false);
    this.#all.clear();
  }

  /** Answers `stream` as if the network did. */
  #answer(stream: number, exchange: Exchange, answer: LocalAnswer): void {
    this.#handler.inTurn(() => {
      if (this.get(stream) !== exchange) return;
      const { head, body } = exchange.message(answer);
      this.#handler.onHead(stream + 1, head);
      if (body.length > 0) this.#handler.onData(stream + 1, body);
      this.#handler.onEnd(stream + 1);
    });
  }
}

/** What `tell` says of that part of an answer may be more than the adaptor bears: then it gives the answer up meanwhile. */
function hear(exchange: Exchange, part: "head" | "rest", tell: () => void): void {
  exchange.hearing = part;
  tell();
  exchange.hearing = undefined;
}

/** What adaptors answer to a request that nobody took. */
const UNAVAILABLE = 503;
/** What they answer to one that was lost. */
const LOST = 502;
/** What is answered to one whose server takes longer than its rule allows. */
const LATE: LocalAnswer = {
  status: 504,
  error: "http_response_timeout",
  why: "the server did not begin to answer in the time of the rule",
};
