/** Clients and servers on loopback, as plain as TCP itself. */

/** A server that {@link server} started; disposing it stops accepting. */
export interface TestServer extends Disposable {
  readonly port: number;
}

/** A server on loopback that handles each connection with `handle`, then closes it. */
export function server(handle: (conn: Deno.TcpConn) => Promise<void>, port = 0): TestServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  (async () => {
    for await (const conn of listener) {
      handle(conn).catch(() => {}).finally(() => closeQuietly(conn));
    }
  })();
  return { port: listener.addr.port, [Symbol.dispose]: () => listener.close() };
}

/** Closes what may be closed already. */
export function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Its handler closed it.
  }
}

/** Connects to a loopback port. */
export function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** Writes all of `bytes`. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Reads to the end, handing every piece to `take`; returns the octets read. */
export async function readToEnd(conn: Deno.Conn, take: (piece: Uint8Array) => void = () => {}): Promise<number> {
  const buffer = new Uint8Array(256 * 1024);
  let total = 0;
  for (let octets = await conn.read(buffer); octets !== null; octets = await conn.read(buffer)) {
    total += octets;
    take(buffer.subarray(0, octets));
  }
  return total;
}

/** Reads exactly `octets`; false when the connection ends or breaks before. */
export function readExactly(conn: Deno.Conn, octets: number): Promise<boolean> {
  return readInto(conn, new Uint8Array(octets));
}

/** Fills `buffer`; false when the connection ends or breaks before. */
export async function readInto(conn: Deno.Conn, buffer: Uint8Array): Promise<boolean> {
  for (let at = 0; at < buffer.length;) {
    const read = await conn.read(buffer.subarray(at)).catch(() => null);
    if (read === null) return false;
    at += read;
  }
  return true;
}

/** Sends back what comes, to the end. */
export async function echo(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let octets = await conn.read(buffer); octets !== null; octets = await conn.read(buffer)) {
    await writeAll(conn, buffer.subarray(0, octets));
  }
  await conn.closeWrite();
}

/** The two ends of a new connection on loopback. */
export async function connectedPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([listener.accept(), connect(listener.addr.port)]);
}
