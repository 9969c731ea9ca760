/** Certificates of running sites, with real processes: what becomes of flows when they change, and who is let in. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseLinkFile } from "../../agent/site/link_file.ts";
import { dial } from "../../agent/transport/dial.ts";
import { withNetwork } from "../support/network.ts";
import { SteadyTraffic } from "../support/steady_traffic.ts";
import { connect, echo, readInto, server, writeAll } from "../support/tcp.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const MIB = 1024 * 1024;

/** How often a process has said `text`. */
function said(process: { output(): string }, text: string): number {
  return process.output().split(text).length - 1;
}

/** Sends `octets` of noise, whole MiB, to the echo behind `conn`; true when they come back unchanged. */
async function exchangeMore(conn: Deno.TcpConn, octets: number): Promise<boolean> {
  const sent = createHash("sha256");
  const come = createHash("sha256");
  const block = new Uint8Array(MIB);
  crypto.getRandomValues(block.subarray(0, 65_536));
  const sending = (async () => {
    for (let at = 0; at < octets; at += MIB) {
      block[0] = at / MIB;
      sent.update(block);
      await writeAll(conn, block.slice());
    }
  })();
  const piece = new Uint8Array(MIB);
  for (let at = 0; at < octets; at += MIB) {
    if (!await readInto(conn, piece)) return false;
    come.update(piece);
  }
  await sending;
  return sent.digest("hex") === come.digest("hex");
}

Deno.test("certificates: a flow of 100 MiB runs through while the certificate of the interior is replaced three times", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, hubFolder }) => {
    const port = ports["echo"]!;
    using conn = await connect(port);
    await using traffic = new SteadyTraffic(port);
    assert.ok(await exchangeMore(conn, 25 * MIB));
    for (const [index, host] of ["one.example", "two.example", "three.example"].entries()) {
      const { code, stdout, stderr } = await tendril("link", "generate", "--dir", hubFolder.dir, "--host", host);
      assert.equal(code, 0, stderr);
      // Both roles of the RouterAccess.
      await until(() => said(hub(), "resource changed") >= 2 * (index + 1), LIMIT_MS);
      assert.ok(await exchangeMore(conn, 25 * MIB));
      // Whoever comes now is shown the new one: the old one does not name this host.
      const [link] = parseLinkFile(stdout, "link.yaml");
      const way = { host: "127.0.0.1", port: hubFolder.edgePort, websocket: false, timeoutMs: LIMIT_MS };
      (await dial({ ...way, serverName: host, tls: link.tls }, new AbortController().signal)).destroy();
    }
    const flows = traffic.flows;
    await until(() => traffic.flows > flows + 10, LIMIT_MS);
    assert.deepEqual(traffic.failures, []);
    assert.ok(!/peer gone.*(west|east)/.test(hub().output()), "no edge has lost its link");
  });
});
