import assert from "node:assert/strict";
import type { Action, AdaptorInstance, AdaptorRole, MessageHead, StreamEvent } from "./action.ts";
import { loadBuiltin } from "./builtin.ts";
import { contractCases, type ContractSubject, type Transcript, type TranscriptStep } from "./contract.ts";
import { config, octetsOf, readRequests, textOf } from "./testing_http1.ts";

const NO_OCTETS = new Uint8Array(0);
const GET = "GET /x?y HTTP/1.1\r\nHost: h\r\nCookie: a\r\nConnection: x-gone\r\nX-Gone: 1\r\nCookie: b\r\n\r\n";
const getHead = requestHead("GET", "/x?y", [["Host", "h"], ["Cookie", "a"], ["Cookie", "b"]]);

function requestHead(subject: string, path: string, fields: [string, string][], version = "1.1"): MessageHead {
  return head(subject, [[":version", version], [":path", path]], fields);
}

function responseHead(subject: string, reason: string, fields: [string, string][]): MessageHead {
  return head(subject, [[":version", "1.1"], [":reason", reason]], fields);
}

function head(subject: string, strings: [string, string][], fields: [string, string][]): MessageHead {
  return {
    contentType: "",
    subject,
    properties: [
      ...strings.map(([key, value]) => [key, { type: "string", value }] as const),
      ...fields.map(([key, value]) => [key, { type: "field", value }] as const),
    ],
  };
}

function bytes(text: string): Action {
  return { kind: "bytes", data: octetsOf(text) };
}

function data(stream: number, text: string): Action & StreamEvent {
  return { kind: "data", stream, data: octetsOf(text) };
}

function begin(stream: number, head: MessageHead): Action & StreamEvent {
  return { kind: "begin", stream, head };
}

function end(stream: number): Action & StreamEvent {
  return { kind: "end", stream };
}

function splice(side: "in" | "out", stream: number, length: number): Action {
  return { kind: "splice", side: side === "in" ? "socket-to-stream" : "stream-to-socket", stream, length };
}

const closed: Action = { kind: "close", text: "" };

function socket(text: string, ...actions: Action[]): TranscriptStep {
  return { call: "socket", data: octetsOf(text), eof: false, answer: { consumed: text.length, actions } };
}

function eof(...actions: Action[]): TranscriptStep {
  return { call: "socket", data: NO_OCTETS, eof: true, answer: { consumed: 0, actions } };
}

function event(event: StreamEvent, ...actions: Action[]): TranscriptStep {
  return { call: "stream", event, answer: { actions } };
}

function tick(now: number, ...actions: Action[]): TranscriptStep {
  return { call: "tick", now, answer: { deadline: 0, actions } };
}

function transcript(title: string, role: AdaptorRole, ...steps: TranscriptStep[]): Transcript {
  return { title, role, config, opening: [], steps };
}

const okHead = responseHead("200", "OK", [["Content-Length", "5"]]);
const chunked: [string, string] = ["Transfer-Encoding", "chunked"];
const asked = [socket(GET, begin(1, getHead), end(1))];
const CHUNKS = "5\r\nhello\r\n0\r\nX-T: t\r\n\r\n";
const websocket = requestHead("GET", "/ws", [["Host", "h"], ["Upgrade", "websocket"]]);
const switching = responseHead("101", "Switching Protocols", [["Upgrade", "websocket"]]);

