/**
 * An HTTP proxy for CONNECT as a program of its own: `connect_proxy.ts ALLOWED_PORT [USER:PASSWORD]`. Prints the port
 * it listens on, then one line per request: the target and the status it was answered.
 */

const [allowed, credentials] = Deno.args;
const expected = credentials === undefined ? undefined : `Basic ${btoa(credentials)}`;

/** Reads up to the empty line that ends the head; a client says nothing more before it is answered. */
async function readHead(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(8192);
  let head = "";
  while (!head.endsWith("\r\n\r\n")) {
    const octets = await conn.read(buffer);
    if (octets === null || head.length > buffer.length) throw new Error("no request");
    head += new TextDecoder().decode(buffer.subarray(0, octets));
  }
  return head;
}

async function serve(conn: Deno.Conn): Promise<void> {
  const head = await readHead(conn);
  const target = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head);
  const authorization = /^proxy-authorization: (.*)\r$/im.exec(head)?.[1];
  const answer = async (status: string) => {
    console.log(`${target?.[1]}:${target?.[2]} ${status}`);
    await conn.write(new TextEncoder().encode(`HTTP/1.1 ${status}\r\n\r\n`));
  };
  if (expected !== undefined && authorization !== expected) return await answer("407 Proxy Authentication Required");
  if (target?.[2] !== allowed) return await answer("403 Forbidden by the house");
  using far = await Deno.connect({ hostname: target[1], port: Number(target[2]) });
  await answer("200 Connection established");
  await Promise.all([
    conn.readable.pipeTo(far.writable, { preventCancel: true }),
    far.readable.pipeTo(conn.writable, { preventCancel: true }),
  ]);
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on ${listener.addr.port}`);
for await (const conn of listener) {
  serve(conn).catch(() => {}).finally(() => {
    try {
      conn.close();
    } catch {
      // It is closed.
    }
  });
}
