import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { TendrilError } from "../lib/errors.ts";
import { accept } from "./accept.ts";
import { dial, type DialOptions } from "./dial.ts";
import { connectRequest } from "./proxy.ts";
import { TestAuthority } from "./testing_certs.ts";
import { Pattern, Recorder, write } from "./testing_pairs.ts";
import { until } from "../../tests/support/until.ts";

interface TestProxy extends AsyncDisposable {
  readonly port: number;
  /** What clients sent before the tunnel was open. */
  readonly heard: string[];
}

/** A proxy that answers with `answer`; if that is a 200 on a line of its own, it connects where it was asked to. */
async function openProxy(answer: string | undefined): Promise<TestProxy> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    let head = "";
    const onData = (chunk: Uint8Array) => {
      head += String.fromCharCode(...chunk);
      if (!head.includes("\r\n\r\n")) return;
      client.off("data", onData);
      heard.push(head);
      if (answer === undefined) return;
      if (answer !== "tunnel") {
        client.end(Uint8Array.from(answer, (char) => char.charCodeAt(0)));
        return;
      }
      const [, host, port] = /^CONNECT \[?([^\]\s]+?)\]?:(\d+) /.exec(head)!;
      const target = connect({ port: Number(port), host, allowHalfOpen: true }, () => {
        client.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
        client.pipe(target).pipe(client);
      });
      keep(target);
    };
    client.on("data", onData);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function failure(proxy: TestProxy, change: Partial<DialOptions> = {}): Promise<TendrilError> {
  const site = await TestAuthority.create("site");
  const options = {
    host: "127.0.0.1",
    port: 1,
    tls: await site.issue({ name: "west" }),
    websocket: false,
    timeoutMs: 500,
    proxy: { host: "127.0.0.1", port: proxy.port },
    ...change,
  };
  try {
    await dial(options, new AbortController().signal);
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    return error;
  }
  throw new Error("the dial succeeded");
}

for (const [host, websocket] of [["127.0.0.1", false], ["::1", false], ["127.0.0.1", true]] as const) {
  Deno.test(`a link passes a proxy, with credentials, to ${host}${websocket ? " and on in WebSocket" : ""}`, async () => {
    await using proxy = await openProxy("tunnel");
    const site = await TestAuthority.create("site");
    const seen = new Recorder();
    const acceptor = await accept(
      { host, port: 0, tls: await site.issue({ ips: [host] }), handshakeTimeoutMs: 9000, maxConnections: 5, websocket },
      (channel) => channel.start(seen),
      (reason) => assert.fail(reason),
    );
    const channel = await dial({
      host,
      port: acceptor.port,
      tls: await site.issue({ name: "west" }),
      websocket,
      timeoutMs: 9000,
      proxy: { host: "127.0.0.1", port: proxy.port, username: "jörg", password: "a:b" },
    }, new AbortController().signal);
    const client = new Recorder();
    channel.start(client);
    const sent = new Pattern(11).take(1_000_000);
    assert.ok(await write(channel, sent));
    channel.close();
    await seen.closed;
    await client.closed;
    assert.deepEqual(seen.bytes(), sent);
    const authority = host === "::1" ? `[::1]:${acceptor.port}` : `${host}:${acceptor.port}`;
    assert.match(proxy.heard[0], new RegExp(`^CONNECT ${authority.replace(/[[\]]/g, "\\$&")} HTTP/1.1\r\nHost: `));
    const basic = /Proxy-Authorization: Basic (\S+)\r\n/.exec(proxy.heard[0])![1];
    assert.equal(new TextDecoder().decode(Uint8Array.from(atob(basic), (char) => char.charCodeAt(0))), "jörg:a:b");
    await acceptor.close();
    await until(() => acceptor.connections === 0);
  });
}

const ANSWERS: readonly [name: string, answer: string, code: string][] = [
  [
    "wants other credentials",
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
    "LINK_PROXY_AUTH",
  ],
  ["forbids the target", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "LINK_PROXY_REFUSED"],
  ["can't reach the target", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "LINK_PROXY_REFUSED"],
  ["speaks something else", "SSH-2.0-OpenSSH_9.2\r\n", "LINK_PROXY_PROTOCOL"],
  ["answers with bytes", "\x00\xff\x10", "LINK_PROXY_PROTOCOL"],
  ["answers without end", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(2000)}`, "LINK_PROXY_PROTOCOL"],
  ["answers and talks on", "HTTP/1.1 200 OK\r\n\r\nhello", "LINK_PROXY_PROTOCOL"],
  ["hangs up", "", "LINK_PROXY_PROTOCOL"],
  ["hangs up in the middle", "HTTP/1.1 200 O", "LINK_PROXY_PROTOCOL"],
];

for (const [name, answer, code] of ANSWERS) {
  Deno.test(`a proxy that ${name} is reported as such`, async () => {
    await using proxy = await openProxy(answer);
    const error = await failure(proxy);
    assert.equal(error.code, code);
    assert.ok(error.hint !== undefined);
  });
}

Deno.test("a proxy that never answers meets the deadline", async () => {
  await using proxy = await openProxy(undefined);
  assert.equal((await failure(proxy)).code, "LINK_TIMEOUT");
});

Deno.test("a proxy that is not there is told from a router that is not there", async () => {
  const proxy = await openProxy("");
  await proxy[Symbol.asyncDispose]();
  const error = await failure(proxy);
  assert.equal(error.code, "LINK_PROXY_UNREACHABLE");
  assert.equal((error.cause as TendrilError).code, "LINK_REFUSED");
});

Deno.test("credentials of the proxy never show in an error", async () => {
  const proxy = { host: "127.0.0.1", port: 3128, username: "user", password: "sesame" };
  assert.ok(!connectRequest("a.example:1", proxy).includes("sesame"));
  await using deaf = await openProxy("HTTP/1.1 407 No\r\n\r\n");
  const error = await failure(deaf, { proxy: { ...proxy, port: deaf.port } });
  assert.ok(!Deno.inspect(error).includes("sesame"));
});
