/** HTTP/2 from socket to socket: many messages of one connection at a time, on one router, with real servers. */

import assert from "node:assert/strict";
import { NodeHttp2Server } from "../../tests/support/node_http2.ts";
import { freePort } from "../../tests/support/ports.ts";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { closeQuietly, connect, writeAll } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import {
  Flag,
  type Frame,
  frame,
  framesOf,
  headers,
  join,
  number,
  PREFACE,
  settings,
  Type,
} from "../adaptor/testing_http2.ts";
import { Hpack } from "../adaptor/testing_hpack.ts";
import { Router } from "../router/router.ts";
import { silentLogger } from "../telemetry/log.ts";
import { Connector } from "./connector.ts";
import { Listener } from "./listener.ts";

interface Service extends AsyncDisposable {
  readonly port: number;
  readonly connector: Connector;
}

/** A port that leads to `target`; its clients speak one protocol, the target the other. */
async function serviceTo(target: number, clients: string, servers: string): Promise<Service> {
  const router = new Router({ id: "west", role: "edge" });
  const host = "127.0.0.1";
  const [front, back] = [await loadBuiltin(clients), await loadBuiltin(servers)];
  const spec = { name: "s", routingKey: "web", host };
  const connector = new Connector({ ...spec, port: target }, router, back, silentLogger, () => {});
  const listener = new Listener({ ...spec, port: 0 }, router, front, silentLogger, () => {});
  await until(() => listener.status().open);
  return {
    port: listener.status().port,
    connector,
    async [Symbol.asyncDispose]() {
      listener.stop();
      connector.stop();
      await until(() => listener.status().connections + connector.status().connections === 0);
      assert.equal(connector.outstanding, 0, "deliveries are counted off");
    },
  };
}

/** A client that decides about every frame itself. */
class RawClient implements AsyncDisposable {
  readonly #conn: Deno.TcpConn;
  readonly #hpack: Hpack;
  readonly #read: Promise<void>;
  /** Frames that have come. */
  readonly frames: Frame[] = [];
  /** Header blocks that have come, by stream. */
  readonly heads = new Map<number, string[]>();

  private constructor(conn: Deno.TcpConn, hpack: Hpack) {
    this.#conn = conn;
    this.#hpack = hpack;
    this.#read = this.#readAll();
  }

  /** Connects and says its settings. */
  static async connect(port: number, ...pairs: [number, number][]): Promise<RawClient> {
    // Who is connected has 10 s to say its settings.
    const hpack = await Hpack.create();
    const client = new RawClient(await connect(port), hpack);
    await client.send(PREFACE, settings(...pairs));
    return client;
  }

  /** Sends frames. */
  async send(...parts: Uint8Array[]): Promise<void> {
    await writeAll(this.#conn, join(...parts));
  }

  /** Octets of DATA that have come on a stream. */
  octets(id: number): number {
    return this.frames.reduce(
      (sum, one) => one.type === Type.data && one.id === id ? sum + one.payload.length : sum,
      0,
    );
  }

  /** Octets that may be sent on a stream beyond what it began with. */
  granted(id: number): number {
    const grants = this.frames.filter((one) => one.type === Type.window && one.id === id);
    return grants.reduce((sum, { payload }) => sum + new DataView(payload.buffer).getUint32(0), 0);
  }

  /** Whether a stream's answer is complete. */
  ended(id: number): boolean {
    return this.frames.some(({ type, flags, id: one }) =>
      one === id && type <= Type.headers && (flags & Flag.end) !== 0
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeQuietly(this.#conn);
    await this.#read;
  }

  async #readAll(): Promise<void> {
    let rest = new Uint8Array(0);
    const buffer = new Uint8Array(65_536);
    try {
      for (let octets = await this.#conn.read(buffer); octets !== null; octets = await this.#conn.read(buffer)) {
        rest = join(rest, buffer.subarray(0, octets));
        let whole = 0;
        const view = new DataView(rest.buffer);
        while (rest.length - whole >= 9 && rest.length - whole >= 9 + (view.getUint32(whole) >>> 8)) {
          whole += 9 + (view.getUint32(whole) >>> 8);
        }
        for (const one of framesOf(rest.subarray(0, whole))) {
          this.frames.push(one);
          if (one.type === Type.headers) this.heads.set(one.id, this.#hpack.decode(one.payload)!);
        }
        rest = rest.slice(whole);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) throw error;
    }
  }
}

const get = (id: number, path: string) =>
  headers(id, [":method: GET", ":scheme: http", `:path: ${path}`, ":authority: h"]);
const post = (id: number, path: string) =>
  headers(id, [":method: POST", ":scheme: http", `:path: ${path}`, ":authority: h"], Flag.none);

testWith(
  ["node"],
  "http2: an HTTP/1.1 client reaches an HTTP/2 server, with bodies, cookies and trailers",
  async ({ node }) => {
    const [target, port] = await NodeHttp2Server.start(node!);
    await using _target = target;
    await using service = await serviceTo(port, "http1", "http2");
    const url = `http://127.0.0.1:${service.port}`;
    const answer = await fetch(`${url}/a`);
    assert.equal(await answer.text(), "node /a");
    assert.deepEqual(answer.headers.getSetCookie(), ["a=b", "c=d"]);
    const seen = await (await fetch(`${url}/headers`, { headers: { "X-Case": "Kept" } })).json();
    assert.equal(seen["x-case"], "Kept");
    assert.equal(seen[":authority"], `127.0.0.1:${service.port}`);
    const body = new Uint8Array(3_000_000).fill(7);
    const echoed = await (await fetch(`${url}/echo`, { method: "POST", body })).bytes();
    assert.deepEqual(echoed, body);
    const pieces = new Blob([body]).stream();
    assert.equal(await (await fetch(`${url}/count`, { method: "POST", body: pieces })).text(), "3000000");
    const conn = await connect(service.port);
    await writeAll(conn, new TextEncoder().encode("GET /trailers HTTP/1.1\r\nHost: h\r\n\r\n"));
    let text = "";
    const buffer = new Uint8Array(4096);
    while (!text.endsWith("\r\n\r\n") || !text.includes("\r\n0\r\n")) {
      text += new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!));
    }
    conn.close();
    assert.match(text, /\r\n4\r\nbody\r\n0\r\ngrpc-status: 0\r\nx-more: yes\r\n\r\n$/);
  },
);

testWith(["curl"], "http2: an HTTP/2 client reaches an HTTP/1.1 server", async ({ curl }) => {
  await using target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    return new Response(`${request.method} ${request.url} ${(await request.bytes()).length}`);
  });
  await using service = await serviceTo(target.addr.port, "http2", "http1");
  const url = `http://h:${service.port}`;
  const flags = ["-sS", "--http2-prior-knowledge", "--connect-to", `h:${service.port}:127.0.0.1:${service.port}`];
  const ask = async (...args: string[]) => (await run(curl!, [...flags, ...args])).stdout;
  assert.equal(await ask(`${url}/a?b`), `GET ${url}/a?b 0`);
  assert.equal(await ask("-d", "hello", `${url}/a`), `POST ${url}/a 5`);
  assert.equal(await ask("-H", "Content-Length:", "-d", "x".repeat(100_000), `${url}/a`), `POST ${url}/a 100000`);
});

