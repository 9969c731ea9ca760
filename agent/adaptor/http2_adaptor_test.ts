/** The HTTP/2 adaptor: the contract of all adaptors, and what becomes of requests, answers and windows at both ends. */

import assert from "node:assert/strict";
import type { Action, MessageHead, StreamEvent } from "./action.ts";
import { loadBuiltin } from "./builtin.ts";
import { contractCases, type ContractSubject, type Transcript } from "./contract.ts";
import { config } from "./testing_http1.ts";
import { Flag, frame, headers, join, MemoryConnection, number, PREFACE, settings, Type } from "./testing_http2.ts";
import { Hpack } from "./testing_hpack.ts";

const GET = [":method: GET", ":scheme: http", ":path: /x", ":authority: h"];
const POST = [":method: POST", ...GET.slice(1)];

function head(
  subject: string,
  properties: readonly [string, string][],
  fields: readonly [string, string][],
): MessageHead {
  return {
    contentType: "",
    subject,
    properties: [
      ...properties.map(([key, value]) => [key, { type: "string", value }] as const),
      ...fields.map(([key, value]) => [key, { type: "field", value }] as const),
    ],
  };
}
const requestHead = (method: string, fields: readonly [string, string][]) =>
  head(method, [[":version", "2"], [":path", "/x"]], fields);
const responseHead = (status: string, fields: readonly [string, string][]) => head(status, [[":version", "2"]], fields);
const begin = (stream: number, head: MessageHead): StreamEvent & Action => ({ kind: "begin", stream, head });
const end = (stream: number): StreamEvent & Action => ({ kind: "end", stream });
const host: [string, string] = ["host", "h"];
const chunked: [string, string] = ["transfer-encoding", "chunked"];

async function listener(...sent: Uint8Array[]): Promise<MemoryConnection> {
  return new MemoryConnection(await loadBuiltin("http2"), "listener").send(PREFACE, settings(), ...sent);
}

/** A connector whose server has said its settings. */
async function connector(...pairs: [number, number][]): Promise<MemoryConnection> {
  return new MemoryConnection(await loadBuiltin("http2"), "connector").send(settings(...pairs));
}

/** The header blocks that were written for a stream, and its DATA, as text; a star is the end. */
async function written(connection: MemoryConnection, id: number): Promise<string[]> {
  const hpack = await Hpack.create();
  const said: string[] = [];
  for (const { type, flags, id: stream, payload } of connection.frames) {
    const last = (flags & Flag.end) !== 0 ? "*" : "";
    if (type === Type.headers) {
      const fields = hpack.decode(payload);
      if (stream === id) said.push(`${fields!.join("|")}${last}`);
    } else if (type === Type.data && stream === id) said.push(`${new TextDecoder().decode(payload)}${last}`);
  }
  return said;
}

// --- contract

const greeting = (...first: [number, number][]) => [
  { kind: "bytes", data: settings(...first, [4, 262_144], [6, 16_384]) } as Action,
  { kind: "bytes", data: frame(Type.window, 0, 0, number(16_777_216 - 65_535)) } as Action,
];
const preface: Action = { kind: "bytes", data: PREFACE };
const acknowledged: Action = { kind: "bytes", data: frame(Type.settings, Flag.ack, 0) };
const transcripts: Transcript[] = [
  {
    title: "a request",
    role: "listener",
    config,
    opening: [],
    steps: [
      {
        call: "socket",
        data: join(PREFACE, settings(), headers(1, GET)),
        eof: false,
        answer: {
          consumed: join(PREFACE, settings(), headers(1, GET)).length,
          actions: [...greeting([3, 100], [8, 1]), acknowledged, begin(1, requestHead("GET", [host])), end(1)],
        },
      },
      {
        call: "stream",
        event: begin(2, responseHead("204", [])),
        answer: { actions: [{ kind: "bytes", data: frame(Type.headers, 5, 1, Uint8Array.of(0x89)) }] },
      },
      { call: "stream", event: end(2), answer: { actions: [] } },
      { call: "tick", now: 1000, answer: { deadline: 0, actions: [] } },
    ],
  },
  {
    title: "a request",
    role: "connector",
    config,
    opening: [preface, ...greeting([2, 0])],
    steps: [
      {
        call: "stream",
        event: begin(1, requestHead("GET", [host])),
        answer: {
          actions: [{
            kind: "bytes",
            data: frame(Type.headers, 5, 1, Uint8Array.fromHex("8286410168" + "04022f78")),
          }],
        },
      },
      { call: "stream", event: end(1), answer: { actions: [] } },
      {
        call: "socket",
        data: join(settings([3, 7]), frame(Type.headers, 5, 1, Uint8Array.of(0x89))),
        eof: false,
        answer: {
          consumed: join(settings([3, 7]), frame(Type.headers, 5, 1, Uint8Array.of(0x89))).length,
          actions: [
            { kind: "concurrency", requests: 7 },
            acknowledged,
            begin(2, responseHead("204", [])),
            end(2),
          ],
        },
      },
    ],
  },
];

