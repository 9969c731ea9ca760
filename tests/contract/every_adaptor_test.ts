/**
 * The contract suite over every adaptor: those that are built in, the samples, and one that comes from a server. The transcripts
 * of the built-in ones beside their code are held to the same clauses; here are conversations that all clauses can begin with.
 */

import assert from "node:assert/strict";
import { compileAdaptor, digestOf } from "../../adaptors/compile.ts";
import type { StreamEvent } from "../../agent/adaptor/action.ts";
import type { Transcript, TranscriptStep } from "../../agent/adaptor/contract.ts";
import { loadAdaptor } from "../../agent/adaptor/load.ts";
import type { WasmAdaptorModule } from "../../agent/adaptor/module.ts";
import { headers, join, PREFACE, settings } from "../../agent/adaptor/testing_http2.ts";
import { MANY_CONFIG, tryModule } from "../../agent/adaptor/trial.ts";
import { readTranscripts } from "../../agent/cli/kit/transcript_file.ts";
import { ModuleCache } from "../../agent/site/adaptors/cache.ts";
import { obtain } from "../../agent/site/adaptors/obtain.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { ModuleStore } from "../support/module_store.ts";
import { buildRedisAdaptor } from "../support/redis.ts";

const ROOT = new URL("../../", import.meta.url);
/** Clauses of the contract: fewer would mean that some are not run. */
const CLAUSES = 15;

/** An adaptor and what it is to be asked. */
interface Subject {
  readonly module: WasmAdaptorModule;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly transcripts: readonly Transcript[];
}

/** What a host or a peer says: octets of the socket, or an event. */
type Input = Uint8Array | string | StreamEvent;

/** A conversation of which the inputs are known: the answers are what the module says now. */
function record(module: WasmAdaptorModule, role: Transcript["role"], ...inputs: Input[]): Transcript {
  const config = module.messages === "many" ? MANY_CONFIG : new Uint8Array(0);
  const instance = module.instantiate();
  const kept = (actions: TranscriptStep["answer"]["actions"]) =>
    actions.map((action) => "data" in action ? { ...action, data: action.data.slice() } : action);
  const opening = kept(instance.open(role, config));
  const steps = inputs.map((input): TranscriptStep => {
    if (typeof input === "object" && "kind" in input) {
      return { call: "stream", event: input, answer: { actions: kept(instance.stream(input)) } };
    }
    const data = typeof input === "string" ? new TextEncoder().encode(input) : input;
    const { consumed, actions } = instance.socket(data, false);
    return { call: "socket", data, eof: false, answer: { consumed, actions: kept(actions) } };
  });
  instance.close();
  const said = [opening, ...steps.map(({ answer }) => answer.actions)].flat();
  assert.ok(said.some(({ kind }) => kind === "begin"), `${module.name} understands what it is told`);
  return { title: `${module.name} as a ${role}`, role, config, opening, steps };
}