testWith(["node"], "http2: requests of many clients share connections to the server", async ({ node }) => {
  const [target, port] = await NodeHttp2Server.start(node!);
  await using _target = target;
  await using service = await serviceTo(port, "http2", "http2");
  for (const _ of [1, 2]) {
    await using one = await RawClient.connect(service.port);
    await using other = await RawClient.connect(service.port);
    for (const client of [one, other]) await client.send(...[1, 3, 5, 7, 9].map((id) => get(id, `/${id}`)));
    await until(() => [one, other].every((client) => [1, 3, 5, 7, 9].every((id) => client.ended(id))));
    for (const client of [one, other]) assert.equal(client.heads.get(9)![0], ":status: 200");
  }
  assert.equal(target.sessions, 1);
});

testWith(["node"], "http2: an answer that its client does not take holds up no other", async ({ node }) => {
  const [target, port] = await NodeHttp2Server.start(node!);
  await using _target = target;
  await using service = await serviceTo(port, "http2", "http2");
  await using client = await RawClient.connect(service.port, [4, 0]);
  await client.send(
    frame(Type.window, 0, 0, number(20_000_000)),
    get(1, "/zeros?size=5000000"),
    get(3, "/zeros?size=2000000"),
  );
  await until(() => client.heads.has(1) && client.heads.has(3));
  await client.send(frame(Type.window, 0, 3, number(2_000_000)));
  await until(() => client.ended(3));
  assert.deepEqual([client.octets(1), client.octets(3)], [0, 2_000_000]);
  await client.send(frame(Type.window, 0, 1, number(5_000_000)));
  await until(() => client.ended(1));
  assert.equal(client.octets(1), 5_000_000);
});

testWith(
  ["node"],
  "http2: a request that its server does not take holds up no other, and its client",
  async ({ node }) => {
    const [target, port] = await NodeHttp2Server.start(node!);
    await using _target = target;
    await using service = await serviceTo(port, "http2", "http2");
    await using client = await RawClient.connect(service.port);
    await client.send(post(1, "/never"));
    let sent = 0;
    const window = () => 262_144 + client.granted(1);
    // As fast as grants come, until none has come for as long as another request takes.
    for (let id = 3;; id += 2) {
      const before = sent;
      for (; window() - sent >= 16_384; sent += 16_384) {
        await client.send(
          frame(Type.data, 0, 1, new Uint8Array(16_384)),
        );
      }
      await client.send(get(id, "/ok"));
      await until(() => client.ended(id));
      if (sent === before && window() - sent < 16_384) break;
      assert.ok(sent < 4_000_000, "the client is held up");
    }
    assert.ok(sent >= 262_144);
    await client.send(frame(Type.reset, 0, 1, number(8)));
  },
);