async function subject(): Promise<ContractSubject> {
  const bytes = await Deno.readFile(new URL("./builtin/http2.wasm", import.meta.url));
  return { module: await loadBuiltin("http2"), bytes, transcripts };
}

for (const { title, run } of contractCases) {
  Deno.test(`http2 adaptor ${title}`, async () => run(await subject()));
}

// --- the listener's end

Deno.test("http2 listener joins cookies, and passes fields on in their order", async () => {
  const connection = await listener(headers(1, [...GET, "b: 1", "cookie: a=b", "a: 2", "cookie: c=d", "b: 3"]));
  const fields: [string, string][] = [host, ["b", "1"], ["a", "2"], ["b", "3"], ["cookie", "a=b; c=d"]];
  assert.deepEqual(connection.begun[0]!.head, requestHead("GET", fields));
});

Deno.test("http2 listener chunks a body without a length, and its trailers", async () => {
  const connection = await listener(
    headers(1, POST, Flag.none),
    frame(Type.data, 0, 1, "hello"),
    frame(Type.data, 0, 1, "x".repeat(26)),
    headers(1, ["x-sum: 1", "content-length: 3"]),
  );
  assert.deepEqual(connection.begun[0]!.head, requestHead("POST", [host, chunked]));
  assert.equal(connection.bodies.get(1), `5\r\nhello\r\n1a\r\n${"x".repeat(26)}\r\n0\r\nx-sum: 1\r\n\r\n`);
  assert.deepEqual(connection.actions.at(-1), end(1));
});

Deno.test("http2 listener says of a POST without a body that it has none", async () => {
  const connection = await listener(headers(1, POST));
  assert.deepEqual(connection.begun[0]!.head, requestHead("POST", [host, ["content-length", "0"]]));
});

Deno.test("http2 listener takes chunks and trailers of an answer apart, wherever they are cut", async () => {
  const body = "5;x=y\r\nhello\r\n3\r\n, w\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (let cut = 1; cut < body.length; cut++) {
    const connection = await listener(headers(1, GET));
    connection.tell(begin(2, responseHead("200", [chunked, ["Server", "me"]])));
    assert.equal(connection.offer(2, body.slice(0, cut)), cut);
    assert.equal(connection.offer(2, body.slice(cut)), body.length - cut);
    connection.tell(end(2));
    const said = await written(connection, 1);
    assert.equal(said[0], ":status: 200|server: me");
    assert.equal(said.slice(1, -1).join(""), "hello, w");
    assert.equal(said.at(-1), "x-sum: 1*");
  }
});

const broken: readonly [string, MessageHead, string][] = [
  ["chunks without a size", responseHead("200", [chunked]), "x\r\n"],
  ["octets behind a chunk", responseHead("200", [chunked]), "1\r\nab"],
  ["a bare line feed", responseHead("200", [chunked]), "1\nab"],
  ["an end before its length", responseHead("200", [["content-length", "5"]]), "abc"],
];
for (const [what, head, body] of broken) {
  Deno.test(`http2 listener breaks an answer off that has ${what}`, async () => {
    const connection = await listener(headers(1, GET));
    connection.tell(begin(2, head));
    connection.offer(2, body);
    connection.tell(end(2));
    assert.equal(connection.resets.get(1), 2);
    assert.ok(!connection.closed, "other streams go on");
  });
}

Deno.test("http2 listener passes interim answers on before the final one", async () => {
  const connection = await listener(headers(1, GET));
  connection.tell(begin(2, responseHead("103", [["link", "</a>"]])), end(2));
  connection.tell(begin(2, responseHead("200", [["content-length", "2"]])));
  connection.offer(2, "ok");
  connection.tell(end(2));
  assert.deepEqual(await written(connection, 1), [":status: 103|link: </a>", ":status: 200|content-length: 2", "ok*"]);
});

