/**
 * AMQP inside WebSocket (AMQP WebSocket Binding 1.0): a channel over a channel, once the HTTP upgrade is done. Bytes
 * written become one binary message each; where messages begin and end on the way in means nothing.
 *
 * It is our own small framing and not a library's, because a library takes the socket: reads would allocate again, and
 * `pause()` would no longer reach the kernel.
 */

import { TendrilError } from "../lib/errors.ts";
import type { Channel, ChannelHandler, PeerIdentity } from "./channel.ts";
import type { Handover } from "./handover.ts";
import { FrameReader, type FrameSink, HEAD_ROOM, Opcode, WebSocketError, writeHead } from "./websocket_frame.ts";

/** The subprotocol both sides must name. */
export const SUBPROTOCOL = "amqp";

const NORMAL_CLOSURE = 1000;

interface Outgoing {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly done: ((ok: boolean) => void) | undefined;
}

/** See the module comment. */
export class WebSocketChannel implements Channel, ChannelHandler, FrameSink {
  readonly peer: PeerIdentity;
  readonly #inner: Channel;
  readonly #handover: Handover;
  readonly #reader: FrameReader;
  readonly #client: boolean;
  #handler: ChannelHandler | undefined;
  #out = new Uint8Array(HEAD_ROOM + 4096);
  #inFlight: Outgoing | undefined;
  #waiting: Outgoing | undefined;
  #pong: Uint8Array | undefined;
  #error: TendrilError | undefined;
  #status: number | undefined;
  #closed = false;

  /** Speaks WebSocket on `inner`, of which `handover` holds what follows the upgrade; `client` says who we are. */
  constructor(inner: Channel, handover: Handover, client: boolean) {
    this.peer = inner.peer;
    this.#inner = inner;
    this.#handover = handover;
    this.#client = client;
    this.#reader = new FrameReader(this, !client);
  }

  start(handler: ChannelHandler): void {
    if (this.#handler !== undefined) throw new Error("a channel is started once");
    this.#handler = handler;
    this.#handover.attach(this);
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    if (this.#waiting !== undefined || this.#inFlight?.done !== undefined) {
      throw new Error("a channel carries one write at a time");
    }
    if (this.#status !== undefined || this.#closed) {
      queueMicrotask(() => done(false));
      return;
    }
    this.#waiting = { opcode: Opcode.binary, payload: chunk, done };
    this.#pump();
  }

  pause(): void {
    this.#handover.pause();
  }

  resume(): void {
    this.#handover.resume();
  }

  close(): void {
    this.#end(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.#status ??= NORMAL_CLOSURE;
    this.#inner.destroy();
  }

  onData(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      this.#error ??= new TendrilError(
        "LINK_WS_PROTOCOL",
        `The peer at ${this.peer.address} broke the WebSocket protocol: ${error.message}.`,
        { cause: error, hint: "Check that nothing but a WebSocket proxy stands between the two sites." },
      );
      this.#end(error.status);
    }
  }

  onClose(error: TendrilError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done?.(false);
    this.#handler!.onClose(this.#error ?? (this.#status === undefined ? error : undefined));
  }

  onPayload(part: Uint8Array): void {
    if (this.#status === undefined) this.#handler!.onData(part);
  }

  onPing(payload: Uint8Array): void {
    // The answer to the latest will do (RFC 6455, 5.5.3), so a flood of them costs nothing.
    this.#pong = payload;
    this.#pump();
  }

  onEnd(): void {
    this.#end(NORMAL_CLOSURE);
  }

  #end(status: number): void {
    if (this.#status !== undefined || this.#closed) return;
    this.#status = status;
    // Whoever is paused would never see the peer's end.
    this.#handover.resume();
    this.#pump();
  }

  /** Sends the next thing due, one at a time: an answer to a Ping, then data, then our Close, then the end. */
  #pump(): void {
    if (this.#inFlight !== undefined || this.#closed) return;
    let next: Outgoing | undefined;
    if (this.#pong !== undefined) {
      next = { opcode: Opcode.pong, payload: this.#pong, done: undefined };
      this.#pong = undefined;
    } else if (this.#waiting !== undefined) {
      next = this.#waiting;
      this.#waiting = undefined;
    } else if (this.#status !== undefined) {
      const payload = Uint8Array.of(this.#status >> 8, this.#status & 0xff);
      next = { opcode: Opcode.close, payload, done: undefined };
    }
    if (next !== undefined) this.#send(next);
  }

  #send(next: Outgoing): void {
    const { opcode, payload } = next;
    const needed = HEAD_ROOM + payload.length;
    if (this.#out.length < needed) this.#out = new Uint8Array(Math.max(needed, 2 * this.#out.length));
    const out = this.#out;
    out.set(payload, HEAD_ROOM);
    const mask = this.#client ? crypto.getRandomValues(new Uint8Array(4)) : undefined;
    const start = writeHead(out, HEAD_ROOM, payload.length, opcode, mask);
    this.#inFlight = next;
    this.#inner.write(out.subarray(start, needed), this.#sent);
  }

  readonly #sent = (ok: boolean): void => {
    const sent = this.#inFlight!;
    this.#inFlight = undefined;
    sent.done?.(ok);
    if (sent.opcode === Opcode.close) this.#inner.close();
    else if (ok) this.#pump();
  };
}
