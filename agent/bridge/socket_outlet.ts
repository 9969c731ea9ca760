/**
 * The way of messages from the network to a socket with many of them: to its adaptor, which writes them down, or past it for
 * as long as a splice lasts. Rules and the access log see them pass.
 */

import type { MessageHead, StreamEvent } from "../adaptor/action.ts";
import type { Exchanges } from "./exchanges.ts";
import { HeldStreams } from "./held_streams.ts";
import type { Splice } from "./socket_intake.ts";

/** What the owner does. */
export interface SocketOutletHandler {
  /** Tells the adaptor of a message. */
  tell(event: StreamEvent): void;
  /** Offers the adaptor octets of a message: how many it took. */
  offer(stream: number, octets: Uint8Array): number;
  /** Writes to the socket. */
  write(octets: Uint8Array): void;
  /** Octets waiting for the socket. */
  pending(): number;
  /** Whether both directions are spliced for good, so that there is no adaptor any more. */
  tunnel(): boolean;
  /** What came through the tunnel is complete. */
  onTunnelEnd(stream: number): void;
  /** It broke off. */
  onTunnelBroken(): void;
}

/** See the head of the file. */
export class SocketOutlet {
  /** What goes past the adaptor now. */
  splice: Splice | undefined;
  /** What concurrent messages have brought and the adaptor has not taken; undefined for one after the other. */
  readonly held: HeldStreams | undefined;

  readonly #exchanges: Exchanges | undefined;
  readonly #handler: SocketOutletHandler;

  /** Messages come one after the other or, with `concurrent`, at the same time. */
  constructor(concurrent: boolean, exchanges: Exchanges | undefined, handler: SocketOutletHandler) {
    this.#exchanges = exchanges;
    this.#handler = handler;
    if (!concurrent) return;
    this.held = new HeldStreams({
      pending: () => handler.pending(),
      offer: (stream, data) => handler.offer(stream, data),
      onEnd: (stream) => handler.tell({ kind: "end", stream }),
    });
  }

  /** Octets of `stream` that wait, for the socket or for the adaptor. */
  pending(stream: number): number {
    return this.#handler.pending() + (this.held?.size(stream) ?? 0);
  }

  /** A message begins; `site` is what an answer says of where it comes from. */
  begin(stream: number, head: MessageHead, site?: string): void {
    if (this.#exchanges?.get(stream - 1) === undefined) return this.#handler.tell({ kind: "begin", stream, head });
    this.#exchanges.heard(stream - 1, head, site, (head) => this.#handler.tell({ kind: "begin", stream, head }));
  }

  /** Its next octets, valid only during the call. */
  data(stream: number, piece: Uint8Array): void {
    // Mostly nobody looks at the request.
    if (this.#exchanges?.get(stream - 1) === undefined) this.#pass(stream, piece);
    else this.#exchanges.moved(stream - 1, piece.length, () => this.#pass(stream, piece));
  }

  #pass(stream: number, piece: Uint8Array): void {
    if (this.held !== undefined) return this.held.push(stream, piece);
    const { splice } = this;
    if (splice?.stream !== stream) return this.#handler.tell({ kind: "data", stream, data: piece });
    const direct = splice.left >= piece.length ? piece : piece.subarray(0, splice.left);
    splice.left -= direct.length;
    if (splice.left === 0) this.splice = undefined;
    this.#handler.write(direct);
    if (direct.length === piece.length) return;
    this.#handler.tell({ kind: "data", stream, data: piece.subarray(direct.length) });
  }

  /** It is complete. */
  end(stream: number): void {
    this.#exchanges?.ended(stream - 1);
    if (this.held !== undefined) return this.held.end(stream);
    const { splice } = this;
    if (splice?.stream !== stream) return this.#handler.tell({ kind: "end", stream });
    if (splice.left !== Infinity) return this.broken(stream);
    if (this.#handler.tunnel()) this.#handler.onTunnelEnd(stream);
    else this.#handler.tell({ kind: "end", stream });
  }

  /** It broke off. */
  broken(stream: number): void {
    this.#exchanges?.broken(stream - 1);
    this.drop(stream);
    if (this.#handler.tunnel()) this.#handler.onTunnelBroken();
    else this.#handler.tell({ kind: "abort", stream });
  }

  /** Nobody wants the rest of `stream`. */
  drop(stream: number): void {
    this.held?.drop(stream);
    if (this.splice?.stream === stream) this.splice = undefined;
  }

  /** Nobody wants anything any more. */
  clear(): void {
    this.splice = undefined;
    this.held?.clear();
  }
}