Deno.test("http2 listener leaves with the host what the windows have no room for, and asks for it when they do", async () => {
  const connection = await listener(settings([4, 10]), headers(1, GET), headers(3, GET));
  for (const stream of [2, 4]) connection.tell(begin(stream, responseHead("200", [["content-length", "20"]])));
  assert.equal(connection.offer(2, "a".repeat(20)), 10);
  assert.equal(connection.offer(2, "a".repeat(10)), 0, "a shut window takes nothing");
  assert.equal(connection.offer(4, "b".repeat(20)), 10, "another stream has its own");
  connection.send(frame(Type.window, 0, 1, number(4)));
  assert.deepEqual(connection.actions.at(-1), { kind: "resume", stream: 2 });
  assert.equal(connection.offer(2, "a".repeat(10)), 4);
  connection.send(settings([4, 100]));
  assert.deepEqual(connection.actions.slice(-2), [{ kind: "resume", stream: 2 }, { kind: "resume", stream: 4 }]);
  assert.equal(connection.offer(2, "a".repeat(6)), 6);
});

Deno.test("http2 listener holds all streams up while the window of the connection is shut", async () => {
  const connection = await listener(settings([4, 1_000_000]), headers(1, GET), headers(3, GET));
  for (const stream of [2, 4]) connection.tell(begin(stream, responseHead("200", [])));
  let taken = 0;
  for (let piece = connection.offer(2, new Uint8Array(16_384)); piece > 0;) {
    taken += piece;
    piece = connection.offer(2, new Uint8Array(16_384));
  }
  assert.equal(taken, 65_535);
  assert.equal(connection.offer(4, "x"), 0);
  connection.send(frame(Type.window, 0, 0, number(5)));
  assert.deepEqual(
    new Set(connection.actions.slice(-2).map((action) => "stream" in action && action.stream)),
    new Set([2, 4]),
  );
});

Deno.test("http2 listener gives a client that leaves its windows shut a minute", async () => {
  const connection = await listener(settings([4, 0]), headers(1, GET));
  connection.tick(1000).tell(begin(2, responseHead("200", [])));
  connection.offer(2, "x");
  assert.equal(connection.tick(60_000).resets.size, 0);
  assert.equal(connection.tick(61_001).resets.get(1), 8);
  assert.deepEqual(connection.actions.at(-1), { kind: "abort", stream: 2 });
});

Deno.test("http2 listener lets a client send as much again as has left", async () => {
  const connection = await listener(headers(1, [...POST, "content-length: 500000"], Flag.none));
  for (let i = 0; i < 16; i++) connection.send(frame(Type.data, 0, 1, new Uint8Array(16_384)));
  assert.equal(connection.frames.filter(({ type, id }) => type === Type.window && id === 1).length, 0);
  connection.tell({ kind: "window", stream: 1, octets: 100_000 });
  const [grant] = connection.frames.filter(({ type, id }) => type === Type.window && id === 1);
  assert.deepEqual(grant?.payload, number(100_000));
  for (let i = 0; i < 6; i++) connection.send(frame(Type.data, 0, 1, new Uint8Array(16_384)));
  assert.equal(connection.resets.size, 0);
  connection.send(frame(Type.data, 0, 1, new Uint8Array(16_384)));
  assert.equal(connection.resets.get(1), 3);
});

Deno.test("http2 listener gives up what a client cancels, at every point of its life", async () => {
  const cancel = frame(Type.reset, 0, 1, number(8));
  const sending = await listener(headers(1, POST, Flag.none), cancel);
  assert.deepEqual(sending.actions.at(-1), { kind: "abort", stream: 1 });
  const waiting = await listener(headers(1, GET), cancel);
  assert.deepEqual(waiting.actions.at(-1), { kind: "abort", stream: 1 });
  const answered = (await listener(headers(1, GET))).tell(begin(2, responseHead("200", []))).send(cancel);
  assert.deepEqual(answered.actions.at(-1), { kind: "abort", stream: 2 });
  const left = (await listener(headers(1, GET), headers(3, GET))).shut();
  assert.deepEqual(left.actions.slice(-3).map(({ kind }) => kind), ["abort", "abort", "close"]);
});

