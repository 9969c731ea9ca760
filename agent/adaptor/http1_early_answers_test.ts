/** The HTTP/1 adaptor where an answer is complete before its request is, or has only begun. */

import assert from "node:assert/strict";
import type { Action, AdaptorInstance, MessageHead } from "./action.ts";
import { loadBuiltin } from "./builtin.ts";
import { config, octetsOf, textOf } from "./testing_http1.ts";

const POST = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n";

function responseHead(subject: string, fields: readonly [string, string][]): MessageHead {
  const properties = fields.map(([key, value]) => [key, { type: "field", value }] as const);
  return { contentType: "", subject, properties: [[":version", { type: "string", value: "1.1" }], ...properties] };
}

const empty = responseHead("204", []);

async function opened(role: "listener" | "connector"): Promise<AdaptorInstance> {
  const instance = (await loadBuiltin("http1")).instantiate();
  instance.open(role, config);
  instance.tick(1000);
  return instance;
}

/** A listener whose request `head` has its answer, and no octet of its body. */
async function answered(head: string, answer: MessageHead = empty): Promise<AdaptorInstance> {
  const instance = await opened("listener");
  instance.socket(octetsOf(head), false);
  const begun = instance.stream({ kind: "begin", stream: 2, head: answer });
  assert.deepEqual(begun.map(({ kind }) => kind), ["bytes"]);
  assert.deepEqual(instance.stream({ kind: "end", stream: 2 }), []);
  return instance;
}

const kinds = (actions: readonly Action[]) =>
  actions.map((action) => "stream" in action ? `${action.kind} ${action.stream}` : action.kind);
const octets = (actions: readonly Action[]) =>
  actions.map((action) => action.kind === "data" ? textOf(action.data) : "").join("");

Deno.test("http1 early answer: the body that follows goes to the server, and the next request is the next", async () => {
  const instance = await answered(POST);
  assert.deepEqual(kinds(instance.socket(octetsOf("bo"), false).actions), ["data 1"]);
  const { consumed, actions } = instance.socket(octetsOf(`dy${POST}next`), false);
  assert.equal(consumed, 2 + POST.length + 4);
  assert.deepEqual(kinds(actions), ["data 1", "end 1", "begin 3", "data 3", "end 3"]);
  assert.equal(octets(actions), "dynext");
});

