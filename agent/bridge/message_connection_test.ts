/** HTTP/1.1 from socket to socket: a listener and a connector on one router, real clients and servers. */

import assert from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { closeQuietly, connect, readToEnd, server, type TestServer, writeAll } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { octetsOf, textOf } from "../adaptor/testing_http1.ts";
import { Router } from "../router/router.ts";
import { type LogFields, type Logger, silentLogger } from "../telemetry/log.ts";
import { Connector } from "./connector.ts";
import { Listener } from "./listener.ts";

interface Service extends AsyncDisposable {
  readonly port: number;
  readonly listener: Listener;
  readonly connector: Connector;
  readonly router: Router;
  readonly logged: [string, LogFields | undefined][];
}

/** A port that leads to `target` by way of HTTP messages. */
async function serviceTo(target: number): Promise<Service> {
  const adaptor = await loadBuiltin("http1");
  const router = new Router({ id: "west", role: "edge" });
  const logged: [string, LogFields | undefined][] = [];
  const take = (message: string, fields?: LogFields) => void logged.push([message, fields]);
  const logger: Logger = { debug: take, info: take, warn: take, error: take };
  const host = "127.0.0.1";
  const connector = new Connector(
    { name: "c", routingKey: "web", host, port: target },
    router,
    adaptor,
    logger,
    () => {},
  );
  const listener = new Listener({ name: "l", routingKey: "web", host, port: 0 }, router, adaptor, logger, () => {});
  await until(() => listener.status().open);
  return {
    port: listener.status().port,
    listener,
    connector,
    router,
    logged,
    async [Symbol.asyncDispose]() {
      listener.stop();
      connector.stop();
      await until(() => listener.status().connections + connector.status().connections === 0);
      assert.equal(connector.outstanding, 0, "deliveries are counted off");
    },
  };
}

/** Reads what comes until it ends with `last`. */
async function readUntil(conn: Deno.Conn, last: string): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  while (!text.endsWith(last)) {
    const octets = await conn.read(buffer);
    if (octets === null) throw new Error(`ended after ${JSON.stringify(text)}`);
    text += textOf(buffer.subarray(0, octets));
  }
  return text;
}

/** A server that waits for a request that ends with `last`, then sends `answer`, over and over; counts its connections. */
function scripted(last: string, answer: string): TestServer & { connections: number; readonly asked: string[] } {
  const asked: string[] = [];
  const counted = {
    connections: 0,
    asked,
    ...server(async (conn) => {
      counted.connections++;
      for (;;) {
        asked.push(await readUntil(conn, last));
        await writeAll(conn, octetsOf(answer));
      }
    }),
  };
  return counted;
}

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async function say(port: number, text: string, last: string): Promise<string> {
  const conn = await connect(port);
  try {
    await writeAll(conn, octetsOf(text));
    return await readUntil(conn, last);
  } finally {
    conn.close();
  }
}

async function sayAll(port: number, text: string): Promise<string> {
  const conn = await connect(port);
  let answer = "";
  await writeAll(conn, octetsOf(text));
  await readToEnd(conn, (piece) => answer += textOf(piece));
  conn.close();
  return answer;
}

Deno.test("http1: requests of one client follow each other over one connection to the server", async () => {
  using target = scripted("\r\n\r\n", OK);
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  for (let round = 0; round < 20; round++) {
    await writeAll(conn, octetsOf(GET));
    assert.equal(await readUntil(conn, "ok"), OK);
  }
  conn.close();
  assert.deepEqual([target.connections, target.asked.length], [1, 20]);
});