Deno.test("http2 listener: who cancels every second request, or after a while, or in the midst of an answer, may go on for ever", async () => {
  const cancel = (id: number) => frame(Type.reset, 0, id, number(8));
  const half = await listener();
  const watching = await listener();
  const waiting = await listener();
  for (let at = 0; at < 1000; at++) {
    const [one, two] = [4 * at + 1, 4 * at + 3];
    half.send(headers(one, GET), headers(two, GET), cancel(two));
    const answer = half.begun.at(-2)!.stream + 1;
    half.tell(begin(answer, responseHead("200", [["content-length", "0"]])), end(answer));
    watching.send(headers(one, GET)).tell(begin(watching.begun.at(-1)!.stream + 1, responseHead("200", [])));
    watching.send(cancel(one));
    waiting.tick(at * 2000).send(headers(one, GET)).tick(at * 2000 + 1000).send(cancel(one));
  }
  assert.deepEqual([half.closed, watching.closed, waiting.closed], [false, false, false]);
  assert.deepEqual([half.begun.length, watching.begun.length, waiting.begun.length], [2000, 1000, 1000]);
});

Deno.test("http2 listener sends a request again that says nothing of its length, as those of gRPC, as far as it has come", async () => {
  const connection = await listener(headers(1, POST, Flag.none), frame(Type.data, 0, 1, "hello "));
  connection.tell({ kind: "abort", stream: 1, reason: "released" });
  assert.deepEqual(connection.begun.map(({ stream }) => stream), [1, 3]);
  assert.equal(connection.bodies.get(3), "6\r\nhello \r\n");
  connection.send(frame(Type.data, 0, 1, "world"), headers(1, ["x-sum: 1"], Flag.end));
  const whole = "6\r\nhello \r\n5\r\nworld\r\n0\r\nx-sum: 1\r\n\r\n";
  assert.equal(connection.bodies.get(3), whole);
  connection.tell({ kind: "abort", stream: 3, reason: "released" });
  assert.equal(connection.bodies.get(5), whole);
  assert.deepEqual(connection.actions.at(-1), end(5));
});

Deno.test("http2 listener does not send a request again that is too long to be kept", async () => {
  const connection = await listener(headers(1, POST, Flag.none), frame(Type.data, 0, 1, new Uint8Array(5000)));
  connection.tell({ kind: "abort", stream: 1, reason: "released" });
  assert.deepEqual(connection.begun.map(({ stream }) => stream), [1]);
  assert.match((await written(connection, 1))[0]!, /^:status: 503/);
});

Deno.test("http2 connector: a server that sends a few PINGs with every answer, as those that measure their way do, is no flood", async () => {
  const connection = await connector();
  for (let at = 0; at < 1000; at++) {
    connection.tell(begin(2 * at + 1, requestHead("GET", [host])), end(2 * at + 1));
    connection.send(...Array.from({ length: 4 }, () => frame(Type.ping, 0, 0, new Uint8Array(8))));
    connection.send(headers(2 * at + 1, [":status: 204"]));
  }
  assert.deepEqual([connection.closed, connection.goAway], [false, undefined]);
});

Deno.test("http2 listener sends a request again that nobody has taken, body and all", async () => {
  const connection = await listener(
    headers(1, [...POST, "content-length: 5"], Flag.none),
    frame(Type.data, 1, 1, "hello"),
  );
  connection.tell({ kind: "abort", stream: 1, reason: "released" });
  assert.deepEqual(connection.begun.map(({ stream }) => stream), [1, 3]);
  assert.deepEqual(connection.begun[1]!.head, connection.begun[0]!.head);
  assert.equal(connection.bodies.get(3), "hello");
  connection.tell({ kind: "abort", stream: 3, reason: "failed" });
  assert.match(
    (await written(connection, 1)).join("\n"),
    /^:status: 502\|proxy-status: "west"; error=connection_terminated/,
  );
});

Deno.test("http2 listener answers in the server's place, and other streams go on", async () => {
  const connection = await listener(headers(1, GET), headers(3, GET));
  for (const stream of [1, 5, 7, 9]) connection.tell({ kind: "abort", stream, reason: "released" });
  const [answer, text] = await written(connection, 1);
  assert.match(
    answer!,
    /^:status: 503\|proxy-status: "west"; error=destination_unavailable; .*\|content-type: text\/plain/,
  );
  assert.match(text!, /^503 Service Unavailable: .*listener of site "west" for routing key "web"/s);
  connection.tell(begin(4, responseHead("204", [])), end(4));
  assert.deepEqual(await written(connection, 3), [":status: 204*"]);
});

