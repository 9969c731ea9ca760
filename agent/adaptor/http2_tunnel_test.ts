/** The HTTP/2 adaptor's tunnels: CONNECT, and WebSocket by extended CONNECT (RFC 8441), which clients alone may open. */

import assert from "node:assert/strict";
import type { MessageHead, StreamEvent } from "./action.ts";
import { loadBuiltin } from "./builtin.ts";
import { Hpack } from "./testing_hpack.ts";
import { Flag, frame, headers, MemoryConnection, number, PREFACE, settings, Type } from "./testing_http2.ts";

const WEBSOCKET = [
  ":method: CONNECT",
  ":protocol: websocket",
  ":scheme: http",
  ":path: /chat",
  ":authority: h",
  "sec-websocket-version: 13",
  "sec-websocket-key: theirs",
];
const CONNECT = [":method: CONNECT", ":authority: h:443"];
const ACCEPT: [string, string] = ["Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="];
const UPGRADE: [string, string] = ["Upgrade", "websocket"];

function answer(status: string, ...fields: [string, string][]): StreamEvent {
  const properties = fields.map(([key, value]) => [key, { type: "field", value }] as const);
  return {
    kind: "begin",
    stream: 2,
    head: {
      contentType: "",
      subject: status,
      properties: [[":version", { type: "string", value: "1.1" }], ...properties],
    },
  };
}

async function listener(...sent: Uint8Array[]): Promise<MemoryConnection> {
  return new MemoryConnection(await loadBuiltin("http2"), "listener").send(PREFACE, settings(), ...sent);
}

/** What was written for stream 1 behind the settings; a star is the end. */
async function written(connection: MemoryConnection): Promise<string[]> {
  const hpack = await Hpack.create();
  return connection.frames.filter(({ id }) => id === 1).flatMap(({ type, flags, payload }) => {
    const last = (flags & Flag.end) !== 0 ? "*" : "";
    if (type === Type.headers) return [hpack.decode(payload)!.join("|") + last];
    return type === Type.data ? [new TextDecoder().decode(payload) + last] : [];
  });
}

function plain({ subject, properties }: MessageHead): unknown[] {
  return [subject, ...properties.map(([key, { value }]) => `${key}: ${value}`)];
}

Deno.test("http2 tunnel: a WebSocket is the Upgrade of HTTP/1.1, and octets both ways until both have ended", async () => {
  const connection = await listener(headers(1, WEBSOCKET, Flag.none));
  assert.deepEqual(plain(connection.begun[0]!.head), [
    "GET",
    ":version: 2",
    ":path: /chat",
    "host: h",
    "sec-websocket-version: 13",
    "upgrade: websocket",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  ]);
  connection.tell(answer("101", UPGRADE, ACCEPT, ["Sec-WebSocket-Protocol", "chat"], ["Connection", "Upgrade"]));
  assert.equal(connection.offer(2, "from the server"), 15);
  connection.send(frame(Type.data, 0, 1, "from the client"));
  connection.tell({ kind: "end", stream: 2 });
  assert.equal(connection.resets.size, 0, "the client's half goes on");
  connection.send(frame(Type.data, Flag.end, 1, "!"));
  assert.equal(connection.bodies.get(1), "from the client!");
  assert.deepEqual(connection.actions.at(-1), { kind: "end", stream: 1 });
  assert.deepEqual(await written(connection), [":status: 200|sec-websocket-protocol: chat", "from the server", "*"]);
});

Deno.test("http2 tunnel: who shuts first still hears the server to its end", async () => {
  const connection = await listener(headers(1, CONNECT, Flag.none));
  assert.deepEqual(plain(connection.begun[0]!.head), ["CONNECT", ":version: 2", ":path: h:443", "host: h:443"]);
  connection.tell(answer("200", ["Content-Length", "3"], ["Via", "me"]));
  connection.send(frame(Type.data, Flag.end, 1, "bye"));
  assert.deepEqual(connection.actions.at(-1), { kind: "end", stream: 1 });
  assert.equal(connection.offer(2, "more"), 4);
  connection.tell({ kind: "end", stream: 2 });
  assert.deepEqual(await written(connection), [":status: 200|via: me", "more", "*"]);
  assert.equal(connection.resets.size, 0);
});

Deno.test("http2 tunnel: a server that does not agree answers as to any request", async () => {
  for (const request of [WEBSOCKET, CONNECT]) {
    const connection = await listener(headers(1, request, Flag.none));
    connection.tell(answer("403", ["Content-Length", "2"]));
    assert.deepEqual(connection.actions.at(-1), { kind: "end", stream: 1 });
    connection.send(frame(Type.data, Flag.end, 1));
    connection.offer(2, "no");
    connection.tell({ kind: "end", stream: 2 });
    assert.deepEqual(await written(connection), [":status: 403|content-length: 2", "no*"]);
    assert.equal(connection.resets.size, 0);
  }
});

