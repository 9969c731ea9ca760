/** What RFC 9113 says of a server, case by case: octets of a client, and what the HTTP/2 adaptor makes of them. */

import assert from "node:assert/strict";
import { loadBuiltin } from "./builtin.ts";
import {
  block,
  Flag,
  frame,
  GET,
  headers,
  join,
  MemoryConnection,
  number,
  POST,
  PREFACE,
  settings,
  Type,
} from "./testing_http2.ts";

const get = headers(1, GET);
/** A request whose body is to come. */
const post = headers(1, POST, Flag.none);
const replaced = (name: string, value: string) => GET.map((field) => field.startsWith(`${name}:`) ? value : field);
const without = (name: string) => GET.filter((field) => !field.startsWith(`${name}:`));
const octets = (...values: number[]) => Uint8Array.from(values);
const zeros = (length: number) => new Uint8Array(length);

const [PROTOCOL, FLOW, CLOSED, SIZE, COMPRESSION, CALM] = [1, 3, 5, 6, 9, 11];

/** The connection ends with this code; a stream does; so many requests are passed on; none of that happens. */
type Outcome = { goAway: number } | { reset: number; id?: number } | { requests: number };
const fatal = (goAway: number): Outcome => ({ goAway });
const reset = (code: number, id = 1): Outcome => ({ reset: code, id });
const requests = (count: number): Outcome => ({ requests: count });

