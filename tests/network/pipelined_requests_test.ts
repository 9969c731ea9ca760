/** A client that sends all of its requests at once, and reads nothing, through edges and an interior. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { connect, server, writeAll } from "../support/tcp.ts";

const REQUESTS = 40;
/** Fits into the window of one message: an answer is complete though nobody reads it. */
const OCTETS = 800 * 1024;
const REQUEST = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${OCTETS}\r\n\r\n`;

Deno.test("pipelined requests of a client that does not read begin no more answers than it has room for", async () => {
  let asked = 0;
  using target = server(async (conn) => {
    const [request, answer] = [new Uint8Array(65_536), new Uint8Array(HEAD.length + OCTETS)];
    new TextEncoder().encodeInto(HEAD, answer);
    // Each request comes in one piece, and the next one after its answer.
    while (await conn.read(request) !== null) {
      asked++;
      await writeAll(conn, answer);
    }
  });
  await withNetwork({ web: target.port }, async ({ ports: { web: port = 0 } }) => {
    const conn = await connect(port);
    await writeAll(conn, new TextEncoder().encode(REQUEST.repeat(REQUESTS)));
    for (let before = -1; asked !== before;) {
      before = asked;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    // The buffers of the system take some MiB.
    assert.ok(asked > 0 && asked < REQUESTS / 2, `${asked} of ${REQUESTS} began`);
    const piece = new Uint8Array(256 * 1024);
    for (let left = REQUESTS * (HEAD.length + OCTETS); left > 0;) {
      left -= await conn.read(piece) ?? assert.fail(`ended with ${left} octets to come`);
    }
    assert.equal(asked, REQUESTS);
    conn.close();
  }, { type: "http1" });
});
