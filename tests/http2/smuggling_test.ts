/**
 * Requests that change between HTTP/1.1 and HTTP/2 on their way: what two readers might take in two ways is refused, or passed on in
 * one reading, with Node's servers as the other readers.
 */

import assert from "node:assert/strict";
import { loadBuiltin } from "../../agent/adaptor/builtin.ts";
import type { AdaptorModule } from "../../agent/adaptor/action.ts";
import { octetsOf, type ReadRequest, readRequests, textOf, writeRequests } from "../../agent/adaptor/testing_http1.ts";
import {
  block,
  Flag,
  frame,
  headers,
  join,
  MemoryConnection,
  PREFACE,
  settings,
  Type,
} from "../../agent/adaptor/testing_http2.ts";
import { NodeOracle, type OracleRequest } from "../support/node_http.ts";
import { testWith } from "../support/programs.ts";

const POST = [":method: POST", ":scheme: http", ":path: /a", ":authority: h"];
const GET = [":method: GET", ...POST.slice(1)];
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
const LAST_CHUNK = `0\r\n\r\n${SMUGGLED}`;
/** With one line of the head in another form. */
const but = (name: string, line: string) => POST.map((field) => field.startsWith(`:${name}:`) ? line : field);
const without = (name: string) => POST.filter((field) => !field.startsWith(`:${name}:`));

/** A request of HTTP/2: its fields, the octets of each DATA frame, its trailers. */
interface Case {
  readonly fields: readonly string[];
  readonly body?: readonly string[];
  readonly trailers?: readonly string[];
}

