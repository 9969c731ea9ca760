import assert from "node:assert/strict";
import { connect } from "node:net";
import { until } from "../../tests/support/until.ts";
import type { TendrilError } from "../lib/errors.ts";
import { accept, type Acceptor } from "./accept.ts";
import type { Channel } from "./channel.ts";
import { dial } from "./dial.ts";
import { TestAuthority } from "./testing_certs.ts";
import { connectPair, Pattern, Recorder, write } from "./testing_pairs.ts";
import { WebSocketChannel } from "./websocket.ts";
import { acceptFor } from "./websocket_client.ts";
import { Opcode } from "./websocket_frame.ts";

interface Port {
  readonly acceptor: Acceptor;
  readonly channels: Channel[];
  readonly refused: TendrilError[];
}

async function withPort(body: (port: Port) => Promise<void>): Promise<void> {
  const channels: Channel[] = [];
  const refused: TendrilError[] = [];
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, handshakeTimeoutMs: 600, maxConnections: 20, websocket: true },
    (channel) => channels.push(channel),
    (reason) => refused.push(reason),
  );
  await body({ acceptor, channels, refused });
  for (const channel of channels) channel.destroy();
  await acceptor.close();
  await until(() => acceptor.connections === 0);
}

/** Sends `pieces` one after the other on a raw connection, and reads to its end. */
async function talk(port: number, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true }).on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let answer = "";
  socket.on("data", (chunk: Uint8Array) => answer += String.fromCharCode(...chunk));
  for (const piece of pieces) {
    socket.write(typeof piece === "string" ? Uint8Array.from(piece, (char) => char.charCodeAt(0)) : piece);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await closed;
  return answer;
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

function request(change: Record<string, string | undefined> = {}): string {
  const fields = {
    Host: "router.example",
    Upgrade: "websocket",
    Connection: "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Protocol": "mqtt, amqp",
    ...change,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${value}`]);
  return `GET /any/path HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

Deno.test("the example of RFC 6455 proves the key", () => {
  assert.equal(acceptFor(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("one secured port serves AMQP as it is and inside WebSocket", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ name: "both", ips: ["127.0.0.1"] });
  const seen: Recorder[] = [];
  const channels: Channel[] = [];
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, tls, handshakeTimeoutMs: 9000, maxConnections: 5, websocket: true },
    (channel) => {
      channels.push(channel);
      seen.push(new Recorder());
      channel.start(seen.at(-1)!);
    },
    (reason) => assert.fail(reason),
  );
  for (const websocket of [false, true]) {
    const options = { host: "127.0.0.1", port: acceptor.port, tls, websocket, timeoutMs: 9000 };
    const client = await dial(options, new AbortController().signal);
    const answers = new Recorder();
    client.start(answers);
    const header = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0, ...new Pattern(1).take(1000));
    assert.ok(await write(client, header));
    await until(() => seen.at(-1)?.length === header.length);
    assert.deepEqual(seen.at(-1)!.bytes(), header);
    assert.equal(channels.at(-1) instanceof WebSocketChannel, websocket);
    assert.equal(channels.at(-1)!.peer.subject, "CN=both");
    assert.equal(client.peer.fingerprint, channels.at(-1)!.peer.fingerprint);
    assert.ok(await write(channels.at(-1)!, header));
    await until(() => answers.length === header.length);
    client.close();
    await answers.closed;
    await seen.at(-1)!.closed;
  }
  await acceptor.close();
  await until(() => acceptor.connections === 0);
});

Deno.test("the first bytes are recognized however they are cut, and delivered whole", async () => {
  await withPort(async ({ acceptor, channels }) => {
    const seen = new Recorder();
    const talking = talk(acceptor.port, "A", "MQ", "P\x00\x01\x00\x00", "more");
    await until(() => channels.length === 1);
    channels[0].start(seen);
    await until(() => seen.length === 12);
    assert.equal(String.fromCharCode(...seen.bytes()), "AMQP\x00\x01\x00\x00more");
    channels[0].close();
    await talking;

    const upgrade = request();
    const over = Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 42);
    const other = talk(acceptor.port, upgrade.slice(0, 2), upgrade.slice(2, 30), upgrade.slice(30), over);
    await until(() => channels.length === 2);
    const inside = new Recorder();
    channels[1].start(inside);
    await until(() => inside.length === 1);
    channels[1].close();
    const answer = await other;
    assert.match(answer, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(answer, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    assert.match(answer, /Sec-WebSocket-Protocol: amqp\r\n/);
    assert.ok(answer.endsWith("\r\n\r\n\x88\x02\x03\xe8"), "and a Close at the end");
  });
});

Deno.test("who speaks neither, or asks for something else, is turned away", async () => {
  await withPort(async ({ acceptor, channels, refused }) => {
    const attempts: [string, RegExp, string][] = [
      ["SSH-2.0\r\n", /^$/, "LINK_PROTOCOL"],
      ["AMQX", /^$/, "LINK_PROTOCOL"],
      ["GET / HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 400 /, "LINK_WS_PROTOCOL"],
      ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 426 /, "LINK_WS_PROTOCOL"],
      [request({ Origin: "https://evil.example" }), /^HTTP\/1\.1 403 /, "LINK_WS_PROTOCOL"],
      [
        request({ "Sec-WebSocket-Version": "8" }),
        /^HTTP\/1\.1 426 .*\r\nSec-WebSocket-Version: 13/,
        "LINK_WS_PROTOCOL",
      ],
      [request({ "Sec-WebSocket-Key": "short" }), /^HTTP\/1\.1 400 /, "LINK_WS_PROTOCOL"],
      [request({ "Sec-WebSocket-Protocol": "mqtt" }), /^HTTP\/1\.1 400 /, "LINK_WS_PROTOCOL"],
      [request({ "Sec-WebSocket-Protocol": undefined }), /^HTTP\/1\.1 400 /, "LINK_WS_PROTOCOL"],
      [request({ Padding: "x".repeat(9000) }), /^HTTP\/1\.1 400 /, "LINK_WS_PROTOCOL"],
    ];
    for (const [bytes, answer, code] of attempts) {
      const before = refused.length;
      assert.match(await talk(acceptor.port, bytes), answer, bytes);
      await until(() => refused.length > before);
      assert.equal(refused.at(-1)!.code, code, bytes);
    }
    for (const bytes of ["", "AM", "GET / HTTP/1.1\r\n"]) {
      await talk(acceptor.port, bytes);
      assert.equal(refused.at(-1)!.code, "LINK_TIMEOUT", "silence has its deadline");
    }
    assert.equal(channels.length, 0);
  });
});

Deno.test("a client of another make is served", async () => {
  await withPort(async ({ acceptor, channels }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${acceptor.port}`, "amqp");
    socket.binaryType = "arraybuffer";
    const answers: Uint8Array[] = [];
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    socket.onmessage = ({ data }) => answers.push(new Uint8Array(data));
    await new Promise((resolve) => socket.onopen = resolve);
    await until(() => channels.length === 1);
    const seen = new Recorder();
    channels[0].start(seen);
    for (const size of [1, 125, 126, 65_535, 65_536, 300_000]) {
      const sent = new Pattern(size).take(size);
      const before = seen.length;
      socket.send(sent.slice());
      await until(() => seen.length === before + size);
      assert.deepEqual(seen.bytes().subarray(before), sent);
      assert.ok(await write(channels[0], sent));
      await until(() => answers.at(-1)?.length === size);
      assert.deepEqual(answers.at(-1), sent);
    }
    socket.close(1000);
    assert.equal((await closed).wasClean, true);
    assert.equal(await seen.closed, undefined);
  });
});

Deno.test("a server of another make is understood, its pings answered", async () => {
  const echoed: Promise<void>[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (incoming) => {
    const { socket, response } = Deno.upgradeWebSocket(incoming, { protocol: "amqp", idleTimeout: 1 });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
    echoed.push(new Promise((resolve) => socket.onclose = () => resolve()));
    return response;
  });
  const options = { host: "127.0.0.1", port: server.addr.port, websocket: true, timeoutMs: 9000 };
  const client = await dial(options, new AbortController().signal);
  const seen = new Recorder();
  client.start(seen);
  // The server drops whoever leaves its pings unanswered for a second.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const sent = new Pattern(9).take(500_000);
  assert.ok(await write(client, sent));
  await until(() => seen.length === sent.length);
  assert.deepEqual(seen.bytes(), sent);
  client.close();
  assert.equal(await seen.closed, undefined);
  await Promise.all(echoed);
  await server.shutdown();
});

Deno.test("a peer that breaks the protocol is told so and dropped, and the owner hears why", async () => {
  await withPort(async ({ acceptor, channels }) => {
    const talking = talk(acceptor.port, request(), Uint8Array.of(0x81, 0x80, 0, 0, 0, 0));
    await until(() => channels.length === 1);
    const seen = new Recorder();
    channels[0].start(seen);
    assert.ok((await talking).endsWith("\x88\x02\x03\xeb"), "1003: AMQP is not text");
    assert.equal((await seen.closed)?.code, "LINK_WS_PROTOCOL");
  });
});

Deno.test("pings are answered between data, however many come", async () => {
  await withPort(async ({ acceptor, channels }) => {
    const socket = connect({ port: acceptor.port, host: "127.0.0.1" });
    const answers: number[] = [];
    socket.on("data", (chunk: Uint8Array) => answers.push(...chunk));
    socket.write(request());
    await until(() => channels.length === 1);
    channels[0].start(new Recorder());
    const begin = answers.length;
    for (let i = 0; i < 3; i++) {
      socket.write(Uint8Array.of(0x80 | Opcode.ping, 0x81, 0, 0, 0, 0, i));
      await until(() => answers.length >= begin + 3 * (i + 1));
    }
    assert.deepEqual(answers.slice(begin), [0x8a, 1, 0, 0x8a, 1, 1, 0x8a, 1, 2]);
    const flood = new Uint8Array(70_000);
    for (let at = 0; at < flood.length; at += 7) flood.set([0x80 | Opcode.ping, 0x81, 0, 0, 0, 0, 9], at);
    socket.write(flood);
    await until(() => answers.length > begin + 9);
    assert.ok(await write(channels[0], new Uint8Array(5)));
    await until(() => answers.slice(-7).join() === "130,5,0,0,0,0,0");
    socket.destroy();
  });
});

Deno.test("data that was written before the end arrives, also if the reader is paused for a while", async () => {
  await using pair = await connectPair("websocket over tls");
  const seen = new Recorder();
  pair.server.start(seen);
  pair.client.start(new Recorder());
  pair.server.pause();
  const sent = new Pattern(4).take(2_000_000);
  const written = write(pair.client, sent);
  setTimeout(() => pair.server.resume(), 50);
  assert.equal(await written, true);
  pair.client.close();
  assert.equal(await seen.closed, undefined);
  assert.deepEqual(seen.bytes(), sent);
});
