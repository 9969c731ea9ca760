/** The HTTP/2 adaptor and long bodies: their octets pass it by, both ways, and nothing else changes. */

import assert from "node:assert/strict";
import type { Action, MessageHead } from "./action.ts";
import { loadBuiltin } from "./builtin.ts";
import { Flag, frame, headers, join, MemoryConnection, number, PREFACE, settings, Type } from "./testing_http2.ts";

const FRAME = 16_384;
const POST = [":method: POST", ":scheme: http", ":path: /x", ":authority: h"];

/** As many letters, in an order that shows what is missing. */
function letters(octets: number): string {
  return Array.from({ length: octets }, (_, at) => String.fromCharCode(97 + at % 23)).join("");
}

const LONG = letters(10 * FRAME);

/** DATA frames of a body, the last one with `flags`. */
function data(body: string, flags: number = Flag.none): Uint8Array[] {
  return Array.from({ length: Math.ceil(body.length / FRAME) }, (_, i) => {
    const piece = body.slice(i * FRAME, (i + 1) * FRAME);
    return frame(Type.data, (i + 1) * FRAME >= body.length ? flags : 0, 1, piece);
  });
}

async function listener(...sent: Uint8Array[]): Promise<MemoryConnection> {
  return new MemoryConnection(await loadBuiltin("http2"), "listener").send(PREFACE, settings(), ...sent);
}

const splices = ({ actions }: MemoryConnection) =>
  actions.filter((action): action is Extract<Action, { kind: "splice" }> => action.kind === "splice");
const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const ofLength = (octets: number) => headers(1, [...POST, `content-length: ${octets}`], Flag.none);

/** The body of a message in chunks. */
function unchunked(text: string): string {
  let body = "";
  for (let at = 0;;) {
    const line = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, line), 16);
    if (size === 0) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size;
    assert.equal(text.slice(at, at + 2), "\r\n");
    at += 2;
  }
}

Deno.test("http2 splice: a long body of known length passes by, frame by frame, to its end", async () => {
  const connection = await listener(ofLength(LONG.length), ...data(LONG, Flag.end));
  assert.equal(connection.bodies.get(1), LONG);
  assert.deepEqual(connection.actions.at(-1), { kind: "end", stream: 1 });
  // The last frame, which says that it is that, has to be seen.
  assert.deepEqual(connection.pieces.slice(-1), [1]);
  assert.ok(sum(connection.pieces) >= 6);
});

Deno.test("http2 splice: a short body does not, so that it may leave in one piece with its head", async () => {
  const connection = await listener(ofLength(FRAME * 2), ...data(LONG.slice(0, FRAME * 2), Flag.end));
  assert.deepEqual(splices(connection), []);
  assert.equal(connection.bodies.get(1)?.length, FRAME * 2);
});

Deno.test("http2 splice: a long body without a length is chunked around what passes by, trailers behind it", async () => {
  const connection = await listener(headers(1, POST, Flag.none), ...data(LONG), headers(1, ["x-sum: 1"]));
  const text = connection.bodies.get(1)!;
  assert.equal(unchunked(text), LONG);
  assert.ok(text.endsWith("\r\n0\r\nx-sum: 1\r\n\r\n"));
  assert.ok(sum(connection.pieces) >= 5);
});

Deno.test("http2 splice: frames that begin alike pass in one go, as many as windows and length allow", async () => {
  for (const [octets, frames] of [[LONG.length, 10], [2 ** 20, 16]] as const) {
    const connection = await listener(ofLength(octets), ...data(LONG));
    const [splice] = splices(connection);
    const header = data(LONG)[0]!.slice(0, 9);
    assert.deepEqual(splice?.further, { times: frames - 1, head: header, instead: new Uint8Array(0) });
    assert.equal(connection.bodies.get(1), LONG);
  }
  const chunked = await listener(headers(1, POST, Flag.none), ...data(LONG));
  assert.equal(new TextDecoder().decode(splices(chunked)[0]?.further?.instead), "\r\n4000\r\n");
});