testWith(
  ["node"],
  "http2: what a server refuses to look at is sent again, then answered with 503",
  async ({ node }) => {
    const [target, port] = await NodeHttp2Server.start(node!);
    await using _target = target;
    await using service = await serviceTo(port, "http2", "http2");
    await using client = await RawClient.connect(service.port);
    await client.send(post(1, "/refuse"), frame(Type.data, Flag.end, 1), get(3, "/refuse"), get(5, "/ok"));
    await until(() => [1, 3, 5].every((id) => client.ended(id)));
    assert.deepEqual([1, 3, 5].map((id) => client.heads.get(id)![0]), [":status: 503", ":status: 503", ":status: 200"]);
  },
);

Deno.test("http2: a target that can't be reached is a 503 for each request", async () => {
  await using service = await serviceTo(freePort(), "http2", "http2");
  await using client = await RawClient.connect(service.port);
  await client.send(get(1, "/a"), get(3, "/b"));
  await until(() => client.ended(1) && client.ended(3));
  assert.match(client.heads.get(3)!.join("\n"), /^:status: 503\nproxy-status: "west"; error=destination_unavailable/);
});

testWith(
  ["node"],
  "http2: a server that is lost is a 502 for what it had",
  async ({ node }) => {
    const [first, port] = await NodeHttp2Server.start(node!);
    await using service = await serviceTo(port, "http2", "http2");
    await using client = await RawClient.connect(service.port);
    await client.send(post(1, "/never"), get(3, "/ok"));
    await until(() => client.ended(3));
    await first[Symbol.asyncDispose]();
    await until(() => client.ended(1));
    assert.equal(client.heads.get(1)![0], ":status: 502");
  },
);

testWith(["node"], "http2: what a client cancels ends at the server too, and the rest goes on", async ({ node }) => {
  const [target, port] = await NodeHttp2Server.start(node!);
  await using _target = target;
  await using service = await serviceTo(port, "http2", "http2");
  await using client = await RawClient.connect(service.port);
  const cancel = (id: number) => frame(Type.reset, 0, id, number(8));
  // Before its body, before its answer, and within it.
  await client.send(
    frame(Type.window, 0, 0, number(20_000_000)),
    post(1, "/never"),
    get(3, "/never"),
    get(5, "/zeros?size=5000000"),
  );
  await until(() => client.octets(5) > 0 && service.connector.outstanding === 3);
  await client.send(cancel(1), cancel(3), cancel(5), get(7, "/ok"));
  // What is complete and unanswered stays with its server, which can't be told that nobody waits.
  await until(() => client.ended(7) && service.connector.outstanding <= 1);
  assert.equal(client.heads.get(7)![0], ":status: 200");
  assert.equal(target.sessions, 1);
});

testWith(["node"], "http2: a long body comes back as it went, beside other requests", async ({ node }) => {
  const [target, port] = await NodeHttp2Server.start(node!);
  await using _target = target;
  await using service = await serviceTo(port, "http2", "http2");
  await using client = await RawClient.connect(service.port, [4, 10_000_000]);
  await client.send(frame(Type.window, 0, 0, number(20_000_000)), post(1, "/echo"));
  const body = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251);
  for (let at = 0, id = 3; at < body.length; at += 16_000) {
    await until(() => 262_144 + client.granted(1) >= at + 16_000);
    const last = at + 16_000 >= body.length;
    await client.send(frame(Type.data, last ? Flag.end : 0, 1, body.subarray(at, at + 16_000)));
    if (at % 480_000 === 0) await client.send(get(id, "/ok")), id += 2;
  }
  await until(() => client.ended(1) && client.ended(15));
  const pieces = client.frames.filter(({ type, id }) => type === Type.data && id === 1);
  assert.deepEqual(join(...pieces.map(({ payload }) => payload)), body);
});

testWith(
  ["node"],
  "http2: a body that is given up in the middle of a frame leaves the next frame whole",
  async ({ node }) => {
    const [target, port] = await NodeHttp2Server.start(node!);
    await using _target = target;
    await using service = await serviceTo(port, "http2", "http2");
    await using client = await RawClient.connect(service.port);
    const fields = [":method: POST", ":scheme: http", ":path: /refuse", ":authority: h", "content-length: 1000000"];
    const data = frame(Type.data, 0, 1, new Uint8Array(16_384));
    await client.send(headers(1, fields, Flag.none), data, data.subarray(0, 5000));
    await until(() => client.ended(1));
    assert.equal(client.heads.get(1)![0], ":status: 503");
    await client.send(data.subarray(5000), data, get(3, "/ok"));
    await until(() => client.ended(3));
    assert.equal(client.heads.get(3)![0], ":status: 200");
    // And one whose client goes away in the middle of a frame.
    await client.send(headers(5, fields.with(2, ":path: /never"), Flag.none), data, data.subarray(0, 5000));
    await until(() => service.connector.outstanding === 1);
  },
);