const cases: readonly [string, Outcome, ...Uint8Array[]][] = [
  ["4.1, unknown frames are ignored", requests(1), frame(0x16, 0xff, 0, "what?"), frame(0xff, 0, 5, "x"), get],
  ["4.1, unknown flags are ignored", requests(1), frame(Type.ping, 0xfe, 0, zeros(8)), get],
  ["4.1, the reserved bit is ignored", requests(1), frame(Type.ping, 0, 0x8000_0000, zeros(8)), get],
  ["4.2, a frame of 2^14 octets is taken", requests(1), post, frame(Type.data, 0, 1, zeros(16_384))],
  ["4.2, a DATA frame over 2^14", fatal(SIZE), post, frame(Type.data, 0, 1, zeros(16_385))],
  ["4.2, a HEADERS frame over 2^14", fatal(SIZE), frame(Type.headers, 5, 1, zeros(16_385))],
  ["4.2, an unknown frame over 2^14", fatal(SIZE), frame(0x20, 0, 0, zeros(16_385))],
  ["4.3, a header block that can't be read", fatal(COMPRESSION), frame(Type.headers, 5, 1, octets(0xff, 0xff))],
  ["4.3, a header block with an index of nothing", fatal(COMPRESSION), frame(Type.headers, 5, 1, octets(0xbe))],
  ["4.3, a header block cut by another frame", fatal(PROTOCOL), frame(Type.headers, 1, 1, block(...GET)), settings()],
  [
    "4.3, a header block cut by another stream",
    fatal(PROTOCOL),
    frame(Type.headers, 1, 1, block(...GET)),
    frame(Type.continuation, 4, 3),
  ],
  [
    "4.3, a header block cut by an unknown frame",
    fatal(PROTOCOL),
    frame(Type.headers, 1, 1, block(...GET)),
    frame(0x20, 0, 1),
  ],
  [
    "4.3, a header block in pieces",
    requests(1),
    frame(Type.headers, 1, 1, block(...GET.slice(0, 2))),
    frame(Type.continuation, 0, 1, block(GET[2]!)),
    frame(Type.continuation, 4, 1, block(GET[3]!)),
  ],
  [
    "4.3, a field in two pieces",
    requests(1),
    frame(Type.headers, 1, 1, block(...GET).subarray(0, 20)),
    frame(Type.continuation, 4, 1, block(...GET).subarray(20)),
  ],
  ["4.3.1, a table larger than agreed", fatal(COMPRESSION), frame(Type.headers, 5, 1, octets(0x3f, 0xff, 0xff, 0x03))],
  ["5.1, idle: DATA", fatal(PROTOCOL), frame(Type.data, 1, 1, "x")],
  ["5.1, idle: RST_STREAM", fatal(PROTOCOL), frame(Type.reset, 0, 1, number(8))],
  ["5.1, idle: WINDOW_UPDATE", fatal(PROTOCOL), frame(Type.window, 0, 1, number(8))],
  ["5.1, idle: CONTINUATION", fatal(PROTOCOL), frame(Type.continuation, 4, 1, block(...GET))],
  ["5.1, idle: PRIORITY", requests(1), frame(Type.priority, 0, 7, zeros(5)), get],
  ["5.1, half-closed: DATA", reset(CLOSED), get, frame(Type.data, 1, 1, "x")],
  ["5.1, half-closed: HEADERS", reset(CLOSED), get, headers(1, GET)],
  ["5.1, half-closed: CONTINUATION", fatal(PROTOCOL), get, frame(Type.continuation, 4, 1, block("a: b"))],
  ["5.1, half-closed: WINDOW_UPDATE", requests(1), get, frame(Type.window, 0, 1, number(8))],
  ["5.1, half-closed: PRIORITY", requests(1), get, frame(Type.priority, 0, 1, zeros(5))],
  ["5.1, half-closed: RST_STREAM", requests(1), get, frame(Type.reset, 0, 1, number(8))],
  [
    "5.1, closed by the client: DATA",
    reset(CLOSED),
    post,
    frame(Type.reset, 0, 1, number(8)),
    frame(Type.data, 0, 1, "x"),
  ],
  ["5.1, closed by the client: HEADERS", reset(CLOSED), get, frame(Type.reset, 0, 1, number(8)), headers(1, GET)],
  [
    "5.1, closed: WINDOW_UPDATE",
    requests(1),
    get,
    frame(Type.reset, 0, 1, number(8)),
    frame(Type.window, 0, 1, number(8)),
  ],
  ["5.1, closed: PRIORITY", requests(1), get, frame(Type.reset, 0, 1, number(8)), frame(Type.priority, 0, 1, zeros(5))],
  ["5.1, closed: RST_STREAM", requests(1), get, frame(Type.reset, 0, 1, number(8)), frame(Type.reset, 0, 1, number(8))],
  ["5.1.1, a request with an even number", fatal(PROTOCOL), headers(2, GET)],
  ["5.1.1, a number below the last", fatal(PROTOCOL), headers(5, GET), headers(1, GET)],
  ["5.1.1, numbers may be left out", requests(2), headers(5, GET), headers(101, GET)],
  ["5.1.1, the last number there is", requests(1), headers(0x7fff_ffff, GET)],
  ["5.1.1, HEADERS without a stream", fatal(PROTOCOL), headers(0, GET)],
  [
    "5.1.2, a stream too many",
    reset(7, 201),
    ...Array.from({ length: 101 }, (_, index) => headers(2 * index + 1, GET)),
  ],
  [
    "5.2, a body as large as the window",
    requests(1),
    post,
    ...Array.from({ length: 16 }, () => frame(0, 0, 1, zeros(16_384))),
  ],
  [
    "5.2, a body over the window",
    reset(FLOW),
    post,
    ...Array.from({ length: 17 }, () => frame(0, 0, 1, zeros(16_384))),
  ],
  [
    "5.2, padding counts for the window",
    reset(FLOW),
    post,
    ...Array.from({ length: 16 }, () => frame(0, 0, 1, zeros(16_384))),
    frame(0, Flag.padded, 1, octets(0)),
  ],
  [
    "5.3.1, a stream that depends on itself is of no matter",
    requests(1),
    frame(1, 0x25, 1, join(number(1), octets(0), block(...GET))),
  ],
  ["5.4.1, nothing is dealt with behind a fatal error", fatal(PROTOCOL), frame(Type.ping, 0, 1, zeros(8)), get],
  ["5.5, an unknown frame in a header block", fatal(PROTOCOL), frame(1, 1, 1, block(...GET)), frame(0x30, 0, 0)],
  ["5.5, an unknown setting is ignored", requests(1), settings([0xff, 1], [0x4242, 0]), get],
  ["6.1, DATA without a stream", fatal(PROTOCOL), frame(Type.data, 0, 0, "x")],
  ["6.1, DATA for a number of the server's", fatal(PROTOCOL), get, frame(Type.data, 0, 2, "x")],
  ["6.1, padding is no content", requests(1), post, frame(0, Flag.padded | Flag.end, 1, octets(3, 0x61, 0, 0, 0))],
  ["6.1, padding as long as the frame", fatal(PROTOCOL), post, frame(0, Flag.padded, 1, octets(3, 0, 0))],
  ["6.1, padding longer than the frame", fatal(PROTOCOL), post, frame(0, Flag.padded, 1, octets(255, 0, 0))],
  ["6.1, padding that fills the frame", requests(1), post, frame(0, Flag.padded | Flag.end, 1, octets(2, 0, 0))],
  ["6.1, padding without its length", fatal(SIZE), post, frame(0, Flag.padded, 1)],
  ["6.1, DATA without octets", requests(1), post, frame(0, 0, 1), frame(0, Flag.end, 1)],
  [
    "6.2, padding of HEADERS longer than the frame",
    fatal(PROTOCOL),
    frame(1, 0xd, 1, join(octets(255), block(...GET))),
  ],
  ["6.2, HEADERS without the length of its padding", fatal(SIZE), frame(1, 0xd, 1)],
  ["6.2, HEADERS with padding", requests(1), frame(1, 0xd, 1, join(octets(2), block(...GET), zeros(2)))],
  ["6.2, HEADERS with a priority", requests(1), frame(1, 0x25, 1, join(number(0x8000_0000), octets(9), block(...GET)))],
  [
    "6.2, HEADERS with both",
    requests(1),
    frame(1, 0x2d, 1, join(octets(1), number(3), octets(9), block(...GET), zeros(1))),
  ],
  ["6.2, HEADERS too short for its priority", fatal(SIZE), frame(1, 0x25, 1, zeros(4))],
  ["6.3, PRIORITY without a stream", fatal(PROTOCOL), frame(Type.priority, 0, 0, zeros(5))],
  ["6.3, PRIORITY of 4 octets", reset(SIZE), get, frame(Type.priority, 0, 1, zeros(4))],
  ["6.3, PRIORITY of 4 octets for an idle stream", reset(SIZE, 9), frame(Type.priority, 0, 9, zeros(4))],
  ["6.4, RST_STREAM without a stream", fatal(PROTOCOL), frame(Type.reset, 0, 0, number(8))],
  ["6.4, RST_STREAM of 3 octets", fatal(SIZE), get, frame(Type.reset, 0, 1, zeros(3))],
  ["6.4, RST_STREAM of 5 octets", fatal(SIZE), get, frame(Type.reset, 0, 1, zeros(5))],
  ["6.4, RST_STREAM with an unknown code", requests(1), get, frame(Type.reset, 0, 1, number(0xbeef))],
  ["6.5, SETTINGS with a stream", fatal(PROTOCOL), frame(Type.settings, 0, 1)],
  ["6.5, an acknowledgement with a payload", fatal(SIZE), frame(Type.settings, Flag.ack, 0, zeros(6))],
  ["6.5, an acknowledgement", requests(1), frame(Type.settings, Flag.ack, 0), get],
  ["6.5, SETTINGS of 5 octets", fatal(SIZE), frame(Type.settings, 0, 0, zeros(5))],
  ["6.5.2, ENABLE_PUSH of 2", fatal(PROTOCOL), settings([2, 2])],
  ["6.5.2, ENABLE_PUSH of 1", requests(1), settings([2, 1]), get],
  ["6.5.2, a window over 2^31-1", fatal(FLOW), settings([4, 0x8000_0000])],
  ["6.5.2, a window of 2^31-1", requests(1), settings([4, 0x7fff_ffff]), get],
  ["6.5.2, a frame size below 2^14", fatal(PROTOCOL), settings([5, 16_383])],
  ["6.5.2, a frame size over 2^24-1", fatal(PROTOCOL), settings([5, 0x100_0000])],
  ["6.5.2, a frame size of 2^24-1", requests(1), settings([5, 0xff_ffff]), get],
  ["6.5.2, a table of no octets", requests(1), settings([1, 0]), get],
  ["6.5.2, a table of 4 GiB", requests(1), settings([1, 0xffff_ffff]), get],
  ["6.5.3, one setting several times", requests(1), settings([4, 1], [4, 2], [4, 65_535]), get],
  ["6.6, PUSH_PROMISE", fatal(PROTOCOL), get, frame(Type.push, 4, 1, join(number(2), block(...GET)))],
  ["6.7, PING with a stream", fatal(PROTOCOL), frame(Type.ping, 0, 1, zeros(8))],
  ["6.7, PING of 6 octets", fatal(SIZE), frame(Type.ping, 0, 0, zeros(6))],
  ["6.7, an answer to a PING that nobody sent", requests(1), frame(Type.ping, Flag.ack, 0, zeros(8)), get],
  ["6.8, GOAWAY with a stream", fatal(PROTOCOL), frame(Type.goaway, 0, 1, zeros(8))],
  ["6.8, GOAWAY of 7 octets", fatal(SIZE), frame(Type.goaway, 0, 0, zeros(7))],
  ["6.8, GOAWAY with words", requests(1), get, frame(Type.goaway, 0, 0, "12345678good bye")],
  ["6.8, a request behind GOAWAY", reset(7), frame(Type.goaway, 0, 0, zeros(8)), get],
  ["6.9, WINDOW_UPDATE of nothing", fatal(PROTOCOL), frame(Type.window, 0, 0, number(0))],
  ["6.9, WINDOW_UPDATE of nothing for a stream", reset(PROTOCOL), get, frame(Type.window, 0, 1, number(0))],
  ["6.9, WINDOW_UPDATE of 3 octets", fatal(SIZE), frame(Type.window, 0, 0, zeros(3))],
  ["6.9, WINDOW_UPDATE of 5 octets for a stream", fatal(SIZE), get, frame(Type.window, 0, 1, zeros(5))],
  ["6.9, the reserved bit of WINDOW_UPDATE", requests(1), frame(Type.window, 0, 0, number(0x8000_0001)), get],
  ["6.9.1, a window of the connection over 2^31-1", fatal(FLOW), frame(Type.window, 0, 0, number(0x7fff_ffff))],
  ["6.9.1, a window of the connection of 2^31-1", requests(1), frame(Type.window, 0, 0, number(0x7fff_0000)), get],
  ["6.9.1, a window of a stream over 2^31-1", reset(FLOW), get, frame(Type.window, 0, 1, number(0x7fff_ffff))],
  [
    "6.9.2, a new initial window that makes one too large",
    fatal(FLOW),
    get,
    frame(Type.window, 0, 1, number(0x7fff_0000)),
    settings([4, 0x7fff_ffff]),
  ],
  ["6.10, CONTINUATION of nothing", fatal(PROTOCOL), frame(Type.continuation, 4, 0)],
  ["6.10, CONTINUATION behind the end", fatal(PROTOCOL), get, frame(Type.continuation, 4, 1)],
  ["6.10, CONTINUATION behind DATA", fatal(PROTOCOL), post, frame(0, 0, 1, "x"), frame(Type.continuation, 4, 1)],
  ["8.1, trailers", requests(1), post, frame(0, 0, 1, "x"), headers(1, ["grpc-status: 0"])],
  ["8.1, a second head that ends nothing", reset(PROTOCOL), post, headers(1, ["a: b"], Flag.none)],
  ["8.1, trailers with a pseudo-field", reset(PROTOCOL), post, headers(1, [":path: /"])],
  [
    "8.1.1, a length longer than the body",
    reset(PROTOCOL),
    headers(1, [...POST, "content-length: 2"], 0),
    frame(0, 1, 1, "x"),
  ],
  [
    "8.1.1, a length shorter than the body",
    reset(PROTOCOL),
    headers(1, [...POST, "content-length: 1"], 0),
    frame(0, 0, 1, "xx"),
  ],
  ["8.1.1, a length without a body", reset(PROTOCOL), headers(1, [...POST, "content-length: 1"])],
  ["8.1.1, a length that is right", requests(1), headers(1, [...POST, "content-length: 2"], 0), frame(0, 1, 1, "xx")],
  [
    "8.1.1, a length in several frames",
    requests(1),
    headers(1, [...POST, "content-length: 2"], 0),
    frame(0, 0, 1, "x"),
    frame(0, 1, 1, "x"),
  ],
  [
    "8.1.1, a length behind trailers that is wrong",
    reset(PROTOCOL),
    headers(1, [...POST, "content-length: 2"], 0),
    headers(1, ["a: b"]),
  ],
  ["8.1.1, two lengths", reset(PROTOCOL), headers(1, [...POST, "content-length: 0", "content-length: 0"])],
  ["8.1.1, a length that is no number", reset(PROTOCOL), headers(1, [...POST, "content-length: +0"])],
  ["8.2.1, a name in upper case", reset(PROTOCOL), headers(1, [...GET, "A: b"])],
  ["8.2.1, a name with a space", reset(PROTOCOL), headers(1, [...GET, "a b: c"])],
  ["8.2.1, a name without octets", reset(PROTOCOL), frame(1, 5, 1, join(block(...GET), octets(0, 0, 1, 0x61)))],
  ["8.2.1, a name with a colon inside", reset(PROTOCOL), headers(1, [...GET, "a:b: c"])],
  ["8.2.1, a value with CR", reset(PROTOCOL), headers(1, [...GET, "a: b\rc"])],
  ["8.2.1, a value with LF", reset(PROTOCOL), headers(1, [...GET, "a: b\nc"])],
  ["8.2.1, a value with NUL", reset(PROTOCOL), headers(1, [...GET, "a: b\0c"])],
  ["8.2.1, a value that begins with a space", reset(PROTOCOL), headers(1, [...GET, "a:  b"])],
  ["8.2.1, a value that ends with a tab", reset(PROTOCOL), headers(1, [...GET, "a: b\t"])],
  ["8.2.1, a value without octets", requests(1), headers(1, [...GET, "a: "])],
  ["8.2.2, connection", reset(PROTOCOL), headers(1, [...GET, "connection: close"])],
  ["8.2.2, keep-alive", reset(PROTOCOL), headers(1, [...GET, "keep-alive: 5"])],
  ["8.2.2, proxy-connection", reset(PROTOCOL), headers(1, [...GET, "proxy-connection: close"])],
  ["8.2.2, transfer-encoding", reset(PROTOCOL), headers(1, [...POST, "transfer-encoding: chunked"], 0)],
  ["8.2.2, upgrade", reset(PROTOCOL), headers(1, [...GET, "upgrade: websocket"])],
  ["8.2.2, te that is not trailers", reset(PROTOCOL), headers(1, [...GET, "te: gzip"])],
  ["8.2.2, te: trailers", requests(1), headers(1, [...GET, "te: trailers"])],
  ["8.2.3, cookies in pieces", requests(1), headers(1, [...GET, "cookie: a=b", "cookie: c=d"])],
  ["8.3, an unknown pseudo-field", reset(PROTOCOL), headers(1, [...GET, ":what: x"])],
  ["8.3, a pseudo-field of responses", reset(PROTOCOL), headers(1, [...GET, ":status: 200"])],
  ["8.3, a pseudo-field behind a field", reset(PROTOCOL), headers(1, [...without(":path"), "a: b", ":path: /"])],
  ["8.3, a pseudo-field twice", reset(PROTOCOL), headers(1, [...GET, ":path: /"])],
  ["8.3.1, no method", reset(PROTOCOL), headers(1, without(":method"))],
  ["8.3.1, no scheme", reset(PROTOCOL), headers(1, without(":scheme"))],
  ["8.3.1, no path", reset(PROTOCOL), headers(1, without(":path"))],
  ["8.3.1, a path without octets", reset(PROTOCOL), headers(1, replaced(":path", ":path: "))],
  ["8.3.1, a path that begins with no slash", reset(PROTOCOL), headers(1, replaced(":path", ":path: a"))],
  ["8.3.1, a path with a space", reset(PROTOCOL), headers(1, replaced(":path", ":path: /a b"))],
  ["8.3.1, a path with a fragment", reset(PROTOCOL), headers(1, replaced(":path", ":path: /admin#x"))],
  ["8.3.1, * with another method than OPTIONS", reset(PROTOCOL), headers(1, replaced(":path", ":path: *"))],
  ["8.3.1, OPTIONS *", requests(1), headers(1, [":method: OPTIONS", ":scheme: http", ":path: *", ":authority: h"])],
  ["8.3.1, a method that is no token", reset(PROTOCOL), headers(1, replaced(":method", ":method: G T"))],
  ["8.3.1, an authority with a user", reset(PROTOCOL), headers(1, replaced(":authority", ":authority: u@h"))],
  ["8.3.1, a Host that is not the authority", reset(PROTOCOL), headers(1, [...GET, "host: other"])],
  ["8.3.1, a Host that is the authority", requests(1), headers(1, [...GET, "host: h"])],
  ["8.3.1, a Host in place of the authority", requests(1), headers(1, [...without(":authority"), "host: h"])],
  ["8.3.1, two Hosts that differ", reset(PROTOCOL), headers(1, [...without(":authority"), "host: h", "host: i"])],
  ["8.5, CONNECT with a path", reset(PROTOCOL), headers(1, replaced(":method", ":method: CONNECT"))],
  [
    "10.5.1, a header list over the limit",
    requests(0),
    headers(1, [...GET, `a: ${"b".repeat(16_000)}`, `c: ${"d".repeat(300)}`]),
  ],
  ["10.5.1, fields over the limit", requests(0), headers(1, [...GET, ...Array.from({ length: 130 }, () => "a: b")])],
  [
    "10.5.1, a header block over the limit",
    fatal(CALM),
    frame(1, 1, 1, block(...GET, `a: ${"b".repeat(16_000)}`)),
    frame(Type.continuation, 4, 1, block(`c: ${"d".repeat(9000)}`)),
  ],
  [
    "10.5, CONTINUATION without end",
    fatal(CALM),
    frame(1, 1, 1, block(...GET)),
    ...Array.from({ length: 20 }, () => frame(Type.continuation, 0, 1)),
  ],
  ["10.5, a flood of PING", fatal(CALM), ...Array.from({ length: 2100 }, () => frame(Type.ping, 0, 0, zeros(8)))],
  ["10.5, a flood of SETTINGS", fatal(CALM), ...Array.from({ length: 2100 }, () => settings([4, 1]))],
  [
    "10.5, a flood of PRIORITY",
    fatal(CALM),
    ...Array.from({ length: 2100 }, () => frame(Type.priority, 0, 1, zeros(5))),
  ],
  [
    "10.5, a flood of WINDOW_UPDATE",
    fatal(CALM),
    ...Array.from({ length: 2100 }, () => frame(Type.window, 0, 0, number(1))),
  ],
  ["10.5, a flood of unknown frames", fatal(CALM), ...Array.from({ length: 2100 }, () => frame(0x77, 0, 0))],
  ["10.5, a flood of empty DATA", fatal(CALM), post, ...Array.from({ length: 2100 }, () => frame(Type.data, 0, 1))],
  [
    "10.5, rapid reset",
    fatal(CALM),
    ...Array.from({ length: 300 }, (_, i) => join(headers(2 * i + 1, GET), frame(Type.reset, 0, 2 * i + 1, number(8)))),
  ],
  [
    "10.5, a client that makes the server reset",
    fatal(CALM),
    ...Array.from(
      { length: 300 },
      (_, i) => join(headers(2 * i + 1, GET), frame(Type.window, 0, 2 * i + 1, number(0))),
    ),
  ],
];

