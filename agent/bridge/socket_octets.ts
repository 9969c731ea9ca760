/**
 * Reads and writes of a local socket as the runtime does them, without what `Deno.Conn` wraps around each: a promise
 * more, and a set of promises that is built anew. A connection that lives long leaves those behind as a chain of dead
 * sets, which V8's quick collections walk again and again: 15 MB in 4 s of small requests, and pauses of 5 ms.
 *
 * It leans on names that Deno does not document. Where one is missing the documented ones are used, as for sockets with TLS.
 */

import type { LocalSocket } from "./local_socket.ts";

/** See the head of the file. */
export interface SocketOctets {
  /** Fills the front of `buffer`; resolves to the number of octets, 0 at the end. */
  read(buffer: Uint8Array): Promise<number>;
  /** Resolves to the number of octets taken from the front of `piece`. */
  write(piece: Uint8Array): Promise<number>;
}

/** What is used of the runtime's own interface, as far as it is there. */
export interface RuntimeCore {
  /** The property of a `Deno.Conn` that holds its number among the resources. */
  readonly internalRidSymbol?: symbol;
  /** Reads from a resource; 0 at its end. */
  readonly read?: (rid: number, buffer: Uint8Array) => Promise<number>;
  /** Writes to a resource, and tells how many octets it took. */
  readonly write?: (rid: number, piece: Uint8Array) => Promise<number>;
}

/** The octets of `conn`, which stays the caller's to shut and close; `core` other than the runtime's is for tests. */
export function socketOctets(conn: LocalSocket, core: RuntimeCore | undefined = runtimeCore()): SocketOctets {
  const { internalRidSymbol, read, write } = core ?? {};
  const rid = internalRidSymbol === undefined
    ? undefined
    : (conn as unknown as Record<symbol, unknown>)[internalRidSymbol];
  if (typeof rid !== "number" || typeof read !== "function" || typeof write !== "function") {
    return new DocumentedOctets(conn);
  }
  return new RawOctets(rid, read, write);
}

class RawOctets implements SocketOctets {
  readonly #rid: number;
  readonly #read: (rid: number, buffer: Uint8Array) => Promise<number>;
  readonly #write: (rid: number, piece: Uint8Array) => Promise<number>;

  constructor(rid: number, read: NonNullable<RuntimeCore["read"]>, write: NonNullable<RuntimeCore["write"]>) {
    this.#rid = rid;
    this.#read = read;
    this.#write = write;
  }

  read(buffer: Uint8Array): Promise<number> {
    return this.#read(this.#rid, buffer);
  }

  write(piece: Uint8Array): Promise<number> {
    return this.#write(this.#rid, piece);
  }
}

class DocumentedOctets implements SocketOctets {
  readonly #conn: LocalSocket;

  constructor(conn: LocalSocket) {
    this.#conn = conn;
  }

  async read(buffer: Uint8Array): Promise<number> {
    return await this.#conn.read(buffer) ?? 0;
  }

  write(piece: Uint8Array): Promise<number> {
    return this.#conn.write(piece);
  }
}

function runtimeCore(): RuntimeCore | undefined {
  const { internal } = Deno as unknown as { internal?: symbol };
  if (internal === undefined) return undefined;
  return (Deno as unknown as Record<symbol, { core?: RuntimeCore } | undefined>)[internal]?.core;
}
