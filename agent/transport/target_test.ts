import assert from "node:assert/strict";
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { freePort } from "../../tests/support/ports.ts";
import { server as plainServer } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import type { TendrilError } from "../lib/errors.ts";
import { dialTarget, type TargetOptions } from "./target.ts";
import { TestAuthority } from "./testing_certs.ts";
import type { TlsStream } from "./tls_stream.ts";

const NAMES = { name: "target", dns: ["localhost"] };
const HOUR = 3_600_000;
const trusted = await TestAuthority.create("ca");

interface TestTarget extends AsyncDisposable {
  readonly port: number;
  readonly sockets: TLSSocket[];
}

/** A target with TLS that echoes. */
async function target(options: TlsOptions): Promise<TestTarget> {
  const sockets: TLSSocket[] = [];
  const server = createServer(options, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {}).on("data", (chunk) => socket.write(chunk));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const dispose = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, sockets, [Symbol.asyncDispose]: dispose };
}

function dial(port: number, options: Partial<TargetOptions> = {}): Promise<TlsStream> {
  const signal = new AbortController().signal;
  const tls = { ca: trusted.pem };
  const way = { host: "localhost", port, tls, verifyHostname: true, protocols: [], timeoutMs: 9000 };
  return dialTarget({ ...way, ...options }, signal);
}

/** The code of the failure to dial; it has a next step, and speaks of no link. */
async function codeOf(dialling: Promise<TlsStream>): Promise<string> {
  const error = await dialling.then((stream) => stream.close(true), (error: TendrilError) => error);
  if (error === undefined) return "no error";
  assert.match(error.hint ?? "", /^[A-Z].*\.$/);
  assert.doesNotMatch(`${error.message} ${error.hint}`, /\blink\b|\bpeer\b/i);
  return error.code;
}

Deno.test("target: one that is what it should be carries octets both ways", async () => {
  await using one = await target(await trusted.issue(NAMES));
  const stream = await dial(one.port);
  await stream.write(new Uint8Array([42]));
  const buffer = new Uint8Array(10);
  assert.deepEqual([await stream.read(buffer), buffer[0]], [1, 42]);
  assert.equal(one.sockets[0]!.alpnProtocol, false);
  stream.close();
});

Deno.test("target: what is wrong with its certificate is told by a code of its own", async () => {
  const other = await TestAuthority.create("other");
  const past = { notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) };
  const future = { notBefore: new Date(Date.now() + HOUR), notAfter: new Date(Date.now() + 2 * HOUR) };
  const cases = [
    ["TARGET_TLS_CA", await other.issue(NAMES)],
    ["TARGET_TLS_NAME", await trusted.issue({ name: "localhost", dns: ["elsewhere.example"] })],
    ["TARGET_TLS_EXPIRED", await trusted.issue({ ...NAMES, ...past })],
    ["TARGET_TLS_EXPIRED", await trusted.issue({ ...NAMES, ...future })],
    ["TARGET_TLS_CA", await trusted.issue({ ...NAMES, purposes: ["client"] })],
  ] as const;
  for (const [code, identity] of cases) {
    await using one = await target(identity);
    assert.equal(await codeOf(dial(one.port)), code);
  }
});

Deno.test("target: without verifyHostname the name is not looked at, and everything else is", async () => {
  await using elsewhere = await target(await trusted.issue({ dns: ["elsewhere.example"] }));
  (await dial(elsewhere.port, { verifyHostname: false })).close(true);
  await using stranger = await target(await (await TestAuthority.create("other")).issue(NAMES));
  assert.equal(await codeOf(dial(stranger.port, { verifyHostname: false })), "TARGET_TLS_CA");
});

Deno.test("target: one that is not there, or speaks no TLS, is told so", async () => {
  assert.equal(await codeOf(dial(freePort())), "TARGET_UNREACHABLE");
  using plain = plainServer(async (conn) => {
    await conn.read(new Uint8Array(100));
    await conn.write(new TextEncoder().encode("SSH-2.0-x\r\n"));
  });
  assert.equal(await codeOf(dial(plain.port)), "TARGET_TLS");
  using silent = plainServer(async (conn) => {
    while (await conn.read(new Uint8Array(1000)).catch(() => null) !== null);
  });
  assert.equal(await codeOf(dial(silent.port, { timeoutMs: 300 })), "TARGET_UNREACHABLE");
});

Deno.test("target: it must speak what it is to speak; HTTP/1.1 needs no word for that", async () => {
  const identity = await trusted.issue(NAMES);
  await using h2 = await target({ ...identity, ALPNProtocols: ["h2"] });
  await using silent = await target(identity);
  const stream = await dial(h2.port, { protocols: ["h2"] });
  await until(() => h2.sockets.length === 1);
  assert.equal(h2.sockets[0]!.alpnProtocol, "h2");
  stream.close(true);
  (await dial(silent.port, { protocols: ["http/1.1"] })).close(true);
  assert.equal(await codeOf(dial(silent.port, { protocols: ["h2"] })), "TARGET_TLS_PROTOCOL");
  assert.equal(await codeOf(dial(h2.port, { protocols: ["http/1.1"] })), "TARGET_TLS_PROTOCOL");
});

Deno.test("target: who we are is shown where it is known, and a refusal is told though it comes late", async () => {
  const identity = await trusted.issue(NAMES);
  await using one = await target({ ...identity, ca: trusted.pem, requestCert: true, rejectUnauthorized: true });
  const client = await trusted.issue({ name: "us" });
  const stream = await dial(one.port, { tls: client });
  await until(() => one.sockets.length === 1);
  assert.equal(one.sockets[0]!.getPeerCertificate().subject.CN, "us");
  stream.close(true);
  const stranger = await (await TestAuthority.create("other")).issue({ name: "us" }, trusted.pem);
  for (const tls of [{ ca: trusted.pem }, stranger]) {
    const told: string[] = [];
    const stream = await dial(one.port, { tls, onRejected: ({ code }) => told.push(code) }).catch(({ code }) => {
      told.push(code);
    });
    await stream?.read(new Uint8Array(1)).catch(() => {});
    await until(() => told.length > 0);
    assert.deepEqual(told, ["TARGET_TLS_REJECTED"]);
  }
});

Deno.test("target: dialling ends with its signal, and leaves nothing open", async () => {
  let clients = 0;
  using silent = plainServer(async (conn) => {
    clients++;
    while (await conn.read(new Uint8Array(1000)).catch(() => null) !== null);
    clients--;
  });
  const stop = new AbortController();
  const tls = { ca: trusted.pem };
  const way = { host: "localhost", port: silent.port, tls, verifyHostname: true, protocols: [], timeoutMs: 9000 };
  const dialling = dialTarget(way, stop.signal);
  await until(() => clients === 1);
  stop.abort(new Error("the site is stopping"));
  await assert.rejects(dialling);
  await until(() => clients === 0);
});
