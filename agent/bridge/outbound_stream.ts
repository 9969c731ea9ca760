/** A stream that a bridged connection sends into the network: paced by its window and by the link under it. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { DISABLE_Q2, NO_ANNOTATIONS, type RouterAnnotations, STREAMING } from "../router/annotations.ts";
import type { Downstream, Message, Upstream } from "../router/flow.ts";
import { SendWindow } from "./window.ts";

/** Octets that may wait for the link before the socket is not read any more. */
const PENDING_OCTETS = 64 * 1024;

/** What the owner is told. */
export interface OutboundHandler {
  /** The consumer ended the stream: accepted, or an outcome that says why not. */
  onOutcome(state: DeliveryState | undefined): void;
  /** There may be room for more. */
  onRoom(): void;
}

/** The annotations of every stream (wire-protocol E.2). */
const STREAM_ANNOTATIONS = { ...NO_ANNOTATIONS, flags: STREAMING | DISABLE_Q2 };
const DEFAULT_PRIORITY = 4;

/** A message that is a stream, sent by this process; `complete` if `start` is all of it. */
export function streamMessage(address: string, start: Uint8Array, complete = false): Message {
  return ownMessage(address, start, complete, STREAM_ANNOTATIONS);
}

/** A message that is none, sent by this process; `start` is all of it. */
export function wholeMessage(address: string, start: Uint8Array): Message {
  return ownMessage(address, start, true, NO_ANNOTATIONS);
}

function ownMessage(address: string, start: Uint8Array, complete: boolean, annotations: RouterAnnotations): Message {
  return {
    address,
    annotations,
    start,
    complete,
    presettled: false,
    overridden: false,
    priority: DEFAULT_PRIORITY,
    origin: undefined,
  };
}

/** See the head of the file. */
export class OutboundStream implements Upstream {
  readonly #handler: OutboundHandler;
  readonly #window = new SendWindow();
  #downstream: Downstream | undefined;
  #roomWanted: (() => void) | undefined;
  #outcome = false;
  #ended = false;

  /** Not connected yet: see {@link OutboundStream.connect}. */
  constructor(handler: OutboundHandler) {
    this.#handler = handler;
  }

  /** The consumer that the router found. */
  connect(downstream: Downstream): void {
    this.#downstream = downstream;
  }

  /** Octets that the window allows to be read from the socket now. */
  get allowance(): number {
    return this.#window.allowance;
  }

  /** The other end takes a window of so many octets. */
  permit(octets: number): void {
    this.#window.permit(octets);
  }

  /** Sends octets; the result, if any, resolves when the link has taken most of them. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    const downstream = this.#downstream;
    if (downstream === undefined || this.#outcome) return undefined;
    this.#window.sent(chunk.length);
    downstream.write(chunk);
    if (downstream.pending <= PENDING_OCTETS) return undefined;
    return new Promise((resolve) => this.#roomWanted = resolve);
  }

  /** The stream is complete. */
  end(): void {
    this.#ended = true;
    this.#downstream?.end();
  }

  /** The stream will never be complete, or nobody cares any more. */
  abandon(): void {
    this.#letGo();
    if (this.#outcome) return;
    this.#outcome = true;
    if (this.#ended) this.#downstream?.producerSettled(undefined);
    else this.#downstream?.abort();
  }

  // --- from the router

  /** See {@link Upstream}. */
  drained(pending: number): void {
    if (pending <= PENDING_OCTETS >>> 1) this.#letGo();
  }

  /** See {@link Upstream}. */
  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    if (this.#outcome) return;
    if (state?.kind === "received") {
      this.#window.report(Number(state.sectionOffset));
      this.#handler.onRoom();
      return;
    }
    if (!settled && (state === undefined || state.kind === "other")) return;
    // The outcome counts, settled or not (wire-protocol E.7); our own settlement answers an unsettled one.
    if (!settled) this.#downstream?.producerSettled(state);
    this.#outcome = true;
    this.#window.lift();
    this.#letGo();
    this.#handler.onOutcome(state);
  }

  #letGo(): void {
    const wanted = this.#roomWanted;
    this.#roomWanted = undefined;
    wanted?.();
  }
}