Deno.test("http1: pipelined requests are answered in order", async () => {
  using target = server(async (conn) => {
    for (;;) {
      const path = / (\S+) /.exec(await readUntil(conn, "\r\n\r\n"))![1]!;
      await writeAll(conn, octetsOf(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`));
    }
  });
  await using service = await serviceTo(target.port);
  const paths = Array.from({ length: 30 }, (_, index) => `/${index}`);
  const asked = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join("");
  const answers = await say(service.port, asked, "/29");
  assert.deepEqual(answers.match(/\/\d+$|\/\d+(?=HTTP)/g), paths);
});

Deno.test("http1: bodies of every size and framing arrive unchanged, both ways", async () => {
  await using target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    const chunked = request.headers.has("chunked");
    return new Response(chunked ? new Blob([body]).stream() : body);
  });
  await using service = await serviceTo(target.addr.port);
  const url = `http://127.0.0.1:${service.port}/`;
  for (const size of [0, 1, 4095, 4096, 8192, 8193, 32_768, 100_000, 3_000_000]) {
    const body = Uint8Array.from({ length: size }, (_, index) => index * 7);
    for (const up of [body, new Blob([body]).stream()]) {
      for (const headers of [{}, { chunked: "yes" }]) {
        const answer = await fetch(url, {
          method: "POST",
          body: up instanceof Uint8Array ? up : new Blob([body]).stream(),
          headers,
        });
        assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), body, `${size} octets`);
      }
    }
  }
});

Deno.test("http1: answers without a body, interim ones and trailers come as they are", async () => {
  const cases: readonly [string, string, string][] = [
    ["HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "\r\n\r\n"],
    [GET, "HTTP/1.1 204 No Content\r\n\r\n", "\r\n\r\n"],
    [GET, 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n', "\r\n\r\n"],
    [GET, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`, "ok"],
    [GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX-T: t\r\n\r\n", "X-T: t\r\n\r\n"],
    [GET, "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n"],
    [GET, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", "\r\n\r\n"],
  ];
  for (const [request, answer, last] of cases) {
    using target = scripted("\r\n\r\n", answer);
    await using service = await serviceTo(target.port);
    // The second request shows that both ends agree on where the first answer ended.
    const conn = await connect(service.port);
    for (let round = 0; round < 2; round++) {
      await writeAll(conn, octetsOf(request));
      assert.equal(await readUntil(conn, last), answer);
    }
    conn.close();
    assert.equal(target.connections, 1);
  }
});

Deno.test("http1: a client that expects 100 gets it before it sends its body", async () => {
  using target = server(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await writeAll(conn, octetsOf("HTTP/1.1 100 Continue\r\n\r\n"));
    assert.equal(await readUntil(conn, "body!"), "body!");
    await writeAll(conn, octetsOf(OK));
  });
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  await writeAll(conn, octetsOf("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"));
  assert.equal(await readUntil(conn, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await writeAll(conn, octetsOf("body!"));
  assert.equal(await readUntil(conn, "ok"), OK);
  conn.close();
});

Deno.test("http1: a response that ends with its connection ends the client's", async () => {
  using target = server(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await writeAll(conn, octetsOf("HTTP/1.0 200 OK\r\nX: y\r\n\r\n"));
    await writeAll(conn, new Uint8Array(300_000).fill(65));
  });
  await using service = await serviceTo(target.port);
  for (const request of [GET, "GET / HTTP/1.0\r\n\r\n"]) {
    const answer = await sayAll(service.port, request);
    assert.equal(answer, `HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n${"A".repeat(300_000)}`);
  }
});

for (
  const [what, request, answer, toServer] of [
    [
      "WebSocket",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    [
      "CONNECT",
      "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
      "HTTP/1.1 200 Fine\r\n\r\n",
      "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
    ],
  ] as const
) {
  Deno.test(`http1: ${what} becomes a tunnel, with what came along at once, and both half-closes`, async () => {
    let asked = "";
    using target = server(async (conn) => {
      asked = await readUntil(conn, "\r\n\r\n");
      await writeAll(conn, octetsOf(`${answer}welcome`));
      const octets = await readToEnd(conn);
      await writeAll(conn, octetsOf(`got ${octets}`));
    });
    await using service = await serviceTo(target.port);
    const conn = await connect(service.port);
    await writeAll(conn, octetsOf(`${request}early`));
    assert.equal(await readUntil(conn, "welcome"), `${answer}welcome`);
    await writeAll(conn, new Uint8Array(2_000_000));
    await conn.closeWrite();
    let rest = "";
    await readToEnd(conn, (piece) => rest += textOf(piece));
    conn.close();
    assert.deepEqual([rest, asked], ["got 2000005", toServer]);
  });
}

Deno.test("http1: a server that takes no more connections does not serve its key, and answers what it has", async () => {
  const accepting = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using service = await serviceTo(accepting.addr.port);
  const reachable: boolean[] = [];
  const unwatch = service.router.addresses.watch("Mweb", undefined, (now) => reachable.push(now));
  const [first, second] = [await connect(service.port), await connect(service.port)];
  await writeAll(first, octetsOf(GET));
  const served = await accepting.accept();
  await readUntil(served, "\r\n\r\n");
  accepting.close();
  await writeAll(second, octetsOf(GET));
  await until(() => reachable.at(-1) === false);
  await writeAll(served, octetsOf(OK));
  assert.equal(await readUntil(first, "ok"), OK);
  assert.match(await readUntil(second, "\n"), /^HTTP\/1\.1 503 /);
  unwatch();
  for (const conn of [first, second, served]) closeQuietly(conn);
});

Deno.test("http1: a server that refuses an upgrade is an answer like any other", async () => {
  using target = scripted("\r\n\r\n", "HTTP/1.1 426 No\r\nContent-Length: 2\r\n\r\nno");
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  for (let round = 0; round < 2; round++) {
    await writeAll(conn, octetsOf("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"));
    await readUntil(conn, "no");
  }
  conn.close();
  assert.equal(target.connections, 1);
});

Deno.test("http1: a target that can't be reached is a 503 that names the site, and status and log say why", async () => {
  await using service = await serviceTo(freePort());
  const answer = await sayAll(service.port, GET);
  assert.match(answer, /^HTTP\/1.1 503 .*Proxy-Status: "west"; error=destination_unavailable.*routing key "web"/s);
  assert.match(service.connector.status().message, /can't reach/);
  assert.ok(service.logged.some(([message]) => message === "target refused"));
});

Deno.test("http1: a target that can't be reached draws no requests away from one that can", async () => {
  using target = scripted("\r\n\r\n", OK);
  await using service = await serviceTo(target.port);
  const dead = new Connector(
    { name: "dead", routingKey: "web", host: "127.0.0.1", port: freePort() },
    service.router,
    await loadBuiltin("http1"),
    silentLogger,
    () => {},
  );
  let left = 400;
  const ask = async () => {
    const conn = await connect(service.port);
    for (; left > 0; left--) {
      await writeAll(conn, octetsOf(GET));
      assert.equal(await readUntil(conn, "\r\n\r\nok"), OK);
    }
    conn.close();
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  assert.match(dead.status().message, /can't reach/);
  dead.stop();
  assert.equal(dead.outstanding, 0);
});

Deno.test("http1: a target that comes back serves its key again", async () => {
  const port = freePort();
  await using service = await serviceTo(port);
  assert.match(await sayAll(service.port, GET), /^HTTP\/1.1 503 /);
  await until(() => !service.listener.status().open);
  const target = Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, () => new Response("back"));
  await until(() => service.listener.status().open);
  assert.equal(await (await fetch(`http://127.0.0.1:${service.listener.status().port}/`)).text(), "back");
  assert.equal(service.connector.status().message, "OK");
  await target.shutdown();
});

Deno.test("http1: nobody serves the key any more: 503 on connections that are open", async () => {
  using target = scripted("\r\n\r\n", OK);
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  await writeAll(conn, octetsOf(GET));
  await readUntil(conn, "ok");
  service.connector.stop();
  await writeAll(conn, octetsOf(GET));
  assert.match(await readUntil(conn, "\n"), /^HTTP\/1.1 503 /);
  conn.close();
});

const broken: readonly [string, string, RegExp][] = [
  ["speaks something else", "SSH-2.0-OpenSSH\r\n\r\n", /^HTTP\/1.1 502 .*http_protocol_error/s],
  ["hangs up", "", /^HTTP\/1.1 502 .*connection_terminated/s],
  ["contradicts itself", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", /^HTTP\/1.1 502 /],
];
for (const [what, answer, expected] of broken) {
  Deno.test(`http1: a server that ${what} is a 502`, async () => {
    using target = server(async (conn) => {
      await readUntil(conn, "\r\n\r\n");
      await writeAll(conn, octetsOf(answer));
    });
    await using service = await serviceTo(target.port);
    assert.match(await sayAll(service.port, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), expected);
  });
}

for (const framing of ["Content-Length: 10", "Transfer-Encoding: chunked"]) {
  Deno.test(`http1: a response that breaks off (${framing}) breaks off at the client too`, async () => {
    using target = server(async (conn) => {
      await readUntil(conn, "\r\n\r\n");
      await writeAll(conn, octetsOf(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhe`));
    });
    await using service = await serviceTo(target.port);
    assert.equal(await sayAll(service.port, GET), `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhe`);
  });
}

Deno.test("http1: a server that closes an idle connection costs no idempotent request", async () => {
  let connections = 0;
  using target = server(async (conn) => {
    connections++;
    await readUntil(conn, "\r\n\r\n");
    await writeAll(conn, octetsOf(OK));
    // The second request is read and not answered.
    await readUntil(conn, "\r\n\r\n");
  });
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  for (let round = 0; round < 5; round++) {
    await writeAll(conn, octetsOf(GET));
    assert.equal(await readUntil(conn, "ok"), OK);
  }
  conn.close();
  assert.equal(connections, 5);
});

Deno.test("http1: an answer before the end of the request reaches the client, and the rest is not sent on", async () => {
  let received = 0;
  using target = server(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await writeAll(conn, octetsOf("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"));
    received = await readToEnd(conn).catch(() => -1);
  });
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  await writeAll(conn, octetsOf("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n"));
  assert.match(await readUntil(conn, "no"), /^HTTP\/1.1 413 /);
  closeQuietly(conn);
  await until(() => service.connector.status().connections === 0);
  assert.ok(received < 1000, `${received} octets`);
});

Deno.test("http1: a client that leaves in the middle of an answer ends it at the server", async () => {
  let ended = false;
  using target = server(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await writeAll(conn, octetsOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    const chunk = octetsOf(`10000\r\n${"A".repeat(65_536)}\r\n`);
    try {
      for (;;) await writeAll(conn, chunk);
    } finally {
      ended = true;
    }
  });
  await using service = await serviceTo(target.port);
  const conn = await connect(service.port);
  await writeAll(conn, octetsOf(GET));
  await conn.read(new Uint8Array(1000));
  conn.close();
  await until(() => ended && service.connector.status().connections === 0);
});

Deno.test("http1: a client that does not read holds its server up, and nobody else", async () => {
  let sent = 0;
  await using target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (!request.url.endsWith("/endless")) return new Response("ok");
    return new Response(
      new ReadableStream({
        pull(controller) {
          sent += 65_536;
          controller.enqueue(new Uint8Array(65_536));
        },
      }),
    );
  });
  await using service = await serviceTo(target.addr.port);
  const conn = await connect(service.port);
  await writeAll(conn, octetsOf("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n"));
  // Others are served all the while, until the server has been held up over 20 of their requests.
  for (let last = -1, same = 0; same < 20; same = sent === last ? same + 1 : 0) {
    last = sent;
    assert.equal(await (await fetch(`http://127.0.0.1:${service.port}/`)).text(), "ok");
  }
  // What fits into the window, and into the buffers of four sockets.
  assert.ok(sent < 64 * 1024 * 1024, `${sent} octets`);
  conn.close();
  await until(() => service.listener.status().connections <= 1);
});

Deno.test("http1: a draining listener ends idle connections, and busy ones after their answer", async () => {
  const release = Promise.withResolvers<void>();
  using target = server(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await release.promise;
    await writeAll(conn, octetsOf(OK));
    await readToEnd(conn);
  });
  await using service = await serviceTo(target.port);
  const idle = await connect(service.port);
  const busy = await connect(service.port);
  await writeAll(busy, octetsOf(GET));
  await until(() => service.connector.outstanding === 1 && service.listener.status().connections === 2);
  service.listener.refuseNew();
  service.connector.refuseNew();
  assert.equal(await readToEnd(idle), 0);
  release.resolve();
  let answer = "";
  await readToEnd(busy, (piece) => answer += textOf(piece));
  assert.equal(answer, OK);
  idle.close();
  busy.close();
  await until(() => service.listener.status().connections === 0);
});
