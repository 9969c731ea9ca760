import assert from "node:assert/strict";
import type { Action, AdaptorRole, StreamEvent } from "./action.ts";
import { SharedErrorCode } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { loadBuiltin } from "./builtin.ts";
import { contractCases, type ContractSubject, type Transcript, type TranscriptStep } from "./contract.ts";

const noConfig = new Uint8Array(0);
const octets = new TextEncoder().encode("hello");
const head = {
  contentType: "application/octet-stream",
  properties: [["V", { type: "uint", value: 1 }]],
} as const;

function begin(stream: number): Action & StreamEvent {
  return { kind: "begin", stream, head };
}

function splices(own: number, peer: number): Action[] {
  return [
    { kind: "splice", side: "socket-to-stream", stream: own, length: Infinity },
    { kind: "splice", side: "stream-to-socket", stream: peer, length: Infinity },
  ];
}

function step(event: StreamEvent, ...actions: Action[]): TranscriptStep {
  return { call: "stream", event, answer: { actions } };
}

function transcript(title: string, role: AdaptorRole, ...steps: TranscriptStep[]): Transcript {
  return { title, role, config: noConfig, opening: role === "listener" ? [begin(1)] : [], steps };
}

const refusal: Action[] = [
  { kind: "error", code: SharedErrorCode.unsuitable, text: "content-type is not application/octet-stream" },
  { kind: "close", text: "not a TCP stream" },
];

/** As some routers send it: more properties than ours, in another order. */
const foreignHead = {
  contentType: "application/octet-stream",
  properties: [["alpn", { type: "string", value: "h2" }], ["V", { type: "uint", value: 7 }]],
} as const;

const transcripts: Transcript[] = [
  transcript(
    "listener holds the client's octets back until the server stream has begun, then splices both ways",
    "listener",
    { call: "socket", data: octets, eof: false, answer: { consumed: 0, actions: [] } },
    { call: "socket", data: noConfig, eof: true, answer: { consumed: 0, actions: [] } },
    { call: "tick", now: 1234.5, answer: { deadline: 0, actions: [] } },
    step(begin(2), ...splices(1, 2)),
  ),
  transcript(
    "connector answers the client stream and splices both ways",
    "connector",
    step(begin(1), begin(2), ...splices(2, 1)),
  ),
  transcript(
    "connector takes the head of another router",
    "connector",
    step({ kind: "begin", stream: 1, head: foreignHead }, begin(2), ...splices(2, 1)),
  ),
  ...(["listener", "connector"] as const).flatMap((role) => {
    const stream = role === "listener" ? 2 : 1;
    return ["", "text/plain", "application/octet-streams", "application/octet-strea"].map((contentType) =>
      transcript(
        `${role} refuses content-type ${JSON.stringify(contentType)}`,
        role,
        step({ kind: "begin", stream, head: { contentType, properties: head.properties } }, ...refusal),
      )
    );
  }),
  transcript(
    "listener closes when nobody takes its stream",
    "listener",
    step({ kind: "abort", stream: 1 }, { kind: "close", text: "stream aborted" }),
  ),
];

async function subject(): Promise<ContractSubject> {
  const bytes = await Deno.readFile(new URL("./builtin/tcp.wasm", import.meta.url));
  return { module: await loadBuiltin("tcp"), bytes, transcripts };
}

for (const { title, run } of contractCases) {
  Deno.test(`tcp adaptor ${title}`, async () => run(await subject()));
}

Deno.test("tcp adaptor fails with STATE on events that can't happen", async () => {
  const module = await loadBuiltin("tcp");
  const impossible: [AdaptorRole, StreamEvent[]][] = [
    ["listener", [begin(1)]],
    ["listener", [begin(4)]],
    ["listener", [{ kind: "data", stream: 2, data: octets }]],
    ["listener", [{ kind: "end", stream: 2 }]],
    ["listener", [{ kind: "abort", stream: 2 }]],
    ["listener", [begin(2), begin(2)]],
    ["listener", [begin(2), { kind: "data", stream: 2, data: octets }]],
    ["connector", [begin(2)]],
    ["connector", [{ kind: "abort", stream: 1 }]],
    ["connector", [begin(1), { kind: "end", stream: 1 }]],
  ];
  for (const [role, events] of impossible) {
    const instance = module.instantiate();
    instance.open(role, noConfig);
    const last = events.pop()!;
    for (const event of events) instance.stream(event);
    assert.throws(
      () => instance.stream(last),
      (error) => error instanceof AdaptorError && error.code === "ADAPTOR_STATE",
    );
    instance.close();
  }
});

Deno.test("tcp adaptor is not offered socket octets again once it has spliced", async () => {
  const instance = (await loadBuiltin("tcp")).instantiate();
  instance.open("connector", noConfig);
  instance.stream(begin(1));
  assert.throws(() => instance.socket(octets, false), { code: "ADAPTOR_STATE" });
});

Deno.test("tcp adaptor refuses a configuration, as it has nothing to configure", async () => {
  const instance = (await loadBuiltin("tcp")).instantiate();
  assert.throws(() => instance.open("listener", octets), { code: "ADAPTOR_UNSUPPORTED" });
});
