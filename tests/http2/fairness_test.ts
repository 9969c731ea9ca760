/** Requests of several clients that share a connection to a server of HTTP/2, and so its window. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { NodeHttp2Server } from "../support/node_http2.ts";
import { testWith } from "../support/programs.ts";
import { writeAll } from "../support/tcp.ts";

/** Octets that one connection may carry each second, on the way to the server. */
const OCTETS_PER_SECOND = 2_000_000;

/** A way to `port` that is slow; its own port, and how to end it. */
function slowWay(port: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const relays: Promise<unknown>[] = [];
  const relay = async (client: Deno.TcpConn) => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    const back = server.readable.pipeTo(client.writable);
    const buffer = new Uint8Array(16_384);
    try {
      for (let octets = await client.read(buffer); octets !== null; octets = await client.read(buffer)) {
        await writeAll(server, buffer.subarray(0, octets));
        await new Promise((resolve) => setTimeout(resolve, octets / OCTETS_PER_SECOND * 1000));
      }
    } finally {
      await server.closeWrite().catch(() => {});
      await back.catch(() => {});
    }
  };
  const accepting = (async () => {
    for await (const client of listener) relays.push(relay(client).catch(() => {}));
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    close: async () => {
      listener.close();
      await accepting;
      await Promise.all(relays);
    },
  };
}

testWith(
  ["node"],
  "http2: a long upload leaves short ones of other clients their share of the server's window",
  async ({ node }) => {
    // It has the window of 65,535 octets that a connection starts with, and grants as much as it has read.
    const [server, port] = await NodeHttp2Server.start(node!);
    await using _ = server;
    const way = slowWay(port);
    await withNetwork({ web: way.port }, async ({ ports }) => {
      const url = `http://127.0.0.1:${ports["web"]}/count`;
      let over = false;
      const piece = new Uint8Array(65_536);
      const long = new AbortController();
      const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(piece) });
      const upload = fetch(url, { method: "POST", body, signal: long.signal }).catch(() => {}).then(() => over = true);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const short = () =>
        fetch(url, { method: "POST", body: new Uint8Array(20_000), signal: AbortSignal.timeout(20_000) });
      const answers = await Promise.all([short(), short(), short()]);
      assert.deepEqual(await Promise.all(answers.map((answer) => answer.text())), ["20000", "20000", "20000"]);
      assert.equal(over, false, "the long one goes on beside them");
      long.abort();
      await upload;
    }, { type: "http1", connectorType: "http2" });
    await way.close();
  },
);
