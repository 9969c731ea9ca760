/**
 * The TLS client of Deno 2.9 takes a certificate that is not version 3, or is below an intermediate that it can't read,
 * for good if the names of issuer and subject match. These tests are the peers that profit from that.
 */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { until } from "../../tests/support/until.ts";
import { TendrilError } from "../lib/errors.ts";
import { accept } from "./accept.ts";
import type { TlsCredentials } from "./channel.ts";
import { dial } from "./dial.ts";
import { forge, TestAuthority } from "./testing_certs.ts";

const NAMES = { name: "router", dns: ["localhost"], ips: ["127.0.0.1"] };

const GARBAGE = [new Uint8Array(40).fill(0x41), Uint8Array.of(0x30, 3, 2, 1, 1), Uint8Array.of(0x30, 0)];

function pem(bytes: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${btoa(String.fromCharCode(...bytes))}\n-----END CERTIFICATE-----\n`;
}

/** Dials a server that shows `cert`; the code of the refusal, and what the server was sent. */
async function visit(cert: string, key: string, client: TlsCredentials): Promise<{ code: string; sent: number }> {
  const open: TLSSocket[] = [];
  let sent = 0;
  const server = createServer({ cert, key }, (socket) => {
    open.push(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => sent += chunk.length);
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  let code = "accepted";
  try {
    const options = { host: "localhost", port, tls: client, websocket: false, timeoutMs: 9000 };
    (await dial(options, new AbortController().signal)).destroy();
  } catch (error) {
    code = error instanceof TendrilError ? error.code : String(error);
  }
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
  });
  return { code, sent };
}

Deno.test("an honest server is accepted, so that the refusals below mean something", async () => {
  const site = await TestAuthority.create("site");
  const { cert, key } = await site.issue(NAMES);
  assert.equal((await visit(cert, key, await site.issue({ name: "west" }))).code, "accepted");
});

Deno.test("a forged version 1 certificate is refused", async () => {
  const site = await TestAuthority.create("site");
  const { cert, key } = await forge("site", NAMES, "version 1");
  assert.deepEqual(await visit(cert, key, await site.issue({ name: "west" })), {
    code: "LINK_TLS_CERTIFICATE",
    sent: 0,
  });
});

Deno.test("a certificate below a forged authority that the TLS layer can't read is refused", async () => {
  const site = await TestAuthority.create("site");
  const rogue = await TestAuthority.create("middle");
  const { cert, key } = await rogue.issue(NAMES);
  const client = await site.issue({ name: "west" });
  for (const fault of ["version 1", "trailing garbage in an extension"] as const) {
    const middle = await forge("site", { name: "middle", ca: true }, fault);
    assert.deepEqual(await visit(`${cert}\n${middle.cert}`, key, client), { code: "LINK_TLS_CA", sent: 0 });
  }
});

Deno.test("an expired certificate is refused also beside an authority that the TLS layer can't read", async () => {
  const site = await TestAuthority.create("site");
  const past = { notBefore: new Date(Date.now() - 2e7), notAfter: new Date(Date.now() - 1e7) };
  const { cert, key } = await site.issue({ ...NAMES, ...past });
  const middle = await forge("site", { name: "site", ca: true }, "version 1");
  const seen = await visit(`${cert}\n${middle.cert}`, key, await site.issue({ name: "west" }));
  assert.deepEqual(seen, { code: "LINK_TLS_EXPIRED", sent: 0 });
});

Deno.test("a chain that is no certificate at all is refused, and does not take the process down", async () => {
  const site = await TestAuthority.create("site");
  const { cert, key } = await site.issue(NAMES);
  const client = await site.issue({ name: "west" });
  for (const garbage of GARBAGE) {
    const { code } = await visit(`${cert}\n${pem(garbage)}`, key, client);
    assert.equal(code, "LINK_TLS_CERTIFICATE");
  }
});

Deno.test("clients with forged or unreadable chains are refused, and do not take the process down", async () => {
  const site = await TestAuthority.create("site");
  const { cert, key } = await site.issue({ name: "west" });
  const forged = await forge("site", { name: "west" }, "version 1");
  const refused: string[] = [];
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, tls: await site.issue(NAMES), handshakeTimeoutMs: 9000, maxConnections: 10 },
    () => refused.push("accepted"),
    (reason) => refused.push(reason.code),
  );
  const chains = [...GARBAGE.map((each) => ({ cert: `${cert}\n${pem(each)}`, key })), forged];
  for (const chain of chains) {
    const { port } = acceptor;
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca: site.pem, ...chain });
    socket.on("error", () => {});
    socket.on("data", () => {});
    await new Promise<void>((resolve) => socket.on("close", () => resolve()));
  }
  await until(() => refused.length === chains.length);
  assert.deepEqual(new Set(refused), new Set(["LINK_TLS_CERTIFICATE"]));
  await acceptor.close();
});
