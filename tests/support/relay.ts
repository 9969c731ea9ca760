/** A loopback port that leads to another one, and can be cut: what a cable is to a link. */

import { freePort } from "./ports.ts";
import { closeQuietly, connect, writeAll } from "./tcp.ts";

/** See the head of the file. */
export class Relay implements Disposable {
  /** Where to connect. */
  readonly port: number;
  readonly #target: number;
  readonly #conns = new Set<Deno.TcpConn>();
  #listener: Deno.TcpListener | undefined;

  /** Leads to `target`, once something listens there. */
  constructor(target: number) {
    this.#target = target;
    this.port = freePort();
    this.restore();
  }

  /** Connections that go through. */
  get connections(): number {
    return this.#conns.size / 2;
  }

  /** Ends all connections and takes no more. */
  cut(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const conn of this.#conns) closeQuietly(conn);
    this.#conns.clear();
  }

  /** Undoes {@link Relay.cut}. */
  restore(): void {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#listener = listener;
    (async () => {
      for await (const conn of listener) this.#join(conn).catch(() => {});
    })();
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.cut();
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#conns.add(near);
    const far = await connect(this.#target).catch(() => undefined);
    // It may have been cut meanwhile.
    if (far === undefined || !this.#conns.has(near)) {
      if (far !== undefined) closeQuietly(far);
      closeQuietly(near);
      return;
    }
    this.#conns.add(far);
    await Promise.race([pump(near, far), pump(far, near)]).catch(() => {});
    for (const conn of [near, far]) {
      this.#conns.delete(conn);
      closeQuietly(conn);
    }
  }
}

async function pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let octets = await from.read(buffer); octets !== null; octets = await from.read(buffer)) {
    await writeAll(to, buffer.subarray(0, octets));
  }
}