Deno.test("http2 splice: a client may send all it was granted and no octet is lost, however frames are sized and cut", async () => {
  const body = letters(3_000_000);
  for (const [seed, fields] of [[1, POST], [2, [...POST, `content-length: ${body.length}`]], [3, POST]] as const) {
    let random: number = seed;
    const next = (limit: number) => (random = (random * 1103515245 + 12345) & 0x7fffffff) % limit;
    const connection = await listener(headers(1, fields, Flag.none));
    let waiting: Uint8Array = new Uint8Array(0);
    let [at, size, grants, told, others] = [0, FRAME, 0, 0, 0];
    let window = 262_144;
    while (at < body.length || waiting.length > 0) {
      for (let frames = next(20); frames > 0 && at < body.length; frames--) {
        if (next(8) === 0) size = [FRAME, 4096, 9000, 100][next(4)]!;
        const octets = Math.min(size, window, body.length - at);
        if (octets === 0) break;
        const other = next(10) === 0 ? [headers(3 + 2 * others++, [":method: GET", ...POST.slice(1)])] : [];
        const flags = at + octets === body.length ? Flag.end : Flag.none;
        waiting = join(waiting, ...other, frame(Type.data, flags, 1, body.slice(at, at + octets)));
        at += octets;
        window -= octets;
      }
      const cut = next(3) === 0 ? next(20_000) : waiting.length;
      connection.send(waiting.subarray(0, cut));
      waiting = waiting.subarray(Math.min(cut, waiting.length));
      // All that has come leaves at once, and is granted again.
      const left = connection.bodies.get(1)?.length ?? 0;
      if (left > told) connection.tell({ kind: "window", stream: 1, octets: left - told });
      told = left;
      const granted = connection.frames.filter(({ type, id }) => type === Type.window && id === 1)
        .reduce((sum, { payload }) => sum + new DataView(payload.buffer).getUint32(0), 0);
      window += granted - grants;
      grants = granted;
      assert.deepEqual([...connection.resets], []);
      assert.equal(connection.goAway, undefined);
      assert.ok(window > 0 || waiting.length > 0, "the client waits for ever");
    }
    const text = connection.bodies.get(1)!;
    assert.equal(fields.length > 4 ? text : unchunked(text), body);
    // What has not come was never granted twice.
    assert.ok(grants <= body.length + 262_144);
    assert.ok(sum(connection.pieces) > splices(connection).length);
  }
});

Deno.test("http2 splice: padding stays behind, and is granted as before", async () => {
  const padded = (piece: string) =>
    frame(Type.data, Flag.padded, 1, join(Uint8Array.of(100), new TextEncoder().encode(piece), new Uint8Array(100)));
  const pieces = Array.from({ length: 10 }, (_, i) => LONG.slice(i * 16_000, (i + 1) * 16_000));
  const body = pieces.join("");
  const connection = await listener(ofLength(body.length), ...pieces.map(padded), frame(Type.data, Flag.end, 1));
  assert.equal(connection.bodies.get(1), body);
  assert.equal(splices(connection)[0]?.length, 16_000);
  assert.deepEqual(connection.actions.at(-1), { kind: "end", stream: 1 });
});

Deno.test("http2 splice: other streams go on between the frames, and a stream may end in its middle", async () => {
  const connection = await listener(
    ofLength(LONG.length),
    ...data(LONG).slice(0, 2),
    headers(3, [":method: GET", ...POST.slice(1)]),
    ...data(LONG).slice(2, 4),
  );
  assert.deepEqual(connection.begun.map(({ stream }) => stream), [1, 3]);
  // The network gives it up while half of a frame has passed: the other half is still no frame.
  const [next] = data(LONG);
  connection.send(next!.subarray(0, 5000)).tell({ kind: "abort", stream: 1, reason: "failed" });
  assert.equal(connection.resets.get(1), 0);
  connection.send(next!.subarray(5000), ...data(LONG).slice(6), headers(5, [":method: GET", ...POST.slice(1)]));
  assert.equal(connection.goAway, undefined);
  assert.deepEqual(connection.begun.map(({ stream }) => stream), [1, 3, 5]);
});

Deno.test("http2 splice: a request whose octets have passed by is never sent again", async () => {
  const connection = await listener(ofLength(LONG.length), ...data(LONG).slice(0, 1));
  connection.tell({ kind: "abort", stream: 1, reason: "released" });
  assert.equal(connection.begun.length, 1);
});

Deno.test("http2 splice: a client that is cut off in the middle of a frame gives up its requests", async () => {
  const connection = await listener(ofLength(LONG.length), data(LONG)[0]!.subarray(0, 7000));
  connection.shut();
  assert.deepEqual(connection.actions.slice(-2).map(({ kind }) => kind), ["abort", "close"]);
});

