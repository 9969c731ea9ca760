/**
 * A {@link Channel} over a node socket, plain or TLS. In: a connected socket whose peer was already judged. Out: bytes by
 * the static read buffers of `static_read.ts`, or by `'data'` events where the runtime does not show those.
 */

import type { Socket } from "node:net";
import type { TendrilError } from "../lib/errors.ts";
import type { Channel, ChannelHandler, PeerIdentity } from "./channel.ts";
import { handlerError, linkError, silentRefusal } from "./link_error.ts";
import { type NativeReads, nativeReads, takeOver } from "./static_read.ts";

/** How long a closing socket waits for the peer to finish, milliseconds. */
export const LINGER_MS = 2000;

/** How a socket is to be driven. */
export interface SocketChannelOptions {
  /** True when this side dialled with a client certificate that the peer may refuse without a word. */
  readonly mayBeRefused?: boolean;
  /** False to read `'data'` events even where static buffers work; for comparison. Default true. */
  readonly fast?: boolean;
  /**
   * Hears that the peer has ended its side; ours goes on until it is ended, too. Without it the end of one side is that of
   * both. For sockets that allow it.
   */
  readonly onEnd?: () => void;
  /** How long `close()` waits for the peer to finish, milliseconds. Default {@link LINGER_MS}. */
  readonly lingerMs?: number;
}

/** See the module comment. */
export class SocketChannel implements Channel {
  readonly peer: PeerIdentity;
  readonly #socket: Socket;
  readonly #options: SocketChannelOptions;
  readonly #reads: NativeReads | undefined;
  #handler: ChannelHandler | undefined;
  #done: ((ok: boolean) => void) | undefined;
  #error: TendrilError | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #state: "held" | "draining" | "open" | "closing" | "closed" = "held";
  #begun = false;
  #paused = false;
  #fast = false;
  #heard = false;

  /** Takes `socket` over, and stops reading from it until `start`. */
  constructor(socket: Socket, peer: PeerIdentity, options: SocketChannelOptions = {}) {
    this.peer = peer;
    this.#socket = socket;
    this.#options = options;
    this.#reads = nativeReads(socket);
    this.#reads?.stop();
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => options.onEnd === undefined ? this.#startLinger() : options.onEnd());
    socket.on("close", () => this.#closed());
  }

  /** True when the channel reads by static buffers; meaningful once bytes flow. */
  get fast(): boolean {
    return this.#fast;
  }

  start(handler: ChannelHandler): void {
    if (this.#handler !== undefined) throw new Error("a channel is started once");
    this.#handler = handler;
    queueMicrotask(() => {
      this.#begun = true;
      if (this.#state === "closed") handler.onClose(this.#error);
      else if (this.#state === "held") this.#drain();
    });
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    if (this.#done !== undefined) throw new Error("a channel carries one write at a time");
    // After the peer's end the stream is ended on our side too, some turns before it says that it is closed.
    if (this.#state === "closing" || this.#state === "closed" || this.#socket.writableEnded) {
      queueMicrotask(() => done(false));
      return;
    }
    this.#done = done;
    this.#socket.write(chunk, this.#written);
  }

  pause(): void {
    if (this.#paused || this.#state === "closing") return;
    this.#paused = true;
    if (this.#state === "open") this.#brake();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#state === "draining") this.#drain();
    else if (this.#state === "open") this.#release();
  }

  /** Ends our side: what was written is sent, then that this was all. The peer may go on. */
  end(): void {
    if (this.#state === "closing" || this.#state === "closed" || this.#socket.writableEnded) return;
    this.#socket.end();
  }

  close(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    const open = this.#state === "open";
    this.#state = "closing";
    this.#startLinger();
    // Unread bytes would turn our end into a reset that destroys what we sent last: read on, and drop.
    if (!open) {
      this.#socket.on("data", noop);
      this.#socket.resume();
      this.#reads?.start();
    } else if (this.#paused) this.#release();
    this.#socket.end();
  }

  destroy(): void {
    if (this.#state === "closed") return;
    this.#state = "closing";
    this.#socket.destroy();
  }

  /** Hands over what arrived before anybody listened, then starts the flow. */
  #drain(): void {
    this.#state = "draining";
    while (!this.#paused) {
      const chunk = this.#socket.read() as Uint8Array | null;
      if (this.#state !== "draining") return;
      if (chunk === null) {
        this.#open();
        return;
      }
      this.#deliver(chunk);
      if (this.#state !== "draining") return;
    }
  }

  #open(): void {
    this.#state = "open";
    if (this.#options.fast !== false) this.#fast = takeOver(this.#socket, this.#deliver);
    // Flowing also without static buffers, because only a flowing stream tells of its end.
    this.#socket.on("data", this.#deliver);
    this.#socket.resume();
    this.#reads?.start();
  }

  readonly #deliver = (chunk: Uint8Array): void => {
    this.#heard = true;
    if (this.#state === "closing" || this.#state === "closed") return;
    try {
      this.#handler!.onData(chunk);
    } catch (error) {
      // A bug above must cost this link only, and must not unwind into native code.
      this.#error ??= handlerError(this.peer.address, error);
      this.destroy();
    }
  };

  readonly #written = (error?: Error | null): void => this.#settle(error === undefined || error === null);

  #settle(ok: boolean): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(ok);
  }

  #brake(): void {
    if (this.#reads !== undefined) this.#reads.stop();
    else this.#socket.pause();
  }

  #release(): void {
    if (this.#reads !== undefined) this.#reads.start();
    else this.#socket.resume();
  }

  #fail(error: unknown): void {
    if (this.#state !== "closing") {
      const reset = (error as { code?: unknown }).code;
      const refused = this.#unheard && (reset === "ECONNRESET" || reset === "EPIPE");
      this.#error ??= refused
        ? silentRefusal(this.peer.address, error)
        : linkError(error, { peer: this.peer.address, handshaking: false });
    }
    this.#socket.destroy();
  }

  #startLinger(): void {
    this.#linger ??= setTimeout(() => this.#socket.destroy(), this.#options.lingerMs ?? LINGER_MS);
  }

  get #unheard(): boolean {
    return this.#options.mayBeRefused === true && !this.#heard;
  }

  #closed(): void {
    clearTimeout(this.#linger);
    if (this.#state !== "closing" && this.#unheard) this.#error ??= silentRefusal(this.peer.address, undefined);
    this.#state = "closed";
    this.#settle(false);
    if (this.#begun) this.#handler!.onClose(this.#error);
  }
}

function noop(): void {}