const transcripts: Transcript[] = [
  transcript(
    "listener passes on a request, and its answer's body without looking at it; then the next",
    "listener",
    ...asked,
    event(begin(2, okHead), bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), splice("out", 2, 5)),
    event(end(2)),
    socket(GET, begin(3, getHead), end(3)),
    event(begin(4, okHead), bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), splice("out", 4, 5)),
    event(end(4)),
    eof(closed),
  ),
  transcript(
    "listener answers pipelined requests in order: the second waits",
    "listener",
    {
      call: "socket",
      data: octetsOf(GET + GET),
      eof: false,
      answer: { consumed: GET.length, actions: [begin(1, getHead), end(1)] },
    },
    event(begin(2, responseHead("204", "No", [])), bytes("HTTP/1.1 204 No\r\n\r\n")),
    event(end(2)),
    socket(GET, begin(3, getHead), end(3)),
  ),
  transcript(
    "listener passes chunks and trailers on as they are, both ways",
    "listener",
    socket(
      `POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
      begin(1, requestHead("POST", "/x", [["Host", "h"], chunked])),
      data(1, CHUNKS),
      end(1),
    ),
    event(
      begin(2, responseHead("200", "OK", [chunked])),
      bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ),
    event(data(2, CHUNKS), bytes(CHUNKS)),
    event(end(2)),
  ),
  transcript(
    "listener passes interim answers on before the final one",
    "listener",
    ...asked,
    event(
      begin(2, responseHead("103", "Early Hints", [["Link", "</a>"]])),
      bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    ),
    event(end(2)),
    event(begin(2, okHead), bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), splice("out", 2, 5)),
  ),
  transcript(
    "listener becomes a tunnel when the server changes the protocol",
    "listener",
    socket("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", begin(1, websocket)),
    event(
      begin(2, switching),
      bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
      splice("in", 1, Infinity),
      splice("out", 2, Infinity),
    ),
  ),
  transcript(
    "listener ends the connection behind a body that ends with it",
    "listener",
    ...asked,
    event(
      begin(2, responseHead("200", "OK", [])),
      bytes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
      splice("out", 2, Infinity),
    ),
    event(end(2), closed),
  ),
  transcript(
    "listener sends an idempotent request again that was lost before it was answered",
    "listener",
    ...asked,
    event({ kind: "abort", stream: 1, reason: "failed" }, begin(3, getHead), end(3)),
    event({ kind: "abort", stream: 3, reason: "released" }, begin(5, getHead), end(5)),
    event(begin(6, responseHead("204", "No", [])), bytes("HTTP/1.1 204 No\r\n\r\n")),
  ),
  transcript(
    "listener ends a client that sends nothing",
    "listener",
    tick(1000),
    tick(76_000),
    tick(76_001, closed),
  ),
  transcript(
    "connector writes a request, splices a body of known length and passes the response on",
    "connector",
    event(
      begin(1, requestHead("PUT", "/x", [["Host", "h"], ["Content-Length", "9"]])),
      bytes("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"),
      splice("out", 1, 9),
    ),
    event(end(1)),
    socket(
      "HTTP/1.1 100 Continue\r\n\r\n",
      { ...begin(2, responseHead("100", "Continue", [])), interim: true } as Action,
    ),
    socket(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: x\r\n\r\nhello",
      begin(2, okHead),
      data(2, "hello"),
      end(2),
    ),
    event(begin(3, getHead), bytes("GET /x?y HTTP/1.1\r\nHost: h\r\nCookie: a\r\nCookie: b\r\n\r\n")),
    event(end(3)),
    socket("HTTP/1.1 204 No\r\n\r\n", begin(4, responseHead("204", "No", [])), end(4)),
    tick(1000),
    tick(5001, closed),
  ),
  transcript(
    "connector lets the host move a long response, and a long chunk",
    "connector",
    event(begin(1, getHead), bytes("GET /x?y HTTP/1.1\r\nHost: h\r\nCookie: a\r\nCookie: b\r\n\r\n")),
    event(end(1)),
    {
      call: "socket",
      data: octetsOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\nhello"),
      eof: false,
      answer: {
        consumed: 54,
        actions: [begin(2, responseHead("200", "OK", [chunked])), data(2, "186a0\r\n"), splice("in", 2, 100_000)],
      },
    },
  ),
  transcript(
    "connector becomes a tunnel when the server changes the protocol",
    "connector",
    event(
      begin(1, websocket),
      bytes("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    ),
    socket(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
      begin(2, switching),
      splice("in", 2, Infinity),
      splice("out", 1, Infinity),
    ),
  ),
  transcript(
    "connector refuses a request that would be two to the server",
    "connector",
    event(
      begin(1, requestHead("GET", "/a HTTP/1.1\r\nHost: h\r\n\r\nGET /b", [["Host", "h"]])),
      { kind: "error", code: 2, text: "the request is not one of HTTP" },
      { kind: "close", text: "the request is not one of HTTP" },
    ),
  ),
  transcript(
    "connector refuses octets behind the last chunk",
    "connector",
    event(
      begin(1, requestHead("POST", "/x", [["Host", "h"], chunked])),
      bytes("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ),
    event(
      data(1, `${CHUNKS}GET /b HTTP/1.1\r\n`),
      { kind: "error", code: 2, text: "the request's body is not what its framing says" },
      { kind: "close", text: "the request's body is not what its framing says" },
    ),
  ),
];

async function subject(): Promise<ContractSubject> {
  const bytes = await Deno.readFile(new URL("./builtin/http1.wasm", import.meta.url));
  return { module: await loadBuiltin("http1"), bytes, transcripts };
}

for (const { title, run } of contractCases) {
  Deno.test(`http1 adaptor ${title}`, async () => run(await subject()));
}

/** A listener that has sent on `request`. */
async function listener(request: string): Promise<AdaptorInstance> {
  const instance = (await loadBuiltin("http1")).instantiate();
  instance.open("listener", config);
  instance.socket(octetsOf(request), false);
  return instance;
}

function written(actions: readonly Action[]): string {
  return actions.map((action) => action.kind === "bytes" ? textOf(action.data) : "").join("");
}

const failures: readonly [string, StreamEvent, RegExp][] = [
  [
    "POST / HTTP/1.1\r\nHost: h\r\n\r\n",
    { kind: "abort", stream: 1, reason: "failed" },
    /^HTTP\/1.1 502 .*"west"; error=/s,
  ],
  ["POST / HTTP/1.1\r\nHost: h\r\n\r\n", { kind: "abort", stream: 1, reason: "rejected" }, /^HTTP\/1.1 502 /],
  [GET, begin(2, responseHead("20", "", [])), /^HTTP\/1.1 502 /],
  [GET, begin(2, responseHead("101", "", [["Upgrade", "websocket"]])), /^HTTP\/1.1 502 /],
  [GET, begin(2, responseHead("200", "", [["Content-Length", "5"], chunked])), /^HTTP\/1.1 502 /],
  [GET, begin(2, responseHead("200", "", [["X", "a\r\nY: b"]])), /^HTTP\/1.1 502 /],
  ["GET / HTTP/1.0\r\n\r\n", begin(2, responseHead("200", "", [chunked])), /^HTTP\/1.1 502 /],
];
for (const [request, what, answer] of failures) {
  const name = what.kind === "begin" ? JSON.stringify(what.head.properties) : JSON.stringify(what);
  Deno.test(`http1 listener answers ${answer} to ${request.split("\r")[0]} when it gets ${name}`, async () => {
    assert.match(written((await listener(request)).stream(what)), answer);
  });
}

Deno.test("http1 listener gives a request up that nobody takes, with 503 and the name of the site", async () => {
  const instance = await listener(GET);
  let actions: Action[] = [];
  for (let stream = 1; stream <= 7; stream += 2) {
    actions = instance.stream({ kind: "abort", stream, reason: "released" });
  }
  assert.match(
    written(actions),
    /^HTTP\/1.1 503 Service Unavailable\r\nProxy-Status: "west"; error=destination_unavailable/,
  );
  assert.deepEqual(actions.at(-1), closed);
});

Deno.test("http1 listener sends a body again that it has kept, and none that it has not", async () => {
  for (const [length, again] of [[8000, true], [9000, false]] as const) {
    const body = "x".repeat(length);
    const instance = await listener(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${body}`);
    const actions = instance.stream({ kind: "abort", stream: 1, reason: "released" });
    const sent = actions.map((action) => action.kind === "data" ? textOf(action.data) : "").join("");
    assert.equal(sent, again ? body : "");
    assert.equal(/^HTTP\/1.1 503/.test(written(actions)), !again);
  }
});