Deno.test("http2 listener gives a body that stands still 300 s, unless the answer has begun", async () => {
  const connection = (await listener()).tick(1000).send(headers(1, POST, Flag.none), headers(3, POST, Flag.none));
  connection.tell(begin(4, responseHead("200", []))).tick(200_000).send(frame(Type.data, 0, 1, "x"));
  assert.equal(connection.tick(500_000).resets.size, 0);
  connection.tick(500_001);
  assert.match((await written(connection, 1))[0]!, /^:status: 408\|.*error=connection_read_timeout/);
  assert.deepEqual([...connection.resets], [[1, 0]]);
  const abort = { kind: "abort", stream: 1, answered: 408 };
  assert.deepEqual(connection.actions.findLast(({ kind }) => kind === "abort"), abort);
});

Deno.test("http2 listener ends a client that is idle with GOAWAY, and one that says no settings", async () => {
  const idle = (await listener()).tick(1000).tick(76_000);
  assert.equal(idle.closed, false);
  assert.equal(idle.tick(76_001).goAway, 0);
  assert.ok(idle.closed);
  const silent = new MemoryConnection(await loadBuiltin("http2"), "listener").send(PREFACE).tick(1000).tick(11_001);
  assert.equal(silent.goAway, 4);
});

// --- the connector's end

