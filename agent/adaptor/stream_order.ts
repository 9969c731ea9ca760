/**
 * Holds an adaptor to the order in which actions make sense, so that what follows it can trust them.
 *
 * In: every stream event before the adaptor sees it, and every action it answers with. Out: ADAPTOR_ORDER for an action that is
 * impossible at that point. Client streams are odd and written by the listener; stream n + 1 is the answer to client
 * stream n and is written by the connector (`docs/reference/adaptor-abi.md`, "Streams").
 */

import type { Action, AdaptorRole, SpliceSide, StreamEvent } from "./action.ts";
import { NumberMap } from "../lib/number_map.ts";
import { AdaptorError } from "./adaptor_error.ts";

type Splice = Extract<Action, { kind: "splice" }>;

/** What is known of a stream. */
interface StreamState {
  /** It is spliced for good. */
  readonly spliced: boolean;
}

const OPEN: StreamState = { spliced: false };
const SPLICED: StreamState = { spliced: true };

/** The streams of one instance and what may still happen to them. Memory grows only with the streams that are open. */
export class StreamOrder {
  readonly #role: AdaptorRole;
  readonly #openStreams: number;
  /** Streams the adaptor writes. */
  readonly #own = new NumberMap<StreamState>();
  /** Streams the peer writes. */
  readonly #peer = new NumberMap<StreamState>();
  /** Client streams that a connector has not answered yet. */
  readonly #unanswered = new NumberMap<StreamState>();
  #lastBegun = 0;
  #socketInTaken = false;
  #socketOutTaken = false;
  #closed = false;

  /** Starts with no stream; `openStreams` bounds how many the adaptor may write at a time. */
  constructor(role: AdaptorRole, openStreams: number) {
    this.#role = role;
    this.#openStreams = openStreams;
  }

  /** Whether the adaptor asked to close the connection: it must not be called again but to close. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Takes note of what the router says; the router's order is not in question here. */
  event(event: StreamEvent): void {
    switch (event.kind) {
      case "begin":
        this.#peer.set(event.stream, OPEN);
        if (this.#role === "connector") this.#unanswered.set(event.stream, OPEN);
        return;
      case "end":
        this.#peer.delete(event.stream);
        return;
      case "abort":
        this.#forget(event.stream);
        return;
    }
  }

  /** Checks an action and takes note of it. Throws ADAPTOR_ORDER or, over the limit of streams, ADAPTOR_OUTPUT. */
  action(action: Action): void {
    if (this.#closed) throw disorder(`${action.kind} after close`);
    switch (action.kind) {
      case "begin":
        return action.interim ? this.#beginInterim(action.stream) : this.#begin(action.stream);
      case "data":
        return this.#write(action.stream, "data");
      case "end":
        this.#write(action.stream, "end");
        this.#own.delete(action.stream);
        return;
      case "abort":
        if (!this.#isOpen(action.stream) && !this.#isAwaited(action.stream)) {
          throw disorder(`abort of stream ${action.stream}, which is not open`);
        }
        return this.#forget(action.stream);
      case "splice":
        return this.#splice(action);
      case "bytes":
        if (this.#socketOutTaken) throw disorder("bytes to a socket that a stream is spliced to for good");
        return;
      case "close":
        this.#closed = true;
        return;
    }
  }

  #isOpen(stream: number): boolean {
    return this.#own.get(stream) !== undefined || this.#peer.get(stream) !== undefined ||
      this.#unanswered.get(stream) !== undefined;
  }

  /** Whether the stream is one that a listener has begun: it may give up waiting for the answer to one that is complete. */
  #isAwaited(stream: number): boolean {
    return this.#role === "listener" && stream % 2 === 1 && stream <= this.#lastBegun;
  }

  #begin(stream: number): void {
    if (this.#role === "connector") {
      if (!this.#unanswered.delete(stream - 1)) {
        throw disorder(`begin of stream ${stream}, which answers no open stream`);
      }
    } else if (stream % 2 === 0 || stream <= this.#lastBegun) {
      throw disorder(`begin of stream ${stream} by a listener that began ${this.#lastBegun} before`);
    }
    if (this.#own.size === this.#openStreams) {
      throw new AdaptorError(
        "ADAPTOR_OUTPUT",
        `the adaptor wants to write over ${this.#openStreams} streams at a time`,
      );
    }
    this.#lastBegun = stream;
    this.#own.set(stream, OPEN);
  }

  /** A message of its own, which leaves the stream to be begun. */
  #beginInterim(stream: number): void {
    if (this.#unanswered.get(stream - 1) !== undefined) return;
    throw disorder(`an interim begin of stream ${stream}, which answers no open stream`);
  }

  #write(stream: number, what: string): void {
    if (this.#own.get(stream)?.spliced !== false) {
      throw disorder(`${what} on stream ${stream}, which the adaptor has not begun, has ended or has spliced for good`);
    }
  }

  #splice({ side, stream, length }: Splice): void {
    const [streams, taken] = side === "socket-to-stream"
      ? [this.#own, this.#socketInTaken]
      : [this.#peer, this.#socketOutTaken];
    if (taken) throw disorder(`a second splice of the socket after one ${side} for good`);
    if (streams.get(stream)?.spliced !== false) {
      throw disorder(`a splice ${side} of stream ${stream}, which is not open for it`);
    }
    if (length !== Infinity) return;
    streams.set(stream, SPLICED);
    this.#takeSocket(side);
  }

  #takeSocket(side: SpliceSide): void {
    if (side === "socket-to-stream") this.#socketInTaken = true;
    else this.#socketOutTaken = true;
  }

  #forget(stream: number): void {
    this.#own.delete(stream);
    this.#peer.delete(stream);
    this.#unanswered.delete(stream);
  }
}

function disorder(what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_ORDER", `the adaptor asks for ${what}`);
}