const answers: readonly [string, RegExp][] = [
  [`GET /${"a".repeat(8200)} HTTP/1.1\r\nHost: h\r\n\r\n`, /^HTTP\/1.1 414 /],
  [`GET / HTTP/1.1\r\nHost: h\r\nX: ${"a".repeat(16_384)}\r\n\r\n`, /^HTTP\/1.1 431 /],
  [`GET / HTTP/1.1\r\nHost: h\r\n${"X: a\r\n".repeat(128)}\r\n`, /^HTTP\/1.1 431 /],
  ["GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", /^HTTP\/1.1 501 /],
  ["GET / HTTP/1.9\r\nHost: h\r\n\r\n", /^HTTP\/1.1 505 /],
  ["GET / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n", /^HTTP\/1.1 417 /],
];
for (const [request, answer] of answers) {
  Deno.test(`http1 listener answers ${answer} to ${JSON.stringify(request.slice(0, 60))}`, async () => {
    const { requests, written } = readRequests(await loadBuiltin("http1"), [octetsOf(request)]);
    assert.equal(requests.length, 0);
    assert.match(written, answer);
  });
}

Deno.test("http1 listener gives a client 60 s for a head, and the network 310 s for an answer", async () => {
  const slow = (await loadBuiltin("http1")).instantiate();
  slow.open("listener", config);
  slow.tick(1000);
  slow.socket(octetsOf("GET / HT"), false);
  assert.deepEqual(slow.tick(61_000).actions, []);
  assert.match(written(slow.tick(61_001).actions), /^HTTP\/1.1 408 /);
  const waiting = (await loadBuiltin("http1")).instantiate();
  waiting.open("listener", config);
  waiting.tick(1000);
  waiting.socket(octetsOf(GET), false);
  assert.deepEqual(waiting.tick(311_000).actions, []);
  const { actions } = waiting.tick(311_001);
  assert.deepEqual(actions.find(({ kind }) => kind === "abort"), { kind: "abort", stream: 1, answered: 504 });
  assert.match(written(actions), /^HTTP\/1.1 504 .*"west"/s);
});