const noWebSocket: readonly [string, StreamEvent][] = [
  ["200", answer("200", ["Content-Length", "0"])],
  ["101 without Upgrade", answer("101", ACCEPT)],
  ["101 with another's key", answer("101", UPGRADE, ["Sec-WebSocket-Accept", "x"])],
];
for (const [what, said] of noWebSocket) {
  Deno.test(`http2 tunnel: ${what} is no WebSocket`, async () => {
    const connection = await listener(headers(1, WEBSOCKET, Flag.none));
    connection.tell(said);
    assert.match((await written(connection))[0]!, /^:status: 502\|/);
  });
}

Deno.test("http2 tunnel: what is no tunnel, or one of a protocol that is not spoken, is refused", async () => {
  const other = WEBSOCKET.map((field) => field === ":protocol: websocket" ? ":protocol: connect-udp" : field);
  const cases: [string[], number, RegExp | number][] = [
    [other, Flag.none, /^:status: 501\|/],
    [WEBSOCKET, Flag.end, /^:status: 400\|/],
    [[...CONNECT, "content-length: 3"], Flag.none, /^:status: 400\|/],
    [[":method: CONNECT"], Flag.none, 1],
    [[...CONNECT, ":path: /"], Flag.none, 1],
    [WEBSOCKET.filter((field) => !field.startsWith(":path")), Flag.none, 1],
    [[":method: GET", ...WEBSOCKET.slice(1)], Flag.none, 1],
  ];
  for (const [fields, flags, expected] of cases) {
    const connection = await listener(headers(1, fields, flags));
    assert.equal(connection.begun.length, 0, fields.join("|"));
    if (typeof expected === "number") assert.equal(connection.resets.get(1), expected, fields.join("|"));
    else assert.match((await written(connection))[0]!, expected);
    assert.ok(!connection.closed);
  }
});

Deno.test("http2 tunnel: octets before it is open end it", async () => {
  const connection = await listener(headers(1, CONNECT, Flag.none), frame(Type.data, 0, 1, "early"));
  assert.equal(connection.resets.get(1), 1);
  assert.deepEqual(connection.actions.at(-1), { kind: "abort", stream: 1 });
});

Deno.test("http2 tunnel: one that breaks is reset, from either side", async () => {
  const lost = await listener(headers(1, CONNECT, Flag.none));
  lost.tell(answer("200"), { kind: "abort", stream: 2 });
  assert.equal(lost.resets.get(1), 10);
  assert.deepEqual(lost.actions.at(-1), { kind: "abort", stream: 1 });
  const cancelled = await listener(headers(1, CONNECT, Flag.none));
  cancelled.tell(answer("200")).send(frame(Type.reset, 0, 1, number(8)));
  assert.deepEqual(cancelled.actions.slice(-2), [{ kind: "abort", stream: 2 }, { kind: "abort", stream: 1 }]);
});

Deno.test("http2 tunnel: towards a server there is none: CONNECT is refused, an Upgrade is a plain request", async () => {
  const request = async (subject: string, path: string) => {
    const connection = new MemoryConnection(await loadBuiltin("http2"), "connector").send(settings([8, 1]));
    const properties: MessageHead["properties"] = [
      [":path", { type: "string", value: path }],
      ["Host", { type: "field", value: "h:1" }],
      ["Upgrade", { type: "field", value: "websocket" }],
    ];
    return connection.tell({ kind: "begin", stream: 1, head: { contentType: "", subject, properties } });
  };
  assert.equal((await request("CONNECT", "h:1")).begun[0]?.head.subject, "501");
  const upgrade = await request("GET", "/chat");
  assert.deepEqual(await written(upgrade), [":method: GET|:scheme: http|:authority: h:1|:path: /chat*"]);
});

Deno.test("http2 tunnel: one that nobody took is asked for again, one that nobody answers is given up", async () => {
  const connection = await listener(headers(1, WEBSOCKET, Flag.none));
  connection.tell({ kind: "abort", stream: 1, reason: "released" });
  assert.deepEqual(connection.begun.map(({ stream }) => stream), [1, 3]);
  assert.deepEqual(connection.begun[1]!.head, connection.begun[0]!.head);
  connection.tick(1000).tick(312_000);
  assert.match((await written(connection))[0]!, /^:status: 504\|/);
});