Deno.test("RFC 9113: there are at least 140 cases, each with a name of its own", () => {
  assert.ok(cases.length >= 140);
  assert.equal(new Set(cases.map(([name]) => name)).size, cases.length);
});

for (const [name, outcome, ...sent] of cases) {
  // Whole, and octet by octet where that is not long.
  for (const pieces of [false, true]) {
    const all = join(...sent);
    if (pieces && all.length > 2000) continue;
    Deno.test(`RFC 9113 ${name}${pieces ? ", octet by octet" : ""}`, async () => {
      const connection = new MemoryConnection(await loadBuiltin("http2"), "listener").send(PREFACE, settings());
      if (pieces) { for (const octet of all) connection.send(Uint8Array.of(octet)); }
      else connection.send(all);
      judge(connection, outcome);
    });
  }
}

function judge(connection: MemoryConnection, outcome: Outcome): void {
  if ("goAway" in outcome) {
    assert.equal(connection.goAway, outcome.goAway);
    assert.ok(connection.closed);
    return;
  }
  assert.equal(connection.goAway, undefined);
  assert.ok(!connection.closed);
  if ("reset" in outcome) {
    assert.equal(connection.resets.get(outcome.id ?? 1), outcome.reset);
    return;
  }
  assert.equal(connection.resets.size, 0);
  assert.equal(connection.begun.length, outcome.requests);
}

Deno.test("RFC 9113 3.4, a client that begins with something else", async () => {
  const module = await loadBuiltin("http2");
  for (const preface of ["\x16\x03\x01\x02\x00\x01", "get / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rx"]) {
    const connection = new MemoryConnection(module, "listener").send(new TextEncoder().encode(preface));
    judge(connection, fatal(PROTOCOL));
  }
  judge(new MemoryConnection(module, "listener").send(PREFACE, get), fatal(PROTOCOL));
  judge(new MemoryConnection(module, "listener").send(PREFACE, frame(4, Flag.ack, 0)), fatal(PROTOCOL));
});

Deno.test("RFC 9113 6.5.3 and 6.7, SETTINGS is acknowledged and PING answered", async () => {
  const connection = new MemoryConnection(await loadBuiltin("http2"), "listener");
  connection.send(PREFACE, settings(), frame(Type.ping, 0, 0, "12345678"));
  const written = connection.frames.map(({ type, flags }) => `${type} ${flags}`);
  assert.deepEqual(written, ["4 0", "8 0", "4 1", "6 1"]);
  assert.equal(new TextDecoder().decode(connection.frames.at(-1)!.payload), "12345678");
});
