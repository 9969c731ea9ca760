import assert from "node:assert/strict";
import { connect as connectTls, createServer, type TLSSocket } from "node:tls";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { until } from "../../tests/support/until.ts";
import { TendrilError } from "../lib/errors.ts";
import { accept } from "./accept.ts";
import type { Channel, TlsCredentials } from "./channel.ts";
import { type HttpsRequest, requestHttps } from "./http_client.ts";
import { type HttpHandler, type HttpServerOptions, serveHttps } from "./http_server.ts";
import { forge, TestAuthority } from "./testing_certs.ts";

const NAMES = { name: "grants", dns: ["localhost", "127.0.0.1"], ips: ["127.0.0.1"] };
const encoder = new TextEncoder();

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly ca: string;
  readonly refused: TendrilError[];
  connections(): number;
}

const echo: HttpHandler = async (request) => {
  const { pathname, search } = new URL(request.url);
  const text = `${request.method} ${pathname}${search} ${request.headers.get("name")} ${await request.text()}`;
  return new Response(text, { status: 201 });
};

async function serve(handler = echo, options: Partial<HttpServerOptions> = {}): Promise<Server> {
  const tls = options.tls ?? await (await TestAuthority.create("grants")).issue(NAMES);
  const refused: TendrilError[] = [];
  const server = await serveHttps(
    {
      host: "127.0.0.1",
      port: 0,
      tls,
      maxConnections: 20,
      maxPerAddress: 20,
      maxBody: 100,
      timeoutMs: 9000,
      ...options,
    },
    handler,
    (reason) => refused.push(reason),
  );
  const dispose = async () => {
    await server.close();
    await until(() => server.connections === 0);
  };
  return {
    port: server.port,
    ca: tls.ca,
    refused,
    connections: () => server.connections,
    [Symbol.asyncDispose]: dispose,
  };
}

function ask({ port, ca }: Pick<Server, "port" | "ca">, options: Partial<HttpsRequest> & { path?: string } = {}) {
  return requestHttps({
    url: new URL(`https://127.0.0.1:${port}${options.path ?? "/x"}`),
    ca,
    method: "POST",
    headers: { name: "west" },
    body: encoder.encode("code"),
    maxBody: 100_000,
    timeoutMs: 9000,
    ...options,
  });
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(() => undefined, (error) => error);
  return error instanceof TendrilError ? error.code : String(error);
}

/** Sends `text` as it is; what comes back until the server hangs up. */
function send({ port, ca }: Server, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connectTls({ host: "127.0.0.1", port, ca, servername: "localhost" });
    socket.on("secureConnect", () => socket.write(text));
    socket.on("data", (chunk) => answer += chunk).on("error", () => {}).on("close", () => resolve(answer));
  });
}

Deno.test("https: a request reaches the handler, and its answer comes back", async () => {
  await using server = await serve();
  assert.deepEqual(await ask(server, { path: "/a?b=c" }), { status: 201, text: "POST /a?b=c west code" });
  assert.deepEqual(await ask(server, { method: "GET", body: new Uint8Array() }), {
    status: 201,
    text: "GET /x west ",
  });
  assert.deepEqual(server.refused, []);
});

Deno.test("https: a body in chunks is a body", async () => {
  await using server = await serve();
  const chunked = "POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nco\r\n2\r\nde\r\n0\r\n\r\n";
  assert.match(await send(server, chunked), /^HTTP\/1\.1 201 [\s\S]*\r\n\r\nPOST \/x null code$/);
});

