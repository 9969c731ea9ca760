/**
 * A stream that looks for its consumer for a while. While routers come and go, an address may be nowhere for a moment:
 * a stream that is released before anybody has said anything of it was not taken by anybody, so it is sent again from
 * its first octet, as long as all of that is still here.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { Clock } from "../lib/clock.ts";
import { TimeLimit } from "../lib/time_limit.ts";
import { DISCARD, type Downstream, type Message, RELEASED, type Upstream } from "./flow.ts";
import type { Route } from "./ingress.ts";

/** How long a stream is sent again, in ms. */
export const PATIENCE_MS = 2000;
/** Octets of a stream that are kept for that; one that is longer is past it. */
export const MAX_KEPT_OCTETS = 64 * 1024;
/** Pause before the second attempt; each further one is twice as long, up to the most. In ms. */
const FIRST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 320;

/** See the head of the file. */
export class PatientRoutes {
  readonly #route: Route;
  readonly #clock: Clock;
  /** A stream that rests must not keep its beginning for as long as it lives. */
  readonly #patience: TimeLimit;

  /** Streams go by `route`. */
  constructor(route: Route, clock: Clock) {
    this.#route = route;
    this.#clock = clock;
    this.#patience = new TimeLimit(clock, PATIENCE_MS);
  }

  /** Sends the stream `message`, which begins with `message.start`, again if need be. */
  send(message: Message, upstream: Upstream): Downstream {
    return new PatientStream(this.#route, this.#clock, this.#patience, message, upstream);
  }

  /** Streams under way go on, but are not sent again. */
  stop(): void {
    this.#patience.stop();
  }
}

class PatientStream implements Downstream, Upstream {
  readonly #route: Route;
  readonly #clock: Clock;
  readonly #patience: TimeLimit;
  /** Its number there. */
  readonly #number: number;
  readonly #message: Message;
  readonly #upstream: Upstream;
  readonly #giveUpAt: number;
  /** What was written so far; undefined once the stream is past being sent again. */
  #kept: Uint8Array[] | undefined = [];
  #keptOctets = 0;
  #pause = FIRST_PAUSE_MS;
  #ended = false;
  /** Undefined between two attempts. */
  #downstream: Downstream | undefined;
  #cancelRetry = () => {};

  constructor(route: Route, clock: Clock, patience: TimeLimit, message: Message, upstream: Upstream) {
    this.#route = route;
    this.#clock = clock;
    this.#patience = patience;
    this.#message = message;
    this.#upstream = upstream;
    this.#giveUpAt = clock.now() + PATIENCE_MS;
    this.#number = patience.begin(() => this.#giveUp());
    this.#attempt();
  }

  get pending(): number {
    return this.#downstream?.pending ?? this.#keptOctets;
  }

  // --- from the producer

  write(piece: Uint8Array): void {
    this.#downstream?.write(piece);
    if (this.#kept === undefined) return;
    this.#keptOctets += piece.length;
    // While there is nowhere to go, everything is kept: the producer feels how much that is.
    if (this.#keptOctets > MAX_KEPT_OCTETS && this.#downstream !== undefined) this.#forget();
    else this.#kept.push(piece.slice());
  }

  end(): void {
    this.#ended = true;
    this.#downstream?.end();
  }

  abort(): void {
    this.#forget();
    this.#cancelRetry();
    (this.#downstream ?? DISCARD).abort();
  }

  producerSettled(state: DeliveryState | undefined): void {
    this.#forget();
    this.#cancelRetry();
    (this.#downstream ?? DISCARD).producerSettled(state);
  }

  // --- from the consumer

  drained(pending: number): void {
    this.#upstream.drained(pending);
  }

  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    const mayRepeat = this.#kept !== undefined && this.#clock.now() < this.#giveUpAt;
    // An outcome counts, settled or not (wire-protocol E.7): routers in C wait for our settlement.
    if (state?.kind === "released" && mayRepeat) {
      if (!settled) this.#downstream?.producerSettled(state);
      return this.#retry();
    }
    // Whoever says anything else has seen the stream.
    if (state !== undefined) this.#forget();
    this.#upstream.consumerState(state, settled);
  }

  #retry(): void {
    this.#downstream = undefined;
    this.#cancelRetry = this.#clock.after(this.#pause, () => this.#attempt());
    this.#pause = Math.min(this.#pause * 2, MOST_PAUSE_MS);
  }

  #attempt(): void {
    const downstream = this.#route(this.#message, this);
    if (downstream === undefined) {
      // The producer hears of the outcome only after it has got its downstream.
      this.#clock.soon(() => this.consumerState(RELEASED, true));
      this.#downstream = DISCARD;
      return;
    }
    this.#downstream = downstream;
    for (const piece of this.#kept ?? []) downstream.write(piece);
    if (this.#ended) downstream.end();
    if (this.#clock.now() >= this.#giveUpAt) this.#forget(); // This was the last attempt.
    this.#upstream.drained(this.pending);
  }

  #giveUp(): void {
    const waits = this.#downstream === undefined;
    this.#forget();
    if (!waits) return;
    this.#cancelRetry();
    this.#downstream = DISCARD;
    this.#upstream.consumerState(RELEASED, true);
  }

  #forget(): void {
    this.#patience.end(this.#number);
    this.#kept = undefined;
    this.#keptOctets = 0;
  }
}