async function load(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<WasmAdaptorModule> {
  return await loadAdaptor({ name, bytes, digest: await digestOf(bytes) });
}

async function builtin(
  name: string,
  talk: (module: WasmAdaptorModule) => readonly Transcript[],
): Promise<Subject> {
  const bytes = await Deno.readFile(new URL(`agent/adaptor/builtin/${name}.wasm`, ROOT));
  const module = await load(name, bytes);
  return { module, bytes, transcripts: talk(module) };
}

async function samplesTranscripts(name: string): Promise<Transcript[]> {
  const text = await Deno.readTextFile(new URL(`adaptors/samples/${name}/transcripts.yaml`, ROOT));
  return readTranscripts(text, name, true);
}

/** A head of an HTTP message. */
function begin(stream: number, subject: string, ...fields: [string, string][]): StreamEvent {
  const strings = subject.length === 3 && /^\d/.test(subject) ? [":reason"] : [":path"];
  const properties = [
    [":version", { type: "string", value: "1.1" }],
    ...strings.map((key) => [key, { type: "string", value: "/x" }] as const),
    ...fields.map(([key, value]) => [key, { type: "field", value }] as const),
  ] as const;
  return { kind: "begin", stream, head: { contentType: "", subject, properties } };
}

const end = (stream: number): StreamEvent => ({ kind: "end", stream });
const data = (stream: number, text: string): StreamEvent => (
  { kind: "data", stream, data: new TextEncoder().encode(text) }
);
const CHUNKED: [string, string] = ["Transfer-Encoding", "chunked"];
const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";
const HOST: [string, string] = ["Host", "h"];
const TCP_HEAD = {
  contentType: "application/octet-stream",
  properties: [["V", { type: "uint", value: 1 }]],
} as const;

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  tcp: () =>
    builtin("tcp", (module) => [
      record(module, "listener", "hello", { kind: "begin", stream: 2, head: TCP_HEAD }),
      record(module, "connector", { kind: "begin", stream: 1, head: TCP_HEAD }),
    ]),
  http1: () =>
    builtin("http1", (module) => [
      record(
        module,
        "listener",
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        begin(2, "200", CHUNKED),
        data(2, CHUNKS),
        end(2),
        "GET /y HTTP/1.1\r\nHost: h\r\n\r\n",
        begin(4, "204"),
        end(4),
        "no request\r\n\r\n",
      ),
      record(
        module,
        "connector",
        begin(1, "POST", HOST, CHUNKED),
        data(1, CHUNKS),
        end(1),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        begin(3, "GET", HOST),
        end(3),
        "HTTP/1.1 204 No Content\r\n\r\n",
      ),
    ]),
  http2: () =>
    builtin("http2", (module) => [
      record(
        module,
        "listener",
        join(PREFACE, settings()),
        headers(1, [":method: GET", ":scheme: http", ":path: /x", ":authority: h"]),
        begin(2, "204"),
        end(2),
        headers(3, [":method: GET", ":scheme: http", ":path: /y", ":authority: h"]),
      ),
      record(
        module,
        "connector",
        settings(),
        begin(1, "GET", HOST),
        end(1),
        headers(1, [":status: 204"]),
      ),
    ]),
  lines: async () => {
    const bytes = await compileAdaptor(new URL("adaptors/samples/lines/assembly/index.ts", ROOT).pathname, {
      memoryPages: 2,
    });
    return { module: await load("lines", bytes), bytes, transcripts: await samplesTranscripts("lines") };
  },
  redis: async () => {
    const bytes = await buildRedisAdaptor();
    return { module: await load("redis", bytes), bytes, transcripts: await samplesTranscripts("redis") };
  },
  "redis from a server": async () => {
    const bytes = await buildRedisAdaptor();
    const dir = await Deno.makeTempDir();
    try {
      await using store = await ModuleStore.start(bytes);
      const spec = {
        name: "redis",
        source: store.url,
        sha256: await digestOf(bytes),
        keys: [],
        ca: store.ca,
        limits: {},
      };
      const cache = new ModuleCache(dir, silentLogger);
      const van = () => {
        throw new Error("nobody asks the network");
      };
      const module = await obtain(spec, { dir, cache, van, signal: new AbortController().signal });
      assert.equal(store.requests, 1);
      return { module, bytes, transcripts: await samplesTranscripts("redis") };
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
};

for (const [name, subject] of Object.entries(subjects)) {
  Deno.test(`contract of every adaptor: ${name}`, async () => {
    const { module, bytes, transcripts } = await subject();
    const verdicts = tryModule(module, bytes, transcripts);
    assert.equal(verdicts.length, CLAUSES);
    assert.deepEqual(verdicts.filter(({ fault }) => fault !== undefined), []);
  });
}

/** What an author may do wrong with the sample of lines: the text, what stands there instead, and the clause that tells. */
const MISTAKES: readonly [string, string, string][] = [
  ["  if (lineIsComplete()) {", "  if (lineIsComplete() && length > 1) {", "says the same however its input is cut"],
  ["  if (ended) return length;\n", "", "says nothing more once it has asked to close"],
  [
    "    store<u8>(LINE + used++, octet);",
    "    for (let i = 0; i < 1000; i++) store<u8>(LINE + used, <u8> i);\n    store<u8>(LINE + used++, octet);",
    "takes a bounded number of instructions for an octet",
  ],
  [`fail("the answer was cut off")`, "unreachable()", "copes with an end of the socket, and of each stream, anywhere"],
];

Deno.test("contract of every adaptor: each mistake of an author is told by its clause", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const text = await Deno.readTextFile(new URL("adaptors/samples/lines/assembly/index.ts", ROOT));
    for (const [right, wrong, clause] of MISTAKES) {
      assert.ok(text.includes(right), right);
      await Deno.writeTextFile(`${dir}/index.ts`, text.replace(right, wrong));
      const bytes = await compileAdaptor(`${dir}/index.ts`, { memoryPages: 2 });
      const verdicts = tryModule(await load("lines", bytes), bytes, await samplesTranscripts("lines"));
      const broken = verdicts.filter(({ fault }) => fault !== undefined).map((verdict) => verdict.clause);
      assert.ok(broken.includes(clause), `${wrong} breaks ${broken}`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