Deno.test("https: malformed and oversized requests are answered as such, and reported", async () => {
  await using server = await serve();
  const cases: [string, RegExp][] = [
    ["hello\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["POST x HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["POST //[ HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 (201|400) /],
    ["TRACE / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["POST / HTTP/1.1\r\ncontent-length: 101\r\n\r\n", /^HTTP\/1\.1 413 /],
    [`POST / HTTP/1.1\r\nx: ${"y".repeat(9000)}\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ];
  for (const [text, expected] of cases) assert.match(await send(server, text), expected, text.slice(0, 60));
  assert.deepEqual(new Set(server.refused.map(({ code }) => code)), new Set(["HTTP_REQUEST"]));
});

Deno.test("https: a server that is closed answers what it has begun, and nothing else", async () => {
  const begun = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const tls = await (await TestAuthority.create("grants")).issue(NAMES);
  const server = await serveHttps(
    { host: "127.0.0.1", port: 0, tls, maxConnections: 9, maxPerAddress: 9, maxBody: 100, timeoutMs: 9000 },
    async () => {
      begun.resolve();
      await released.promise;
      return new Response("late");
    },
    () => {},
  );
  const asked = ask({ port: server.port, ca: tls.ca });
  await begun.promise;
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await until(() => server.connections === 2);
  const closed = server.close();
  assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null);
  assert.equal(await codeOf(ask({ port: server.port, ca: tls.ca })), "LINK_REFUSED");
  released.resolve();
  assert.deepEqual(await asked, { status: 200, text: "late" });
  await closed;
});

Deno.test("https: what the handler throws is told to us, not to the client", async () => {
  await using server = await serve(() => Promise.reject(new Error("the secret is 42")));
  assert.deepEqual(await ask(server), { status: 500, text: "internal error\n" });
  assert.deepEqual(server.refused.map(({ code }) => code), ["HTTP_HANDLER"]);
});

Deno.test("https: whoever is silent, or slow with head or body, is sent away at the deadline", async () => {
  await using server = await serve(echo, { timeoutMs: 300 });
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const gone = silent.read(new Uint8Array(1)).catch(() => null);
  const heads = ["POST / HT", "POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nco"];
  for (const text of heads) assert.match(await send(server, text), /^HTTP\/1\.1 408 /);
  assert.equal(await gone, null);
  assert.deepEqual(server.refused.map(({ code }) => code).sort(), ["HTTP_REQUEST", "HTTP_REQUEST", "LINK_TIMEOUT"]);
});

Deno.test("https: a client that does not fetch its answer is dropped", async () => {
  const large = () => Promise.resolve(new Response(new Uint8Array(32 << 20)));
  await using server = await serve(large, { timeoutMs: 500 });
  const target = { hostname: "localhost", port: server.port, caCerts: [server.ca] };
  using client = await Deno.connectTls(target);
  await client.write(encoder.encode("GET / HTTP/1.1\r\n\r\n"));
  await until(() => server.connections() === 1);
  await until(() => server.connections() === 0);
});

Deno.test("https: no more connections are taken than were allowed", async () => {
  await using server = await serve(echo, { maxConnections: 2 });
  using _one = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  using _two = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  assert.match(await codeOf(ask(server)), /^LINK_(RESET|FAILED)$/);
  assert.deepEqual(server.refused.map(({ code }) => code), ["ACCEPT_LIMIT"]);
});

Deno.test("https: one address does not take the connections of another", async () => {
  await using server = await serve(echo, { maxConnections: 5, maxPerAddress: 2 });
  const from = (localAddress: string) => {
    const socket = connectTcp({ host: "127.0.0.1", port: server.port, localAddress }).on("error", () => {});
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    return { closed, end: () => socket.destroy() };
  };
  const crowd = Array.from({ length: 4 }, () => from("127.0.0.2"));
  await until(() => server.refused.length === 2);
  assert.equal((await ask(server)).status, 201);
  for (const { end } of crowd) end();
  await Promise.all(crowd.map(({ closed }) => closed));
  assert.deepEqual(server.refused.slice(0, 2).map(({ code }) => code), ["ACCEPT_LIMIT", "ACCEPT_LIMIT"]);
});

Deno.test("https: a server of another CA, another name or another time is told apart before a byte is sent", async () => {
  const authority = await TestAuthority.create("grants");
  const hour = 3_600_000;
  const at = (from: number) => ({
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + from + hour),
  });
  const other = await (await TestAuthority.create("grants")).issue(NAMES);
  const cases: [string, TlsCredentials][] = [
    ["LINK_TLS_CA", { ...other, ca: authority.pem }],
    ["LINK_TLS_NAME", await authority.issue({ name: "127.0.0.1", dns: ["elsewhere.example"] })],
    ["LINK_TLS_NOT_YET_VALID", await authority.issue({ ...NAMES, ...at(hour) })],
    ["LINK_TLS_EXPIRED", await authority.issue({ ...NAMES, ...at(-2 * hour) })],
    ["LINK_TLS_CERTIFICATE", { ...await forge("grants", NAMES, "version 1"), ca: authority.pem }],
  ];
  for (const [code, { cert, key }] of cases) {
    let seen = 0;
    const peers: TLSSocket[] = [];
    const server = createServer({ cert, key }, (socket) => {
      peers.push(socket);
      socket.on("error", () => {}).on("data", (chunk) => seen += chunk.length);
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as AddressInfo;
    assert.equal(await codeOf(ask({ port, ca: authority.pem })), code);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of peers) socket.destroy();
    });
    assert.equal(seen, 0);
  }
});

Deno.test("https: answers that are cut off, endless or no HTTP are refused", async () => {
  const tls = await (await TestAuthority.create("grants")).issue(NAMES);
  let answer = "";
  const server = createServer({ cert: tls.cert, key: tls.key }, (socket) => {
    socket.on("error", () => {}).on("data", () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const head = "HTTP/1.1 200 OK\r\n";
  for (
    const text of [
      head,
      `${head}content-length: 9\r\n\r\nshort`,
      `${head}transfer-encoding: chunked\r\n\r\n4\r\nwest\r\n`,
      `${head}\r\n${"x".repeat(100_001)}`,
      "SSH-2.0-OpenSSH_9.6\r\n",
    ]
  ) {
    answer = text;
    assert.match(await codeOf(ask({ port, ca: tls.ca })), /^HTTP_ANSWER$/, text.slice(0, 50));
  }
  answer = `${head}transfer-encoding: chunked\r\n\r\n4\r\nwest\r\n0\r\n\r\n`;
  assert.equal((await ask({ port, ca: tls.ca })).text, "west");
  answer = `${head}\r\nuntil the end`;
  assert.equal((await ask({ port, ca: tls.ca })).text, "until the end");
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

testWith(["openssl"], "https: nothing older than TLS 1.3 is spoken", async () => {
  await using server = await serve();
  const { stderr, stdout } = await run("openssl", ["s_client", "-connect", `127.0.0.1:${server.port}`, "-tls1_2"]);
  assert.match(stderr + stdout, /alert protocol version|alert handshake failure/);
});

testWith(
  ["openssl"],
  "https: a session ticket of this server opens no port for links, whatever signed it",
  async () => {
    const authority = await TestAuthority.create("site");
    const credentials = await authority.issue(NAMES);
    // The worst case: the same authority, the same certificate, at once the server's and the links'.
    await using server = await serve(echo, { tls: credentials });
    for (const websocket of [false, true]) {
      const let_in: Channel[] = [];
      const refused: TendrilError[] = [];
      const port = await accept(
        { host: "127.0.0.1", port: 0, tls: credentials, handshakeTimeoutMs: 9000, maxConnections: 9, websocket },
        (channel) => let_in.push(channel),
        (reason) => refused.push(reason),
      );
      const ticket = await Deno.makeTempFile();
      const openssl = (port: number, flag: string) => {
        const command =
          `(printf "POST / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n"; sleep 0.5) | timeout 3 openssl s_client "$@"`;
        return run("sh", ["-c", command, "sh", "-connect", `127.0.0.1:${port}`, "-tls1_3", flag, ticket]);
      };
      await openssl(server.port, "-sess_out");
      assert.ok((await Deno.stat(ticket)).size > 0, "the server gave a ticket");
      await openssl(port.port, "-sess_in");
      await until(() => refused.length > 0);
      // Any other reason would mean that the ticket was not taken, and that this test tests nothing.
      assert.deepEqual(refused.map(({ code }) => code), ["LINK_TLS_RESUMED"]);
      assert.equal(let_in.length, 0);
      await Deno.remove(ticket);
      await port.close();
    }
  },
);