const POST_OF = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
const slowBodies: readonly [string, string, string][] = [
  ["nothing", `${POST_OF}5\r\n\r\n`, ""],
  ["half of a body, octet by octet", `${POST_OF}600\r\n\r\n`, "x"],
  ["no whole piece of a body that the host moves", `${POST_OF}300000000\r\n\r\n${"x".repeat(5000)}`, ""],
  ["half a chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx", ""],
];
for (const [what, request, eachSecond] of slowBodies) {
  Deno.test(`http1 listener answers 408 to a client that has sent ${what} in 300 s`, async () => {
    const instance = (await loadBuiltin("http1")).instantiate();
    instance.open("listener", config);
    instance.tick(1000);
    instance.socket(octetsOf(request), false);
    for (let second = 2; second <= 301; second++) {
      assert.deepEqual(instance.tick(second * 1000).actions, []);
      if (eachSecond !== "") instance.socket(octetsOf(eachSecond), false);
    }
    const { actions } = instance.tick(301_001);
    assert.deepEqual(actions.find(({ kind }) => kind === "abort"), { kind: "abort", stream: 1, answered: 408 });
    assert.match(written(actions), /^HTTP\/1.1 408 .*error=connection_read_timeout/s);
    assert.deepEqual(actions.at(-1), closed);
  });
}

Deno.test("http1 listener lets a body take as long as it moves, piece by piece", async () => {
  const instance = (await loadBuiltin("http1")).instantiate();
  instance.open("listener", config);
  instance.tick(1000);
  const pieces = 5;
  const request = `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${pieces * 262_144}\r\n\r\n`;
  instance.socket(octetsOf(request), false);
  for (let piece = 0; piece < pieces; piece++) {
    // The rest of a body that the host moves is asked for by the first octets behind what it has moved.
    const asked = instance.socket(octetsOf("x".repeat(5000)), false);
    assert.deepEqual([asked.consumed, asked.actions], [0, [splice("in", 1, 262_144)]]);
    assert.deepEqual(instance.tick(1000 + (piece + 1) * 299_000).actions, []);
    const through = instance.spliced();
    assert.deepEqual(through, piece === pieces - 1 ? [end(1)] : []);
  }
});

Deno.test("http1 passes TE on for trailers alone, and no target with a fragment", async () => {
  const { requests } = readRequests(await loadBuiltin("http1"), [
    octetsOf("GET / HTTP/1.1\r\nHost: h\r\nTE: gzip\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n"),
  ]);
  assert.deepEqual(requests.map(({ head }) => head.properties.some(([key]) => key === "TE")), [false, true]);
  const { requests: none, written } = readRequests(await loadBuiltin("http1"), [
    octetsOf("GET /admin#x HTTP/1.1\r\nHost: h\r\n\r\n"),
  ]);
  assert.equal(none.length, 0);
  assert.match(written, /^HTTP\/1.1 400 /);
});

Deno.test("http1 connector opens no tunnel that was shut before", async () => {
  const agreed = { ...websocket, response: "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n" };
  const connect = { ...requestHead("CONNECT", "h:1", [["Host", "h:1"]]), response: "HTTP/1.1 200 Yes\r\n\r\n" };
  for (const { response, ...head } of [agreed, connect]) {
    const instance = (await loadBuiltin("http1")).instantiate();
    instance.open("connector", config);
    instance.stream(begin(1, head));
    instance.stream(end(1));
    const actions = instance.socket(octetsOf(response), false).actions;
    const [answer] = actions.filter((action) => action.kind === "begin");
    assert.equal(answer?.head.subject, "502");
    assert.deepEqual(actions.at(-1), closed);
  }
});

const badResponses: readonly [string, RegExp][] = [
  ["HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", /502/],
  ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", /502/],
  ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", /502/],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", /502/],
  ["HTTP/1.1 200 OK\r\n X: y\r\n\r\n", /502/],
  ["HTTP/2 200\r\n\r\n", /502/],
  ["SSH-2.0-OpenSSH\r\n\r\n", /502/],
  ["\r\nHTTP/1.1 200 OK\r\n\r\n", /502/],
  ["HTTP/1.1 101 Ok\r\nUpgrade: h2c\r\n\r\n", /502/],
];
for (const [response, status] of badResponses) {
  Deno.test(`http1 connector answers ${status} in the server's place to ${JSON.stringify(response)}`, async () => {
    const instance = (await loadBuiltin("http1")).instantiate();
    instance.open("connector", config);
    instance.stream(begin(1, getHead));
    instance.stream(end(1));
    const actions = instance.socket(octetsOf(response), false).actions;
    const [answer] = actions.filter((action) => action.kind === "begin");
    assert.match(answer?.head.subject ?? "", status);
    const origin = answer?.head.properties.find(([key]) => key === "Proxy-Status")?.[1].value;
    assert.match(String(origin), /^"west"; error=http_protocol_error/);
    assert.deepEqual(actions.at(-1), closed);
  });
}