Deno.test("http1 early answer: the same with a body that is spliced, or chunked", async () => {
  const spliced = await answered("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n");
  const { consumed, actions } = spliced.socket(new Uint8Array(5000), false);
  assert.deepEqual([consumed, kinds(actions)], [0, ["splice 1"]]);
  assert.deepEqual(kinds(spliced.spliced()), ["end 1"]);
  assert.deepEqual(kinds(spliced.socket(octetsOf(POST), false).actions), ["begin 3"]);

  const chunked = await answered("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const rest = chunked.socket(octetsOf(`4\r\nbody\r\n0\r\n\r\n${POST}`), false).actions;
  assert.deepEqual(kinds(rest), ["data 1", "end 1", "begin 3"]);
});

Deno.test("http1 early answer: who is slow with the rest of a body loses the connection, and so does who leaves", async () => {
  const slow = await answered(POST);
  assert.deepEqual(slow.tick(300_999).actions, []);
  assert.deepEqual(kinds(slow.tick(301_001).actions), ["abort 1", "close"]);
  const left = await answered(POST);
  assert.deepEqual(left.socket(new Uint8Array(0), true).actions, [
    { kind: "abort", stream: 1 },
    { kind: "close", text: "" },
  ]);
  const unwanted = await answered(POST);
  assert.deepEqual(kinds(unwanted.stream({ kind: "abort", stream: 1, reason: "failed" })), ["close"]);
});

Deno.test("http1 early answer: it is the word that a client has waited for, whose body may not come at all", async () => {
  const head = POST.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
  const instance = await opened("listener");
  instance.socket(octetsOf(head), false);
  const [answer] = instance.stream({ kind: "begin", stream: 2, head: empty });
  assert.match(answer?.kind === "bytes" ? textOf(answer.data) : "", /\r\nConnection: close\r\n/);
  assert.deepEqual(kinds(instance.stream({ kind: "end", stream: 2 })), ["abort 1", "close"]);

  // With the first octet of the body, or the word itself, it is known what follows.
  for (const told of [true, false]) {
    const going = await opened("listener");
    going.socket(octetsOf(head), false);
    if (told) {
      going.stream({ kind: "begin", stream: 2, head: responseHead("100", []) });
      going.stream({ kind: "end", stream: 2 });
    } else going.socket(octetsOf("b"), false);
    going.stream({ kind: "begin", stream: 2, head: empty });
    assert.deepEqual(going.stream({ kind: "end", stream: 2 }), []);
    assert.deepEqual(kinds(going.socket(octetsOf(told ? "body" : "ody"), false).actions), ["data 1", "end 1"]);
  }
});

Deno.test("http1 early answer: a body that is spliced has begun with the splice", async () => {
  const instance = await opened("listener");
  instance.socket(
    octetsOf("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n"),
    false,
  );
  assert.deepEqual(kinds(instance.socket(new Uint8Array(1000), false).actions), ["splice 1"]);
  const [answer] = instance.stream({ kind: "begin", stream: 2, head: empty });
  assert.doesNotMatch(answer?.kind === "bytes" ? textOf(answer.data) : "", /close/);
  assert.deepEqual(instance.stream({ kind: "end", stream: 2 }), []);
  assert.deepEqual(kinds(instance.spliced()), ["end 1"]);
});

Deno.test("http1 early answer: one that only begins before the request is complete is early, too", async () => {
  const instance = await opened("connector");
  const properties = [[":version", { type: "string", value: "1.1" }], [":path", { type: "string", value: "/" }], [
    "Host",
    { type: "field", value: "h" },
  ], ["Content-Length", { type: "field", value: "4" }]] as MessageHead["properties"];
  instance.stream({ kind: "begin", stream: 1, head: { contentType: "", subject: "POST", properties } });
  instance.socket(octetsOf("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nn"), false);
  assert.deepEqual(instance.stream({ kind: "end", stream: 1 }), []);
  assert.deepEqual(kinds(instance.socket(octetsOf("o"), false).actions), ["data 2", "end 2", "close"]);
});

Deno.test("http1 early answer: where the connection ends behind it, the rest of the body has not long", async () => {
  const instance = await answered(POST.replace("Host", "Connection: close\r\nHost"));
  assert.deepEqual(instance.tick(60_999).actions, []);
  assert.deepEqual(kinds(instance.tick(61_001).actions), ["abort 1", "close"]);
});

Deno.test("http1 early answer: one that ends with its connection ends it, whatever of the request is to come", async () => {
  const instance = await opened("listener");
  instance.socket(octetsOf(POST), false);
  instance.stream({ kind: "begin", stream: 2, head: responseHead("200", []) });
  assert.deepEqual(kinds(instance.stream({ kind: "end", stream: 2 })), ["abort 1", "close"]);
});

Deno.test("http1 early answer: a server has the rest of the request, and no other behind it", async () => {
  for (const framing of [["Content-Length", "4"], ["Transfer-Encoding", "chunked"]] as const) {
    const instance = await opened("connector");
    const properties = [[":version", { type: "string", value: "1.1" }], [":path", { type: "string", value: "/" }], [
      "Host",
      { type: "field", value: "h" },
    ], [framing[0], { type: "field", value: framing[1] }]] as MessageHead["properties"];
    const head = { contentType: "", subject: "POST", properties };
    instance.stream({ kind: "begin", stream: 1, head });
    const { actions } = instance.socket(octetsOf("HTTP/1.1 204 None\r\n\r\n"), false);
    assert.deepEqual(kinds(actions), ["begin 2", "end 2"]);
    // A body of known length is the host's to move.
    if (framing[1] === "chunked") {
      const body = "4\r\nbody\r\n0\r\n\r\n";
      const rest = instance.stream({ kind: "data", stream: 1, data: octetsOf(body) });
      assert.equal(rest.map((action) => action.kind === "bytes" ? textOf(action.data) : "").join(""), body);
    }
    // Who has not read it would take it for the next request.
    assert.deepEqual(instance.stream({ kind: "end", stream: 1 }), [{ kind: "close", text: "" }]);
  }
});

Deno.test("http1 early answer: an interim one leaves room for the error that follows it", async () => {
  const instance = await opened("listener");
  instance.socket(octetsOf(`${POST}body`), false);
  instance.stream({ kind: "begin", stream: 2, head: responseHead("103", []) });
  instance.stream({ kind: "end", stream: 2 });
  const actions = instance.stream({ kind: "abort", stream: 1, reason: "failed" });
  const written = actions.map((action) => action.kind === "bytes" ? textOf(action.data) : "").join("");
  assert.match(written, /^HTTP\/1.1 502 /);
});