Deno.test("http2 splice: more than the length, and less, are still errors of the stream", async () => {
  for (const octets of [LONG.length - 1, LONG.length + 1]) {
    const connection = await listener(ofLength(octets), ...data(LONG, Flag.end));
    assert.equal(connection.resets.get(1), 1);
    assert.deepEqual(connection.actions.at(-1), { kind: "abort", stream: 1 });
    assert.ok(connection.bodies.get(1)!.length <= octets);
  }
});

Deno.test("http2 splice: more than the window is still an error, however it comes", async () => {
  const body = letters(17 * FRAME);
  const connection = await listener(ofLength(body.length), ...data(body));
  assert.equal(connection.resets.get(1), 3);
  assert.equal(connection.bodies.get(1)!.length, 16 * FRAME);
});

// --- to the socket

const head: MessageHead = {
  contentType: "",
  subject: "200",
  properties: [[":version", { type: "string", value: "2" }]],
};
const withField = (key: string, value: string): MessageHead => ({
  ...head,
  properties: [...head.properties, [key, { type: "field", value }]],
});

/** The connection of a client that has asked something, with windows of `stream` and, beyond the first, `more`. */
async function asked(stream: number, more: number, answer: MessageHead): Promise<MemoryConnection> {
  const connection = new MemoryConnection(await loadBuiltin("http2"), "listener");
  connection.send(PREFACE, settings([4, stream]), headers(1, [":method: GET", ...POST.slice(1)]));
  if (more > 0) connection.send(frame(Type.window, 0, 0, number(more)));
  return connection.tell({ kind: "begin", stream: 2, head: answer });
}

const sent = (connection: MemoryConnection) => connection.frames.filter(({ type }) => type === Type.data);
const text = (connection: MemoryConnection) =>
  sent(connection).map(({ payload }) => new TextDecoder().decode(payload)).join("");

Deno.test("http2 splice: an answer passes by in frames that the peer takes, and ends with its last octet", async () => {
  const connection = await asked(1_000_000, 1_000_000, withField("content-length", `${LONG.length}`));
  assert.equal(connection.offer(2, LONG), LONG.length);
  assert.equal(text(connection), LONG);
  const frames = sent(connection);
  assert.ok(frames.every(({ payload }) => payload.length === FRAME));
  assert.deepEqual(frames.map(({ flags }) => flags), [...Array(9).fill(0), Flag.end]);
});

Deno.test("http2 splice: frames are as long as the peer takes now, up to 64 KiB", async () => {
  const body = "x".repeat(250_000);
  for (const [takes, longest] of [[16_384, 16_384], [20_000, 20_000], [0xff_ffff, 65_536]] as const) {
    const connection = await asked(1_000_000, 1_000_000, withField("content-length", `${body.length}`));
    connection.send(settings([5, 0xff_ffff])).send(settings([5, takes]));
    assert.equal(connection.offer(2, body), body.length);
    assert.equal(text(connection), body);
    const lengths = sent(connection).map(({ payload }) => payload.length);
    assert.equal(Math.max(...lengths), longest);
    assert.ok(lengths.slice(0, -1).every((length) => length === longest), lengths.join(" "));
  }
});

Deno.test("http2 splice: the windows of stream and connection bound what passes by, to the octet", async () => {
  for (const [stream, more, allowed] of [[70_001, 1_000_000, 70_001], [1_000_000, 0, 65_535]] as const) {
    const connection = await asked(stream, more, withField("content-length", `${LONG.length}`));
    assert.equal(connection.offer(2, LONG), allowed);
    assert.equal(text(connection), LONG.slice(0, allowed));
    assert.equal(connection.offer(2, LONG.slice(allowed)), 0);
    connection.send(frame(Type.window, 0, 0, number(1_000_000)), frame(Type.window, 0, 1, number(1_000_000)));
    assert.deepEqual(connection.actions.at(-1), { kind: "resume", stream: 2 });
    assert.equal(connection.offer(2, LONG.slice(allowed)), LONG.length - allowed);
    assert.equal(text(connection), LONG);
  }
});

