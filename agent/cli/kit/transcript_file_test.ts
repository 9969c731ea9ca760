import assert from "node:assert/strict";
import { readTranscripts } from "./transcript_file.ts";

const octets = (...values: number[]) => Uint8Array.from(values);

function steps(...lines: string[]) {
  const text = `- title: t\n  role: listener\n  steps:\n${lines.map((line) => `    - ${line}\n`).join("")}`;
  return readTranscripts(text, "t.yaml", false)[0]!.steps;
}

Deno.test("transcript: each kind of answer is read as the action that it stands for", () => {
  const answers: [string, object][] = [
    [`{ bytes: "a\\xff" }`, { kind: "bytes", data: octets(97, 255) }],
    ["{ begin: 3 }", { kind: "begin", stream: 3, head: { contentType: "", properties: [] } }],
    [
      "{ begin: 3, interim: true, contentType: c, subject: s, properties: [{ key: k, value: v }, { key: n, value: 7 }, { key: f, value: w, field: true }] }",
      {
        kind: "begin",
        stream: 3,
        interim: true,
        head: {
          contentType: "c",
          subject: "s",
          properties: [["k", { type: "string", value: "v" }], ["n", { type: "uint", value: 7 }], ["f", {
            type: "field",
            value: "w",
          }]],
        },
      },
    ],
    [`{ data: 1, octets: "x" }`, { kind: "data", stream: 1, data: octets(120) }],
    ["{ end: 1 }", { kind: "end", stream: 1 }],
    ["{ abort: 1 }", { kind: "abort", stream: 1 }],
    ["{ abort: 1, untouched: true }", { kind: "abort", stream: 1, untouched: true }],
    ["{ resume: 1 }", { kind: "resume", stream: 1 }],
    ["{ concurrency: 5 }", { kind: "concurrency", requests: 5 }],
    ["{ splice: 1, side: socket-to-stream, length: 5 }", {
      kind: "splice",
      stream: 1,
      side: "socket-to-stream",
      length: 5,
    }],
    ["{ splice: 1, side: stream-to-socket, length: for good }", {
      kind: "splice",
      stream: 1,
      side: "stream-to-socket",
      length: Infinity,
    }],
    ["{ log: l, level: warn }", { kind: "log", level: "warn", text: "l" }],
    ["{ metric: m, value: 0.5 }", { kind: "metric", name: "m", value: 0.5 }],
    ["{ error: 2, text: e }", { kind: "error", code: 2, text: "e" }],
    [`{ close: "" }`, { kind: "close", text: "" }],
  ];
  for (const [text, action] of answers) {
    assert.deepEqual(steps(`{ socket: "", answer: [${text}] }`)[0]!.answer.actions, [action], text);
  }
});

Deno.test("transcript: each kind of step is read as the call that it stands for", () => {
  const none = { actions: [] };
  assert.deepEqual(
    steps(
      `{ socket: "ab" }`,
      `{ socket: "ab", eof: true, consumed: 1 }`,
      "{ spliced: true }",
      "{ tick: 1000, deadline: 2000 }",
      "{ stream: { abort: 1, reason: failed } }",
      "{ stream: { window: 1, octets: 9 } }",
    ),
    [
      { call: "socket", data: octets(97, 98), eof: false, answer: { consumed: 2, actions: [] } },
      { call: "socket", data: octets(97, 98), eof: true, answer: { consumed: 1, actions: [] } },
      { call: "spliced", answer: none },
      { call: "tick", now: 1000, answer: { deadline: 2000, actions: [] } },
      { call: "stream", event: { kind: "abort", stream: 1, reason: "failed" }, answer: none },
      { call: "stream", event: { kind: "window", stream: 1, octets: 9 }, answer: none },
    ],
  );
});

Deno.test("transcript: an adaptor of many messages is opened as a site opens it, unless the file says otherwise", () => {
  const text = (more: string) => `- { title: t, role: connector, ${more} steps: [] }`;
  const read = (more: string, many: boolean) =>
    new TextDecoder().decode(readTranscripts(text(more), "t", many)[0]!.config);
  assert.match(read("", true), /^site=.*\nkey=/);
  assert.equal(read("", false), "");
  assert.equal(read("config: x,", true), "x");
});

Deno.test("transcript: what can't be read is refused with its place", () => {
  const wrong: [string, RegExp][] = [
    ["", /t\.yaml is no file of transcripts/],
    ["[]", /no file/],
    ["{", /no file/],
    ["- { title: t, role: server, steps: [] }", /0\.role/],
    ["- { title: t, role: listener, steps: [{ sock: x }] }", /0\.steps\.0: must have one of socket, spliced/],
    [`- { title: t, role: listener, steps: [{ socket: "\\u0100" }] }`, /no octet/],
    ["- { title: t, role: listener, steps: [{ stream: { begin: 0 } }] }", /0\.steps\.0.*begin/],
    [
      "- { title: t, role: listener, steps: [{ spliced: true, answer: [{ splice: 1, side: up, length: 1 }] }] }",
      /side/,
    ],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => readTranscripts(text, "t.yaml", false), { code: "ADAPTOR_TRANSCRIPT", message }, text);
  }
});