/** What must not come through, in whatever form. */
const refused: Readonly<Record<string, Case>> = {
  "a length of 0 and a body": { fields: [...POST, "content-length: 0"], body: [SMUGGLED] },
  "a length that is too short": { fields: [...POST, "content-length: 5"], body: [`hello${SMUGGLED}`] },
  "a length that is too short, cut there": { fields: [...POST, "content-length: 5"], body: ["hello", SMUGGLED] },
  "a length that is too long": { fields: [...POST, "content-length: 50"], body: ["hello"] },
  "a length and nothing": { fields: [...POST, "content-length: 5"] },
  "two lengths": { fields: [...POST, "content-length: 5", "content-length: 6"], body: ["hello"] },
  "two equal lengths": { fields: [...POST, "content-length: 5", "content-length: 5"], body: ["hello"] },
  "a list of lengths": { fields: [...POST, "content-length: 5, 5"], body: ["hello"] },
  "a length with a sign": { fields: [...POST, "content-length: +5"], body: ["hello"] },
  "a negative length": { fields: [...POST, "content-length: -5"], body: ["hello"] },
  "a length in hex": { fields: [...POST, "content-length: 0x5"], body: ["hello"] },
  "a length with a point": { fields: [...POST, "content-length: 5.0"], body: ["hello"] },
  "a length with a tab": { fields: [...POST, "content-length: 5\t"], body: ["hello"] },
  "a length with a space inside": { fields: [...POST, "content-length: 5 5"], body: ["hello"] },
  "a length without digits": { fields: [...POST, "content-length: "], body: ["hello"] },
  "a length of 2^64 and 5": { fields: [...POST, "content-length: 18446744073709551621"], body: ["hello"] },
  "chunks": { fields: [...POST, "transfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks and a length": {
    fields: [...POST, "transfer-encoding: chunked", "content-length: 41"],
    body: [LAST_CHUNK],
  },
  "a coding": { fields: [...POST, "transfer-encoding: identity"], body: [LAST_CHUNK] },
  "chunks in upper case": { fields: [...POST, "Transfer-Encoding: chunked"], body: [LAST_CHUNK] },
  "chunks behind a space": { fields: [...POST, " transfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks before a space": { fields: [...POST, "transfer-encoding : chunked"], body: [LAST_CHUNK] },
  "chunks behind a tab": { fields: [...POST, "\ttransfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks behind a null": { fields: [...POST, "\0transfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks in a value": { fields: [...POST, "x: y\r\ntransfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks in a value, by LF": { fields: [...POST, "x: y\ntransfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks in a value, by CR": { fields: [...POST, "x: y\rtransfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks in a name": { fields: [...POST, "x\r\ntransfer-encoding: chunked"], body: [LAST_CHUNK] },
  "chunks in a name with a colon": { fields: [...POST, "transfer-encoding:chunked: x"], body: [LAST_CHUNK] },
  "a request in a value": { fields: [...GET, `x: y\r\n\r\n${SMUGGLED}`] },
  "a request in a cookie": { fields: [...GET, `cookie: a=b\r\n\r\n${SMUGGLED}`] },
  "a request in the second of two cookies": { fields: [...GET, "cookie: a=b", `cookie: c\r\n\r\n${SMUGGLED}`] },
  "a null in a value": { fields: [...GET, "x: y\0z"] },
  "a folded value": { fields: [...GET, "x: y\r\n z"] },
  "a value that ends with CR": { fields: [...GET, "x: y\r"] },
  "a value that is no UTF-8": { fields: [...GET, "x: \xff\xfe"] },
  "a request in the method": { fields: but("method", `:method: ${SMUGGLED}GET`) },
  "a method with a space": { fields: but("method", ":method: GET /b") },
  "a method with a tab": { fields: but("method", ":method: GET\t") },
  "a method without octets": { fields: but("method", ":method: ") },
  "a method with a line end": { fields: but("method", ":method: GET\r\n") },
  "a method with a null": { fields: but("method", ":method: GET\0") },
  "a version in the path": { fields: but("path", ":path: /a HTTP/1.1") },
  "a request in the path": { fields: but("path", `:path: /a HTTP/1.1\r\nHost: h\r\n\r\n${SMUGGLED}`) },
  "a path with a space": { fields: but("path", ":path: /a b") },
  "a path with a tab": { fields: but("path", ":path: /a\tb") },
  "a path with LF": { fields: but("path", ":path: /a\nb") },
  "a path with a null": { fields: but("path", ":path: /a\0b") },
  "a path with DEL": { fields: but("path", ":path: /a\x7f") },
  "a path beyond ASCII": { fields: but("path", ":path: /\xc3\xa9") },
  "a path with a fragment": { fields: but("path", ":path: /a#b") },
  "a path that is a URL": { fields: but("path", ":path: http://other/a") },
  "a path without a slash": { fields: but("path", ":path: a") },
  "a path without octets": { fields: but("path", ":path: ") },
  "a path of a star": { fields: but("path", ":path: *") },
  "no path": { fields: without("path") },
  "no scheme": { fields: without("scheme") },
  "a scheme with a line": { fields: but("scheme", ":scheme: http\r\nx: y") },
  "no method": { fields: without("method") },
  "two paths": { fields: [":path: /b", ...POST] },
  "two methods": { fields: [":method: GET", ...POST] },
  "two authorities": { fields: [":authority: other", ...POST] },
  "a line in the authority": { fields: but("authority", ":authority: h\r\nX: y") },
  "a path in the authority": { fields: but("authority", ":authority: h/b") },
  "a user in the authority": { fields: but("authority", ":authority: u@h") },
  "a space in the authority": { fields: but("authority", ":authority: h x") },
  "a list in the authority": { fields: but("authority", ":authority: h,other") },
  "a query in the authority": { fields: but("authority", ":authority: h?x") },
  "another Host": { fields: [...GET, "host: other"] },
  "two Hosts": { fields: [...without("authority"), "host: h", "host: other"] },
  "a Host with a line": { fields: [...without("authority"), "host: h\r\nx: y"] },
  "a Host in upper case": { fields: [...GET, "Host: other"] },
  "a pseudo-field behind the others": { fields: [...without("path"), "x: y", ":path: /b"] },
  "a pseudo-field that is none": { fields: [":x: y", ...GET] },
  "a status": { fields: [":status: 200", ...GET] },
  "connection": { fields: [...POST, "connection: close"] },
  "connection that names a length": { fields: [...POST, "connection: content-length", "content-length: 0"] },
  "keep-alive": { fields: [...POST, "keep-alive: 5"] },
  "proxy-connection": { fields: [...POST, "proxy-connection: keep-alive"] },
  "an upgrade": { fields: [...GET, "upgrade: h2c"] },
  "te with chunks": { fields: [...GET, "te: chunked"] },
  "te with trailers and more": { fields: [...GET, "te: trailers, chunked"] },
  "CONNECT with a path": { fields: but("method", ":method: CONNECT") },
  "CONNECT to a request": { fields: [":method: CONNECT", `:authority: h HTTP/1.1\r\n\r\n${SMUGGLED}`] },
  "a protocol without CONNECT": { fields: [":protocol: websocket", ...GET] },
  "a path in trailers": { fields: POST, body: ["a"], trailers: [":path: /b"] },
  "chunks in trailers": { fields: POST, body: ["a"], trailers: ["transfer-encoding: chunked"] },
  "a line in trailers": { fields: POST, body: ["a"], trailers: [`x: y\r\n\r\n${SMUGGLED}`] },
  "a name with a line in trailers": { fields: POST, body: ["a"], trailers: ["x\r\n\r\nget: y"] },
  "connection in trailers": { fields: POST, body: ["a"], trailers: ["connection: close"] },
  "a length that trailers break": { fields: [...POST, "content-length: 5"], body: ["a"], trailers: ["x: y"] },
};

/** What is one request to everybody. */
const passed: Readonly<Record<string, Case & { readonly as?: Partial<OracleRequest> }>> = {
  "a body that is a last chunk and a request": { fields: POST, body: [LAST_CHUNK] },
  "the same, octet by octet": { fields: POST, body: [...LAST_CHUNK] },
  "a body of chunks": { fields: POST, body: ["5\r\nhello\r\n0\r\n\r\n"] },
  "a body that is a request": { fields: POST, body: [SMUGGLED] },
  "the same with its length": { fields: [...POST, `content-length: ${SMUGGLED.length}`], body: [SMUGGLED] },
  "the same, octet by octet, with its length": {
    fields: [...POST, `content-length: ${SMUGGLED.length}`],
    body: [...SMUGGLED],
  },
  "GET with a body that is a request": { fields: GET, body: [SMUGGLED], as: { method: "GET" } },
  "HEAD with a body": { fields: but("method", ":method: HEAD"), body: [SMUGGLED], as: { method: "HEAD" } },
  "DELETE with a body": { fields: but("method", ":method: DELETE"), body: [SMUGGLED], as: { method: "DELETE" } },
  "a body of DATA without octets": { fields: POST, body: ["", "", ""] },
  "no body": { fields: POST },
  "a length of 0": { fields: [...POST, "content-length: 0"] },
  "a length with zeros before it": { fields: [...POST, "content-length: 0005"], body: ["hello"] },
  "a field that looks like one of framing": { fields: [...POST, "transfer_encoding: chunked"], body: [LAST_CHUNK] },
  "another that does": { fields: [...POST, "x-content-length: 0"], body: [SMUGGLED] },
  "trailers": { fields: POST, body: ["hello"], trailers: ["x-sum: 1"] },
  "trailers that would frame": { fields: POST, body: ["hello"], trailers: ["content-length: 0", "host: other"] },
  "trailers and nothing else": { fields: POST, trailers: ["x-sum: 1"] },
  "te: trailers": { fields: [...POST, "te: trailers"], body: ["hello"] },
  "Expect": { fields: [...POST, "expect: 100-continue"], body: ["hello"] },
  "a path of slashes": { fields: but("path", ":path: //other/a"), as: { path: "//other/a" } },
  "a path with all that may stand there": {
    fields: but("path", ":path: /!$&'()*+,;=:@-._~%00?/?[]"),
    as: { path: "/!$&'()*+,;=:@-._~%00?/?[]" },
  },
  "an authority with a port": { fields: but("authority", ":authority: h:80") },
  "the same Host": { fields: [...POST, "host: h"], body: ["hello"] },
  "a Host alone": { fields: [...without("authority"), "host: h"], body: ["hello"] },
  "OPTIONS of everything": {
    fields: [":method: OPTIONS", ":scheme: http", ":path: *", ":authority: h"],
    as: { method: "OPTIONS", path: "*" },
  },
  "cookies in pieces": { fields: [...POST, "cookie: a=b", "cookie: c=d"], body: ["hello"] },
};

/** What the listener's end makes of a request. */
function read(module: AdaptorModule, { fields, body = [], trailers }: Case) {
  const ends = (last: boolean) => last ? Flag.end : Flag.none;
  const connection = new MemoryConnection(module, "listener").send(
    PREFACE,
    settings(),
    frame(Type.headers, ends(body.length === 0 && trailers === undefined) | Flag.endHeaders, 1, block(...fields)),
    ...body.map((data, at) => frame(Type.data, ends(at === body.length - 1 && trailers === undefined), 1, data)),
    ...(trailers === undefined ? [] : [headers(1, trailers)]),
  );
  const requests = connection.begun.map(({ stream, head }): ReadRequest => ({
    head,
    body: connection.bodies.get(stream) ?? "",
    complete: connection.actions.some((action) => action.kind === "end" && action.stream === stream),
  }));
  return { connection, requests };
}

Deno.test("smuggling from HTTP/2: there are at least 100 cases", () => {
  assert.ok(Object.keys(refused).length + Object.keys(passed).length >= 100);
});

for (const [name, one] of Object.entries(refused)) {
  Deno.test(`smuggling from HTTP/2 is refused: ${name}`, async () => {
    const { connection, requests } = read(await loadBuiltin("http2"), one);
    assert.deepEqual(requests.filter(({ complete }) => complete), []);
    assert.ok(connection.resets.has(1) || connection.goAway !== undefined, "the client is told");
    const http1 = await loadBuiltin("http1");
    const written = writeRequests(http1, requests)?.join("") ?? "";
    assert.doesNotMatch(
      written,
      /smuggled HTTP/,
      "and of what was begun nothing reaches a server as a request of its own",
    );
  });
}

testWith(["node"], "smuggling from HTTP/2: what passes is one request, and Node finds it", async ({ node }) => {
  const [module, http1] = [await loadBuiltin("http2"), await loadBuiltin("http1")];
  await using oracle = new NodeOracle(node!);
  for (const [name, one] of Object.entries(passed)) {
    const { connection, requests } = read(module, one);
    assert.equal(connection.resets.size, 0, name);
    const written = writeRequests(http1, requests);
    assert.equal(written?.length, 1, `${name}: the connector takes what the listener makes`);
    const expected = { method: "POST", path: "/a", body: (one.body ?? []).join(""), ...one.as };
    assert.deepEqual((await oracle.read(written![0]!)).requests, [expected], name);
  }
});

/** What a connector writes to its server for `requests`; those that are not complete it hears to be given up. */
function writeTo2(module: AdaptorModule, requests: readonly ReadRequest[]): string {
  const connection = new MemoryConnection(module, "connector").send(settings());
  requests.forEach(({ head, body, complete }, at) => {
    const stream = 2 * at + 1;
    connection.tell({ kind: "begin", stream, head });
    if (body !== "") connection.offer(stream, body);
    connection.tell(complete ? { kind: "end", stream } : { kind: "abort", stream, reason: "failed" });
  });
  return textOf(join(connection.written, frame(Type.goaway, 0, 0, new Uint8Array(8))));
}

testWith(
  ["node"],
  "smuggling to HTTP/2: Node finds in what is passed on the requests that were passed on",
  async ({ node }) => {
    const [module, http1] = [await loadBuiltin("http2"), await loadBuiltin("http1")];
    await using oracle = new NodeOracle(node!, 2);
    const corpus = await Deno.readTextFile(new URL("../data/http1/smuggling.jsonl", import.meta.url));
    let found = 0;
    for (const line of corpus.trim().split("\n")) {
      const { name, input, requests }: { name: string; input: string; requests: Partial<OracleRequest>[] } = JSON.parse(
        line,
      );
      const whole = requests.filter(({ body, method }) => body !== undefined && method !== "CONNECT")
        .map((request) => ({ ...request, path: request.path!.replace(/^https?:\/\/[^/]*(?=\/)/i, "") }));
      const written = writeTo2(module, readRequests(http1, [octetsOf(input)]).requests);
      const reading = await oracle.read(written);
      assert.equal(reading.refused, false, name);
      assert.deepEqual(reading.requests, whole, name);
      found += whole.length;
    }
    assert.ok(found > 30, `${found} requests of the corpus reached Node`);
  },
);
