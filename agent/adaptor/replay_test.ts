import assert from "node:assert/strict";
import fc from "fast-check";
import type { Action, AdaptorInstance, AdaptorRole, StreamEvent } from "./action.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { loadBuiltin } from "./builtin.ts";
import { describe } from "./description.ts";
import { WasmAdaptorInstance } from "./instance.ts";
import { defaultLimits } from "./limits.ts";
import { meter } from "./meter.ts";
import { instantiateAbi } from "./module.ts";
import { MAX_REMEMBERED, ReplayedInstance, Transcripts } from "./replay.ts";
import { loadFixture } from "./testing_fixture.ts";

const noConfig = new Uint8Array(0);
const tcp = new WebAssembly.Module(meter(await Deno.readFile(new URL("./builtin/tcp.wasm", import.meta.url))));
const echo = new WebAssembly.Module(meter((await loadFixture("echo")).bytes));

/** Makes real instances and counts them. */
class Factory {
  made = 0;
  readonly #module: WebAssembly.Module;
  readonly #transcripts = new Transcripts();

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  real(): AdaptorInstance {
    const layout = describe(instantiateAbi(this.#module));
    return new WasmAdaptorInstance(instantiateAbi(this.#module), layout, defaultLimits);
  }

  replayed(): AdaptorInstance {
    return new ReplayedInstance(this.#transcripts, () => {
      this.made++;
      return this.real();
    });
  }
}

function begin(stream: number, contentType = "application/octet-stream"): StreamEvent {
  return { kind: "begin", stream, head: { contentType, properties: [["V", { type: "uint", value: 1 }]] } };
}

type Call = (instance: AdaptorInstance) => unknown;

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  fc.constantFrom<AdaptorRole>("listener", "connector").map((role): Call => (instance) =>
    instance.open(role, noConfig)
  ),
  fc.constantFrom<StreamEvent>(
    begin(1),
    begin(2),
    begin(2, "text/plain"),
    { kind: "end", stream: 1 },
    { kind: "abort", stream: 1 },
    { kind: "data", stream: 1, data: new Uint8Array([1, 2, 3]) },
  ).map((event): Call => (instance) => instance.stream(event)),
  fc.constant<Call>((instance) => instance.socket(new Uint8Array([4, 5]), false)),
  fc.constant<Call>((instance) => instance.tick(1500)),
  fc.constant<Call>((instance) => instance.close()),
);

/** What a call answers or throws, with octets of its own. */
function outcome(instance: AdaptorInstance, call: Call): unknown {
  try {
    return structuredClone(call(instance));
  } catch (error) {
    assert.ok(error instanceof AdaptorError, String(error));
    return error.code;
  }
}

for (const [name, module] of [["tcp", tcp], ["echo", echo]] as const) {
  Deno.test(`replay of ${name} can't be told from a real instance, whatever is called in whatever order`, () => {
    const factory = new Factory(module);
    const conversation = fc.tuple(
      fc.boolean(),
      fc.constantFrom<AdaptorRole>("listener", "connector"),
      fc.array(anyCall, { maxLength: 5 }),
    );
    fc.assert(
      fc.property(conversation, ([opens, role, calls]) => {
        const script = opens ? [(instance: AdaptorInstance) => instance.open(role, noConfig), ...calls] : calls;
        const real = factory.real();
        const replayed = factory.replayed();
        for (const call of script) assert.deepEqual(outcome(replayed, call), outcome(real, call));
      }),
      { numRuns: 400 },
    );
  });
}

Deno.test("replay makes no instance for a TCP connection that begins like an earlier one", () => {
  const factory = new Factory(tcp);
  for (let connection = 0; connection < 5; connection++) {
    const listener = factory.replayed();
    listener.open("listener", noConfig);
    assert.equal(listener.stream(begin(2)).length, 2);
    listener.close();
    const connector = factory.replayed();
    connector.open("connector", noConfig);
    assert.equal(connector.stream(begin(1)).length, 3);
    connector.close();
  }
  assert.equal(factory.made, 2);
});

Deno.test("replay lets no connection change what others are answered", () => {
  const factory = new Factory(tcp);
  const [action] = factory.replayed().open("listener", noConfig);
  assert.ok(action?.kind === "begin");
  const again = factory.replayed().open("listener", noConfig);
  assert.throws(() => again.push(action), TypeError);
  assert.throws(() => Object.assign(action.head, { contentType: "other" }), TypeError);
  assert.deepEqual(factory.replayed().open("listener", noConfig), [begin(1) as Action]);
});

Deno.test("replay remembers nothing of what comes behind octets that were spliced", () => {
  /** Splices four octets, and says what comes next according to whether they have passed. */
  class Splicing implements AdaptorInstance {
    #passed = false;
    open = (): Action[] => [{ kind: "splice", side: "socket-to-stream", stream: 1, length: 4 }];
    spliced = (): Action[] => {
      this.#passed = true;
      return [];
    };
    stream = (): Action[] => [{ kind: "log", level: "info", text: this.#passed ? "behind" : "ahead" }];
    socket = () => ({ consumed: 0, actions: [] });
    offer = () => ({ consumed: 0, actions: [] });
    tick = () => ({ deadline: 0, actions: [] });
    close = () => {};
  }
  const transcripts = new Transcripts();
  const told = (passed: boolean) => {
    const instance = new ReplayedInstance(transcripts, () => new Splicing());
    instance.open("listener", noConfig);
    if (passed) instance.spliced();
    return instance.stream({ kind: "end", stream: 2 }).map((action) => "text" in action ? action.text : "");
  };
  assert.deepEqual([told(true), told(false), told(true)], [["behind"], ["ahead"], ["behind"]]);
});

Deno.test("replay remembers a bounded number of beginnings", () => {
  const factory = new Factory(tcp);
  const talk = (index: number) => {
    const instance = factory.replayed();
    instance.open("listener", noConfig);
    instance.stream(begin(2, `text/${index}`));
    instance.close();
  };
  for (let index = 0; index < 2 * MAX_REMEMBERED; index++) talk(index);
  const before = factory.made;
  talk(0);
  assert.equal(factory.made, before);
  talk(2 * MAX_REMEMBERED - 1);
  assert.equal(factory.made, before + 1);
});

Deno.test("replay refuses use after close even if there never was a real instance", () => {
  const factory = new Factory(tcp);
  factory.replayed().open("listener", noConfig);
  const instance = factory.replayed();
  instance.open("listener", noConfig);
  instance.close();
  const calls: Call[] = [
    (closed) => closed.open("listener", noConfig),
    (closed) => closed.stream(begin(2)),
    (closed) => closed.socket(new Uint8Array(1), false),
    (closed) => closed.tick(0),
  ];
  for (const call of calls) assert.throws(() => call(instance), { code: "ADAPTOR_CLOSED" });
});

Deno.test("replay tells of every error, also of those that are answered from memory", async () => {
  const module = await loadBuiltin("tcp");
  const before = module.counts!.errors;
  for (let count = 0; count < 3; count++) {
    const instance = module.instantiate();
    instance.open("connector", new Uint8Array(0));
    const head = { contentType: "text/plain", properties: [] };
    assert.equal(instance.stream({ kind: "begin", stream: 1, head }).at(0)?.kind, "error");
    instance.close();
  }
  assert.equal(module.counts!.errors, before + 3);
});
