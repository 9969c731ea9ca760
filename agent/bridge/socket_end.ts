/**
 * How a socket comes to its end: each side of it is done for itself, and a peer that does nothing any more does not keep it
 * open.
 */

import type { LocalSocket } from "./local_socket.ts";

/** How long the peer may take to close after we have shut our side, in ms. */
const LINGER_MS = 2000;
/** How long it may leave what is to be written last where it is, in ms. */
const STANDSTILL_MS = 300_000;
const STANDSTILL = "the peer takes nothing more of what is written to it";

/** See the head of the file. */
export class SocketEnd {
  /** Nothing more comes from the peer. */
  read = false;
  /** Nothing more goes to it. */
  written = false;
  readonly #conn: LocalSocket;
  readonly #close: (failure: string | undefined) => void;
  #limit: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /** Of `conn`, which `close` closes. */
  constructor(conn: LocalSocket, close: (failure: string | undefined) => void) {
    this.#conn = conn;
    this.#close = close;
  }

  /** What is left to be written goes out, and nothing else happens: the peer has its time to take some of it. */
  awaitReader(): void {
    if (!this.written) this.#closeAfter(STANDSTILL_MS, STANDSTILL);
  }

  /** Everything is written; `last` says that what the peer may still send is of no use. */
  shut(last: boolean): void {
    this.written = true;
    if (this.read) return this.closeWhenDone();
    // A socket that the peer has reset can't be shut any more; that is no failure of what was written.
    this.#conn.closeWrite().catch(() => {});
    // Closing with unread octets would reset the connection, and could cost the peer what it has not read yet.
    if (last) this.#closeAfter(LINGER_MS, undefined);
  }

  /** Closes, if both sides are done. */
  closeWhenDone(): void {
    if (this.read && this.written) this.#close(undefined);
  }

  /** It is closed. */
  over(): void {
    this.#over = true;
    clearTimeout(this.#limit);
  }

  #closeAfter(ms: number, failure: string | undefined): void {
    clearTimeout(this.#limit);
    if (!this.#over) this.#limit = setTimeout(() => this.#close(failure), ms);
  }
}
