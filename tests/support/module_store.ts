/** An HTTPS server on loopback that has a module for those who ask, and answers as badly as a test wants it to. */

import { TestAuthority } from "../../agent/transport/testing_certs.ts";

/** How a request is answered; the connection may be held until `ended`, and is closed afterwards. */
export type StoreAnswer = (conn: Deno.TlsConn, ended: Promise<void>) => Promise<void>;

/** The head of an answer with a body of `length` octets. */
export function contentLength(length: number): Uint8Array {
  return new TextEncoder().encode(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`);
}

/** Writes all of `parts`. */
export async function send(conn: Deno.Conn, ...parts: Uint8Array[]): Promise<void> {
  for (const part of parts) for (let at = 0; at < part.length;) at += await conn.write(part.subarray(at));
}

/** See the head of the file. */
export class ModuleStore implements AsyncDisposable {
  /** The authority that vouches for it, PEM. */
  readonly ca: string;
  /** Answers with the whole module. */
  readonly whole: StoreAnswer;
  /** What it does now. */
  answer: StoreAnswer;
  /** Requests so far. */
  requests = 0;
  readonly #listener: Deno.TlsListener;
  readonly #ended = Promise.withResolvers<void>();
  readonly #serving: Promise<void>;

  private constructor(listener: Deno.TlsListener, ca: string, module: Uint8Array) {
    this.#listener = listener;
    this.ca = ca;
    this.whole = this.answer = (conn) => send(conn, contentLength(module.length), module);
    this.#serving = this.#serve();
  }

  /** Starts one that has `module`. */
  static async start(module: Uint8Array): Promise<ModuleStore> {
    const authority = await TestAuthority.create("plugins");
    const { cert, key } = await authority.issue({ name: "localhost", dns: ["localhost"] });
    const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: cert!, key: key! });
    return new ModuleStore(listener, authority.pem, module);
  }

  /** Where the module is. */
  get url(): string {
    return `https://localhost:${this.#listener.addr.port}/module.wasm`;
  }

  /** Ends it, and whatever it holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.resolve();
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const connections: Promise<void>[] = [];
    while (true) {
      try {
        connections.push(this.#take(await this.#listener.accept()));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) break;
      }
    }
    await Promise.all(connections);
  }

  async #take(conn: Deno.TlsConn): Promise<void> {
    try {
      await conn.read(new Uint8Array(4096));
      this.requests++;
      await this.answer(conn, this.#ended.promise);
    } catch {
      // A client that does not trust us, or has seen enough.
    } finally {
      conn.close();
    }
  }
}
