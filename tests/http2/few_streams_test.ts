/** Servers of HTTP/2 that take few requests of a connection at a time. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { NodeHttp2Server } from "../support/node_http2.ts";
import { testWith } from "../support/programs.ts";

testWith(
  ["node"],
  "http2: a server that takes one request at a time gets many, on as many connections",
  async ({ node }) => {
    const [server, port] = await NodeHttp2Server.start(node!, undefined, 1);
    await using _ = server;
    await withNetwork({ slow: port }, async ({ ports }) => {
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all(Array.from({ length: 30 }, async () => {
          const response = await fetch(`http://127.0.0.1:${ports.slow}/slow`);
          return `${response.status} ${await response.text()}`;
        }));
        assert.deepEqual([...new Set(answers)], ["200 slow"]);
      }
    }, { type: "http1", connectorType: "http2" });
    assert.ok(server.sessions >= 30);
  },
);