Deno.test("http2 connector makes of a request of HTTP/1.1 what HTTP/2 has for it", async () => {
  const connection = await connector();
  const fields: [string, string][] = [
    ["Host", "h"],
    ["Connection", "close, X-Mine"],
    ["X-Mine", "1"],
    ["TE", "gzip"],
    ["Accept", "*/*"],
    ["Transfer-Encoding", "chunked"],
  ];
  connection.tell(begin(1, head("POST", [[":version", "1.1"], [":path", "http://h/x"]], fields)));
  connection.offer(1, "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
  const said = await written(connection, 1);
  const request = ":method: POST|:scheme: http|:authority: h|:path: /x|accept: */*";
  assert.deepEqual(said, [request, "abc", "x-sum: 1*"]);
});

Deno.test("http2 connector names the routing key as host to a server whose client has named none", async () => {
  for (const fields of [[], [["Host", ""]]] satisfies [string, string][][]) {
    const connection = await connector();
    connection.tell(begin(1, head("GET", [[":version", "1.0"], [":path", "/x"]], fields)), end(1));
    assert.deepEqual(await written(connection, 1), [":method: GET|:scheme: http|:authority: web|:path: /x*"]);
  }
});

Deno.test("http2 connector has many requests under way, and answers each by itself", async () => {
  const connection = await connector();
  for (let stream = 1; stream < 200; stream += 2) {
    connection.tell(begin(stream, requestHead("GET", [host])), end(stream));
  }
  for (let id = 199; id > 0; id -= 2) {
    connection.send(headers(id, [":status: 200", `x: ${id}`], Flag.none), frame(Type.data, 1, id, `${id}`));
  }
  assert.equal(connection.begun.length, 100);
  for (const { stream, head } of connection.begun) {
    assert.deepEqual(head, responseHead("200", [["x", `${stream - 1}`], chunked]));
    const body = `${stream - 1}`;
    assert.equal(connection.bodies.get(stream), `${body.length}\r\n${body}\r\n0\r\n\r\n`);
  }
});

Deno.test("http2 connector gives requests back untouched that the server has no room for or has not looked at", async () => {
  const untouched = (stream: number) => ({ kind: "abort", stream, untouched: true });
  const full = await connector([3, 1]);
  full.tell(begin(1, requestHead("GET", [host])), begin(3, requestHead("GET", [host])));
  assert.deepEqual(full.actions.at(-1), untouched(3));
  full.send(frame(Type.reset, 0, 1, number(7)));
  assert.deepEqual(full.actions.at(-1), untouched(1));
  const going = await connector();
  for (const stream of [1, 3]) going.tell(begin(stream, requestHead("GET", [host])), end(stream));
  going.send(frame(Type.goaway, 0, 0, join(number(1), number(0))));
  assert.deepEqual(going.actions.slice(-2), [{ kind: "concurrency", requests: 0 }, untouched(3)]);
  going.send(headers(1, [":status: 204"])).tick(1000).tick(1001);
  assert.deepEqual(going.begun.map(({ stream }) => stream), [2]);
  assert.ok(going.closed, "it ends when the last response has come");
});

const badResponses: readonly [string, Uint8Array][] = [
  ["no status", headers(1, ["a: b"], Flag.none)],
  ["a status of two digits", headers(1, [":status: 20"], Flag.none)],
  ["a status of 101", headers(1, [":status: 101"], Flag.none)],
  ["a pseudo-field of requests", headers(1, [":status: 200", ":path: /"], Flag.none)],
  ["a connection field", headers(1, [":status: 200", "connection: close"], Flag.none)],
  ["a name in upper case", headers(1, [":status: 200", "A: b"], Flag.none)],
  ["two lengths", headers(1, [":status: 200", "content-length: 1", "content-length: 1"], Flag.none)],
  ["a length and no body", headers(1, [":status: 200", "content-length: 1"])],
  ["DATA before its head", frame(Type.data, 0, 1, "x")],
  ["an end inside an interim one", headers(1, [":status: 100"])],
];
for (const [what, sent] of badResponses) {
  Deno.test(`http2 connector answers 502 for a response that has ${what}`, async () => {
    const connection = (await connector()).tell(begin(1, requestHead("GET", [host])), end(1)).send(sent);
    assert.equal(connection.begun[0]?.head.subject, "502");
    assert.equal(connection.resets.get(1), 1);
    assert.ok(!connection.closed);
  });
}

const fatalToClients: readonly [string, number, Uint8Array][] = [
  ["RFC 9113 8.4, a push", 1, frame(Type.push, 4, 1, join(number(2), Uint8Array.of(0x88)))],
  ["RFC 9113 5.1, a response to nothing", 1, headers(3, [":status: 200"])],
  ["RFC 9113 5.1.1, a stream of the server's", 1, headers(2, [":status: 200"])],
  ["RFC 9113 6.5.2, ENABLE_PUSH of 1", 1, settings([2, 1])],
  ["RFC 9113 4.3, a header block that can't be read", 9, frame(Type.headers, 4, 1, Uint8Array.of(0xff, 0xff))],
];
for (const [name, code, sent] of fatalToClients) {
  Deno.test(`http2 connector ends the connection at ${name}`, async () => {
    const connection = (await connector()).tell(begin(1, requestHead("GET", [host])), end(1)).send(sent);
    assert.equal(connection.goAway, code);
    assert.deepEqual(connection.actions.findLast(({ kind }) => kind === "abort"), { kind: "abort", stream: 1 });
    assert.ok(connection.closed);
  });
}

Deno.test("http2 connector tells the server when nobody wants its response any more", async () => {
  const connection = (await connector()).tell(begin(1, requestHead("GET", [host])), end(1));
  connection.send(headers(1, [":status: 200"], Flag.none)).tell({ kind: "abort", stream: 2, reason: "failed" });
  assert.equal(connection.resets.get(1), 8);
  connection.send(frame(Type.data, 1, 1, "late"));
  assert.equal(connection.goAway, undefined, "what was on its way is ignored");
});

Deno.test("http2 connector gives a request up that its client does, at every point of its life", async () => {
  const waiting = (await connector()).tell(begin(1, requestHead("GET", [host])));
  waiting.tell({ kind: "abort", stream: 1, reason: "failed" });
  assert.equal(waiting.resets.get(1), 8);
  const answering = (await connector()).tell(begin(1, requestHead("POST", [host, chunked])));
  answering.send(headers(1, [":status: 200"], Flag.none)).tell({ kind: "abort", stream: 1, reason: "failed" });
  assert.equal(answering.resets.get(1), 8);
  assert.deepEqual(answering.actions.at(-1), { kind: "abort", stream: 2 });
});

Deno.test("http2 listener lets an answer end of which its client has everything, though its request failed", async () => {
  const connection = (await listener(headers(1, GET))).tell(begin(2, responseHead("200", [["Content-Length", "2"]])));
  connection.offer(2, "ok");
  connection.tell({ kind: "abort", stream: 1, reason: "failed" }).tell(end(2));
  assert.deepEqual(connection.actions.filter(({ kind }) => kind === "abort"), []);
  assert.equal(connection.resets.size, 0);
});

Deno.test("http2 listener gives an answer up whose request failed", async () => {
  const connection = (await listener(headers(1, POST, Flag.none))).tell(begin(2, responseHead("200", [])));
  connection.tell({ kind: "abort", stream: 1, reason: "failed" });
  assert.equal(connection.resets.get(1), 2);
  assert.deepEqual(connection.actions.at(-1), { kind: "abort", stream: 2 });
});