Deno.test("http2 splice: chunks are taken apart however they are cut, and trailers follow the body", async () => {
  const chunk = (size: number, at: number) => `${size.toString(16)}\r\n${LONG.slice(at, at + size)}\r\n`;
  const sizes = [FRAME, 1, 100, 4095, 4096, 40_000, 7, ...Array<number>(200).fill(30), 20_000];
  let at = 0;
  let coded = "";
  for (const size of sizes) {
    coded += chunk(size, at);
    at += size;
  }
  coded += "0\r\nx-sum: 1\r\n\r\n";
  for (const piece of [coded.length, 70_000, 5000, 4097, 999]) {
    const connection = await asked(1_000_000, 1_000_000, withField("transfer-encoding", "chunked"));
    for (let from = 0; from < coded.length; from += piece) {
      const octets = coded.slice(from, from + piece);
      assert.equal(connection.offer(2, octets), octets.length);
    }
    assert.equal(text(connection), LONG.slice(0, at));
    assert.equal(connection.frames.at(-1)!.flags, Flag.end | Flag.endHeaders);
  }
});

Deno.test("http2 splice: what follows a body that is complete is nobody's, and bad framing ends the stream", async () => {
  const over = await asked(1_000_000, 1_000_000, withField("content-length", "100000"));
  assert.equal(over.offer(2, LONG), LONG.length);
  assert.equal(text(over), LONG.slice(0, 100_000));
  const broken = await asked(1_000_000, 1_000_000, withField("transfer-encoding", "chunked"));
  broken.offer(2, `4000\r\n${LONG.slice(0, FRAME)}xx${LONG}`);
  assert.equal(text(broken), LONG.slice(0, FRAME));
  assert.equal(broken.resets.get(1), 2);
});

Deno.test("http2 splice: a connector does the same for requests and responses", async () => {
  const connection = new MemoryConnection(await loadBuiltin("http2"), "connector").send(settings([4, 1_000_000]));
  connection.send(frame(Type.window, 0, 0, number(1_000_000)));
  const request: MessageHead = {
    contentType: "",
    subject: "POST",
    properties: [
      [":version", { type: "string", value: "2" }],
      [":path", { type: "string", value: "/x" }],
      ["host", { type: "field", value: "h" }],
      ["content-length", { type: "field", value: `${LONG.length}` }],
    ],
  };
  connection.tell({ kind: "begin", stream: 1, head: request });
  assert.equal(connection.offer(1, LONG), LONG.length);
  assert.equal(text(connection), LONG);
  connection.tell({ kind: "end", stream: 1 });
  connection.send(headers(1, [":status: 200"], Flag.none), ...data(LONG), frame(Type.data, Flag.end, 1));
  assert.equal(unchunked(connection.bodies.get(2)!), LONG);
  assert.ok(sum(connection.pieces) >= 5);
  assert.deepEqual(connection.actions.at(-1), { kind: "end", stream: 2 });
});

Deno.test("http2 splice: a long body that the network takes gets a wider window, for eight streams at a time", async () => {
  const connection = await listener();
  const granted = (id: number) =>
    connection.frames.filter((one) => one.type === Type.window && one.id === id)
      .reduce((sum, { payload }) => sum + new DataView(payload.buffer).getUint32(0), 0);
  const block = new Uint8Array(FRAME);
  const ids = Array.from({ length: 9 }, (_, i) => 1 + 2 * i);
  for (const id of ids) {
    connection.send(headers(id, [...POST, "content-length: 10000000"], Flag.none));
    for (let sent = 0; sent < 3; sent++) {
      for (let i = 0; i < 16; i++) connection.send(frame(Type.data, 0, id, block));
      connection.tell({ kind: "window", stream: id, octets: 16 * FRAME });
    }
  }
  const all = 3 * 16 * FRAME;
  assert.deepEqual(ids.map(granted), [...Array<number>(8).fill(all + 262_144), all]);
  // What is wider is kept to, and free again when its stream is over.
  for (let i = 0; i < 32; i++) connection.send(frame(Type.data, 0, 1, block));
  assert.equal(connection.resets.size, 0);
  connection.send(frame(Type.data, 0, 1, block));
  assert.equal(connection.resets.get(1), 3);
  connection.send(...Array.from({ length: 16 }, () => frame(Type.data, 0, 17, block)));
  connection.tell({ kind: "window", stream: 17, octets: 16 * FRAME });
  assert.equal(granted(17), all + 16 * FRAME + 262_144);
});
