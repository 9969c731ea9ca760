/** Servers of HTTP/2 that end a connection after some requests, with others under way on it, as nginx does. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { startNginx } from "../support/nginx.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";

const AT_ONCE = 40;
const ROUNDS = 10;

testWith(
  ["nginx"],
  "http2: requests that a server has not looked at when it ends a connection go to the next one, bodies and all",
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "tendril-ended-" });
    const port = freePort();
    const nginx = await startNginx(
      dir,
      "nginx",
      `keepalive_requests 25; server { listen 127.0.0.1:${port} http2; location / { return 200 "$request_method"; } }`,
    );
    try {
      await untilListening(port, nginx, 10_000);
      await withNetwork({ web: port }, async ({ ports }) => {
        const body = new Uint8Array(60_000);
        for (let round = 0; round < ROUNDS; round++) {
          const answers = await Promise.all(Array.from({ length: AT_ONCE }, async () => {
            const response = await fetch(`http://127.0.0.1:${ports.web}/`, { method: "POST", body });
            return `${response.status} ${await response.text()}`;
          }));
          assert.deepEqual([...new Set(answers)], ["200 POST"], `round ${round}`);
        }
      }, { type: "http1", connectorType: "http2" });
    } finally {
      await nginx.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
