import assert from "node:assert/strict";
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { connect, readToEnd } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import type { TendrilError } from "../lib/errors.ts";
import type { Acceptor } from "./accept.ts";
import type { ServerIdentity } from "./channel.ts";
import { openTlsPort, type TlsPortOptions } from "./tls_port.ts";
import { TestAuthority } from "./testing_certs.ts";
import type { TlsStream } from "./tls_stream.ts";

const NAMES = { name: "server", dns: ["localhost"] };
const MIB = 1024 * 1024;

interface Port extends AsyncDisposable {
  readonly acceptor: Acceptor<ServerIdentity>;
  readonly streams: TlsStream[];
  readonly refused: TendrilError[];
  readonly authority: TestAuthority;
}

async function open(options: Partial<TlsPortOptions> = {}): Promise<Port> {
  const authority = await TestAuthority.create("ca");
  const streams: TlsStream[] = [];
  const refused: TendrilError[] = [];
  const acceptor = await openTlsPort(
    { host: "127.0.0.1", port: 0, tls: await authority.issue(NAMES), protocols: [], ...options },
    (stream) => streams.push(stream),
    (reason) => refused.push(reason),
  );
  const dispose = async () => {
    for (const stream of streams) stream.close(true);
    await acceptor.close();
    await until(() => acceptor.connections === 0);
  };
  return { acceptor, streams, refused, authority, [Symbol.asyncDispose]: dispose };
}

/** A client that trusts the port, and whose side ends by itself. */
async function client({ acceptor, authority }: Port, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tlsConnect({
    host: "127.0.0.1",
    port: acceptor.port,
    servername: "localhost",
    ca: authority.pem,
    ...{ allowHalfOpen: true },
    ...options,
  });
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return socket;
}

function received(socket: TLSSocket): { text: string; ended: boolean; closed: boolean; failure: string } {
  const got = { text: "", ended: false, closed: false, failure: "" };
  socket.on("data", (chunk) => got.text += chunk).on("end", () => got.ended = true);
  socket.on("close", () => got.closed = true).on("error", (error) => got.failure = error.message);
  return got;
}

async function readAll(stream: TlsStream): Promise<number> {
  const buffer = new Uint8Array(50_000);
  let total = 0;
  for (let octets = await stream.read(buffer); octets !== null; octets = await stream.read(buffer)) total += octets;
  return total;
}

Deno.test("tls port: each side ends by itself, and what was sent before arrives", async () => {
  await using port = await open();
  const socket = await client(port);
  const got = received(socket);
  socket.end("question");
  await until(() => port.streams.length === 1);
  const [stream] = port.streams as [TlsStream];
  assert.equal(await readAll(stream), 8);
  assert.equal(got.ended, false, "the other side goes on");
  const answer = new TextEncoder().encode("answer ".repeat(100_000));
  assert.equal(await stream.write(answer), answer.length);
  await stream.closeWrite();
  await until(() => got.ended);
  assert.equal(got.text.length, answer.length);
  stream.close();
  await until(() => got.closed);
  assert.equal(got.failure, "");
});

Deno.test("tls port: our side may end first", async () => {
  await using port = await open();
  const socket = await client(port);
  const got = received(socket);
  await until(() => port.streams.length === 1);
  const [stream] = port.streams as [TlsStream];
  await stream.write(new TextEncoder().encode("bye"));
  await stream.closeWrite();
  await until(() => got.ended);
  socket.end(new Uint8Array(3 * MIB));
  assert.equal(await readAll(stream), 3 * MIB);
  assert.equal(got.text, "bye");
});

Deno.test("tls port: who sends faster than it is read is held up", async () => {
  await using port = await open();
  const socket = await client(port);
  await until(() => port.streams.length === 1);
  let taken = 0;
  const chunk = new Uint8Array(MIB);
  const send = () => socket.write(chunk, () => taken++ < 64 && send());
  send();
  let [before, since] = [0, 0];
  await until(() => {
    if (taken !== before) [before, since] = [taken, performance.now()];
    return taken > 0 && performance.now() - since > 500;
  }, 20_000);
  assert.ok(taken < 32, `${taken} MiB went out while nobody read`);
  const [stream] = port.streams as [TlsStream];
  const buffer = new Uint8Array(MIB);
  while (taken < 64) await stream.read(buffer);
  socket.destroy();
});

Deno.test("tls port: a connection that is broken off does not look complete, one that is closed does", async () => {
  await using port = await open();
  for (const broken of [true, false]) {
    const caCerts = [port.authority.pem];
    const conn = await Deno.connectTls({ hostname: "localhost", port: port.acceptor.port, caCerts });
    await conn.handshake();
    await until(() => port.streams.length === (broken ? 1 : 2));
    const stream = port.streams.at(-1)!;
    await stream.write(new TextEncoder().encode("half"));
    stream.close(broken);
    if (broken) await assert.rejects(readToEnd(conn), /close_notify|reset/);
    else assert.equal(await readToEnd(conn), 4);
    conn.close();
  }
});

Deno.test("tls port: a read or write that waits is told when the connection breaks", async () => {
  await using port = await open();
  const socket = await client(port);
  await until(() => port.streams.length === 1);
  const [stream] = port.streams as [TlsStream];
  const reading = stream.read(new Uint8Array(1)).catch((error) => error.code);
  stream.close(true);
  assert.ok([null, "LINK_RESET"].includes(await reading));
  await assert.rejects(stream.write(new Uint8Array(1)), { code: "LINK_RESET" });
  socket.destroy();
});

Deno.test("tls port: what is spoken inside is agreed on, or the client is refused", async () => {
  await using port = await open({ protocols: ["h2"] });
  assert.equal((await client(port, { ALPNProtocols: ["h2", "http/1.1"] })).alpnProtocol, "h2");
  await client(port);
  await assert.rejects(client(port, { ALPNProtocols: ["http/1.1"] }), /NoApplicationProtocol/);
  await until(() => port.refused.length === 1);
  assert.equal(port.refused[0]!.code, "LINK_TLS_PROTOCOL");
  assert.equal(port.streams.length, 2);
});

Deno.test("tls port: who never shakes hands gives way when there are too many, and others are served", async () => {
  await using port = await open();
  const idle = await Promise.all(Array.from({ length: 1024 }, () => connect(port.acceptor.port)));
  await until(() => port.acceptor.connections === 1024);
  // Those that are new are refused while none has been at it for long; then the oldest goes, well before its deadline.
  await until(async () => await client(port).catch(() => undefined) !== undefined, 7000);
  for (const conn of idle) conn.close();
});

Deno.test("tls port: new credentials are shown to who comes, and who is there stays", async () => {
  await using port = await open();
  const before = await client(port);
  const got = received(before);
  const next = await TestAuthority.create("next");
  port.acceptor.renew(await next.issue(NAMES));
  await assert.rejects(client(port), "the old authority does not vouch for it");
  await client({ ...port, authority: next });
  await port.streams[0]!.write(new TextEncoder().encode("still here"));
  await until(() => got.text === "still here");
});

Deno.test("tls port: what is no TLS is refused, with the reason", async () => {
  await using port = await open();
  const conn = await connect(port.acceptor.port);
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await readToEnd(conn).catch(() => {});
  conn.close();
  await until(() => port.refused.length === 1);
  assert.equal(port.refused[0]!.code, "LINK_TLS_PROTOCOL");
});
