/** HTTP/2 by Upgrade from HTTP/1.1 (RFC 7540, 3.2): which requests lead to it, and what the others are answered. */

import assert from "node:assert/strict";
import { loadBuiltin } from "./builtin.ts";
import { octetsOf, textOf } from "./testing_http1.ts";
import { Flag, framesOf, headers, MemoryConnection, PREFACE, settings, Type } from "./testing_http2.ts";

const SETTINGS = settings([4, 7], [3, 9]).subarray(9);
const ENCODED = SETTINGS.toBase64({ alphabet: "base64url", omitPadding: true });
const FIELDS = ["Host: h", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", `HTTP2-Settings: ${ENCODED}`];
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

function request(line: string, ...fields: string[]): Uint8Array<ArrayBuffer> {
  return octetsOf(`${[line, ...fields].join("\r\n")}\r\n\r\n`);
}

async function listener(...sent: Uint8Array[]): Promise<MemoryConnection> {
  return new MemoryConnection(await loadBuiltin("http2"), "listener").send(...sent);
}

Deno.test("http2 upgrade: the request is answered on stream 1, in windows that it has brought, wherever it is cut", async () => {
  const octets = request("GET /x HTTP/1.1", ...FIELDS, "X-Name: Value", "TE: gzip");
  for (let cut = 1; cut < octets.length; cut++) {
    const connection = await listener(octets.subarray(0, cut), octets.subarray(cut));
    assert.deepEqual(
      connection.begun.map((
        { head },
      ) => [head.subject, ...head.properties.map(([key, { value }]) => `${key}: ${value}`)]),
      [["GET", ":version: 2", ":path: /x", "host: h", "x-name: Value"]],
    );
    const text = textOf(connection.written);
    assert.ok(text.startsWith(SWITCHING));
    const properties = [["Content-Length", { type: "field", value: "9" }]] as const;
    connection.tell({ kind: "begin", stream: 2, head: { contentType: "", subject: "200", properties } });
    assert.equal(connection.offer(2, "123456789"), 7, "its window");
    connection.send(PREFACE, settings([4, 100]), headers(3, [":method: GET", ":scheme: http", ":path: /y"]));
    assert.equal(connection.offer(2, "89"), 2);
    connection.tell({ kind: "end", stream: 2 });
    assert.deepEqual(
      framesOf(connection.written.subarray(SWITCHING.length)).map(({ type, flags, id }) => [type, flags, id]),
      [
        [Type.settings, 0, 0],
        [Type.window, 0, 0],
        [Type.headers, Flag.endHeaders, 1],
        [Type.data, 0, 1],
        [Type.settings, Flag.ack, 0],
        [Type.data, Flag.end, 1],
      ],
    );
    assert.equal(connection.begun.length, 2);
  }
});

Deno.test("http2 upgrade: methods that begin as the preface does are none", async () => {
  for (const method of ["P", "PRI", "PROPFIND", "PUT"]) {
    const octets = request(`${method} /x HTTP/1.1`, ...FIELDS);
    for (const cut of [1, 2, 3]) {
      const connection = await listener(octets.subarray(0, cut), octets.subarray(cut));
      assert.deepEqual(connection.begun.map(({ head }) => head.subject), [method]);
    }
  }
});

Deno.test("http2 upgrade: behind it HTTP/2 begins with its preface, and nothing else does", async () => {
  const connection = await listener(request("GET / HTTP/1.1", ...FIELDS), request("GET / HTTP/1.1", ...FIELDS));
  assert.ok(connection.closed);
  assert.equal(framesOf(connection.written.subarray(SWITCHING.length)).at(-1)?.type, Type.goaway);
});

const refused: readonly [string, string, readonly string[]][] = [
  ["505", "GET / HTTP/1.1", ["Host: h"]],
  ["505", "GET / HTTP/1.1", ["Host: h", "Connection: Upgrade", "Upgrade: websocket"]],
  ["505", "GET / HTTP/1.0", FIELDS],
  ["505", "GET / HTTP/1.1", ["Host: h", "Upgrade: h2c", `HTTP2-Settings: ${ENCODED}`]],
  ["501", "POST / HTTP/1.1", [...FIELDS, "Content-Length: 1"]],
  ["501", "POST / HTTP/1.1", [...FIELDS, "Transfer-Encoding: chunked"]],
  ["400", "GET http://h/ HTTP/1.1", FIELDS],
  ["400", "GET / HTTP/1.1", FIELDS.slice(0, 3)],
  ["400", "GET / HTTP/1.1", [...FIELDS, "HTTP2-Settings: "]],
  ["400", "GET / HTTP/1.1", [...FIELDS.slice(0, 3), "HTTP2-Settings: AAMA"]],
  ["400", "GET / HTTP/1.1", [...FIELDS.slice(0, 3), "HTTP2-Settings: AAMAAAB="]],
  ["400", "GET / HTTP/1.1", [...FIELDS.slice(0, 3), `HTTP2-Settings: ${"AAMAAABk".repeat(30)}`]],
  ["400", "GET / HTTP/1.1", [...FIELDS, "Content-Length: 0", "Content-Length: 1"]],
  ["400", "GET / HTTP/1.1", ["Host: h", "Connection: Upgrade", "Upgrade: h2c", `HTTP2-Settings: ${ENCODED}`]],
  ["431", "GET / HTTP/1.1", [...FIELDS, `X: ${"x".repeat(17_000)}`]],
];
for (const [status, line, fields] of refused) {
  Deno.test(`http2 upgrade: ${status} in HTTP/1.1 for ${line} with ${fields.join(", ").slice(0, 100)}`, async () => {
    const connection = await listener(request(line, ...fields));
    assert.match(textOf(connection.written), new RegExp(`^HTTP/1\\.1 ${status} [^]*"west"; error=http_request_error`));
    assert.equal(connection.begun.length, 0);
    assert.ok(connection.closed);
  });
}

Deno.test("http2 upgrade: settings that mean nothing good end the connection", async () => {
  const bad = settings([4, 0xffff_ffff]).subarray(9).toBase64({ alphabet: "base64url", omitPadding: true });
  const connection = await listener(request("GET / HTTP/1.1", ...FIELDS.slice(0, 3), `HTTP2-Settings: ${bad}`));
  assert.ok(connection.closed);
  assert.equal(framesOf(connection.written.subarray(SWITCHING.length)).at(-1)?.type, Type.goaway);
});

Deno.test("http2 upgrade: who does not say what it speaks has 10 s for that, and hears nothing", async () => {
  const connection = await listener(octetsOf("GET / HT"));
  assert.ok(!connection.tick(1000).closed);
  assert.ok(connection.tick(11_001).closed);
  assert.equal(connection.written.length, 0);
});
