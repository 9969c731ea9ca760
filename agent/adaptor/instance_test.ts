import assert from "node:assert/strict";
import type { Action, AdaptorInstance } from "./action.ts";
import { encodeAction } from "./action_codec.ts";
import { AdaptorError, type AdaptorErrorCode } from "./adaptor_error.ts";
import { loadBuiltin } from "./builtin.ts";
import { defaultLimits } from "./limits.ts";
import { loadFixture } from "./testing_fixture.ts";

/** Modes of `adaptors/testing/assembly/puppet.ts`. */
const Mode = {
  playOutput: 0,
  drainAnswer: 1,
  feedAnswer: 2,
  feedDifference: 3,
  tickAnswer: 4,
  trap: 5,
  recurse: 6,
  outOfBounds: 7,
  grow: 8,
  flood: 9,
  answerData: 10,
  answerSocket: 11,
  trapAtClose: 12,
  openAnswer: 13,
} as const;

const head = { contentType: "", properties: [] } as const;
const beginPeer = { kind: "begin", stream: 2, head } as const;
const bytes = (text: string): Action => ({ kind: "bytes", data: new TextEncoder().encode(text) });
const bufferOctets = 32768;

async function puppet(): Promise<AdaptorInstance> {
  return (await loadFixture("puppet")).module.instantiate();
}

function script(mode: number, ...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array([mode, ...parts.flatMap((part) => [...part])]);
}

function i32(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

function f64(value: number): Uint8Array {
  return new Uint8Array(new Float64Array([value]).buffer);
}

function throwsCode(code: AdaptorErrorCode, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof AdaptorError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** Opens a puppet with the script, makes one call that must fail with `code`, and checks that it is finished then. */
async function failsWith(
  code: AdaptorErrorCode,
  config: Uint8Array,
  call: (instance: AdaptorInstance) => unknown,
): Promise<void> {
  const instance = await puppet();
  instance.open("listener", config);
  throwsCode(code, () => call(instance));
  throwsCode("ADAPTOR_POISONED", () => instance.socket(new Uint8Array(1), false));
  throwsCode("ADAPTOR_POISONED", () => instance.stream(beginPeer));
  throwsCode("ADAPTOR_POISONED", () => instance.tick(0));
  instance.close();
}

const feedOctets = (instance: AdaptorInstance) => instance.socket(new Uint8Array(8), false);
const feedEvent = (instance: AdaptorInstance) => instance.stream(beginPeer);

Deno.test("instance of a plugin that answers CLOSE to open gives the close action, and then only wants to be closed", async () => {
  const instance = (await loadFixture("close_at_open")).module.instantiate();
  assert.deepEqual(instance.open("listener", new Uint8Array(0)), [{ kind: "close", text: "no, thank you" }]);
  throwsCode("ADAPTOR_CLOSED", () => instance.socket(new Uint8Array(1), false));
  instance.close();
  instance.close();
});

Deno.test("instance refuses a role that its module does not describe", async () => {
  const instance = (await loadFixture("close_at_open")).module.instantiate();
  throwsCode("ADAPTOR_ROLE", () => instance.open("connector", new Uint8Array(0)));
});

Deno.test("instance refuses calls before open, a second open and use after close", async () => {
  const instance = (await loadBuiltin("tcp")).instantiate();
  throwsCode("ADAPTOR_STATE", () => instance.tick(0));
  instance.open("listener", new Uint8Array(0));
  throwsCode("ADAPTOR_STATE", () => instance.open("listener", new Uint8Array(0)));
  instance.close();
  throwsCode("ADAPTOR_CLOSED", () => instance.tick(0));
});

Deno.test("instance refuses a configuration and an event that the input buffer can't hold", async () => {
  const instance = await puppet();
  throwsCode("ADAPTOR_EVENT", () => instance.open("listener", new Uint8Array(bufferOctets + 1)));
  const value = "x".repeat(bufferOctets);
  const properties = [["key", { type: "string", value }]] as const;
  await failsWith(
    "ADAPTOR_EVENT",
    script(Mode.answerData),
    (other) => other.stream({ kind: "begin", stream: 2, head: { contentType: "", properties } }),
  );
});

for (
  const [fault, mode] of [["unreachable code", Mode.trap], ["endless recursion", Mode.recurse], [
    "a load out of bounds",
    Mode.outOfBounds,
  ]] as const
) {
  Deno.test(`instance turns ${fault} into ADAPTOR_TRAP with its cause`, async () => {
    await failsWith("ADAPTOR_TRAP", script(mode), feedOctets);
    const instance = await puppet();
    instance.open("listener", script(mode));
    assert.throws(() => feedOctets(instance), (error) => error instanceof AdaptorError && error.cause instanceof Error);
  });
}

Deno.test("instance reports a trap at close once, to the health of its plugin alone", async () => {
  const { module } = await loadFixture("puppet");
  const instance = module.instantiate();
  instance.open("listener", script(Mode.trapAtClose));
  const before = module.health.faults;
  instance.close();
  instance.close();
  assert.equal(module.health.faults, before + 1);
  assert.equal(module.health.lastFault?.code, "ADAPTOR_TRAP");
});

for (
  const [status, code] of [
    [-1, "ADAPTOR_MALFORMED"],
    [-2, "ADAPTOR_LIMIT"],
    [-3, "ADAPTOR_UNSUPPORTED"],
    [-4, "ADAPTOR_STATE"],
    [-5, "ADAPTOR_STATUS"],
    [-0x8000_0000, "ADAPTOR_STATUS"],
  ] as const
) {
  Deno.test(`instance turns status ${status} of any call into ${code}`, async () => {
    await failsWith(code, script(Mode.feedAnswer, i32(status)), feedOctets);
    await failsWith(code, script(Mode.feedAnswer, i32(status)), feedEvent);
    await failsWith(code, script(Mode.tickAnswer, f64(status)), (instance) => instance.tick(0));
    for (const mode of [Mode.openAnswer, Mode.drainAnswer]) {
      const instance = await puppet();
      throwsCode(code, () => instance.open("listener", script(mode, i32(status))));
    }
  });
}

Deno.test("instance refuses a deadline that is no time", async () => {
  for (const deadline of [NaN, Infinity, -0.5, -Infinity]) {
    await failsWith("ADAPTOR_STATUS", script(Mode.tickAnswer, f64(deadline)), (instance) => instance.tick(0));
  }
});

Deno.test("instance refuses a lie about what was consumed", async () => {
  await failsWith("ADAPTOR_CONSUMED", script(Mode.feedDifference, i32(1)), feedOctets);
  await failsWith("ADAPTOR_CONSUMED", script(Mode.feedAnswer, i32(0x7fff_ffff)), feedOctets);
  for (const difference of [1, -1, -12]) {
    await failsWith("ADAPTOR_CONSUMED", script(Mode.feedDifference, i32(difference)), feedEvent);
  }
});

Deno.test("instance refuses a lie about how much was written", async () => {
  for (const answer of [2, 3, bufferOctets + 4, 0x7fff_fffc]) {
    const instance = await puppet();
    throwsCode("ADAPTOR_RECORD", () => instance.open("listener", script(Mode.drainAnswer, i32(answer))));
  }
});

Deno.test("instance refuses output that is no record, wherever it is cut", async () => {
  const record = encodeAction(bytes("hello"));
  // One octet less would read as "nothing yet, and MORE".
  for (let length = 2; length < record.length; length++) {
    const instance = await puppet();
    throwsCode("ADAPTOR_RECORD", () => instance.open("listener", script(Mode.playOutput, record.subarray(0, length))));
  }
  const lies = encodeAction(bytes("hello"));
  lies[8] = 255;
  const instance = await puppet();
  throwsCode("ADAPTOR_RECORD", () => instance.open("listener", script(Mode.playOutput, lies)));
});

Deno.test("instance gives up on a module that says MORE for ever", async () => {
  const instance = await puppet();
  throwsCode("ADAPTOR_RUNAWAY", () => instance.open("listener", script(Mode.drainAnswer, i32(1))));
});

Deno.test("instance bounds the output for one input, in octets and in actions", async () => {
  const large = encodeAction({ kind: "bytes", data: new Uint8Array(bufferOctets - 64) });
  await failsWith("ADAPTOR_OUTPUT", script(Mode.flood, large), feedOctets);
  const tiny = encodeAction({ kind: "bytes", data: new Uint8Array(0) });
  const many = Array.from({ length: Math.floor(bufferOctets / tiny.length) - 1 }, () => tiny);
  assert.ok(
    many.length * 2 > defaultLimits.outputActions && many.length * tiny.length * 2 < defaultLimits.outputOctets,
  );
  await failsWith("ADAPTOR_OUTPUT", script(Mode.flood, ...many), feedOctets);
});

Deno.test("instance refuses well-formed actions that are impossible at that point", async () => {
  const splice = { kind: "splice", side: "socket-to-stream", stream: 1, length: Infinity } as const;
  for (
    const action of [{ kind: "data", stream: 1, data: new Uint8Array(1) }, { kind: "end", stream: 2 }, splice] as const
  ) {
    const instance = await puppet();
    throwsCode("ADAPTOR_ORDER", () => instance.open("listener", script(Mode.playOutput, encodeAction(action))));
  }
});

Deno.test("instance goes on with a module that grows its memory", async () => {
  const instance = await puppet();
  instance.open("listener", script(Mode.grow, encodeAction(bytes("grown"))));
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(instance.socket(new Uint8Array(9), false), { consumed: 9, actions: [bytes("grown")] });
  }
});

Deno.test("instance keeps actions apart that came in several rounds", async () => {
  const instance = (await loadFixture("echo")).module.instantiate();
  instance.open("listener", new Uint8Array(0));
  const data = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
  const { consumed, actions } = instance.socket(data, true);
  assert.equal(consumed, data.length);
  let at = 0;
  for (const action of actions) {
    assert.ok(action.kind === "bytes");
    assert.deepEqual(action.data, data.subarray(at, at += action.data.length));
  }
  assert.equal(at, data.length);
});

Deno.test("instance stops offering octets where the adaptor stops reading", async () => {
  const instance = await puppet();
  instance.open("listener", script(Mode.answerSocket));
  assert.deepEqual(instance.socket(new Uint8Array(100_000), true), { consumed: 1, actions: [] });
  assert.deepEqual(instance.socket(new Uint8Array(0), false), { consumed: 0, actions: [] });
});

Deno.test("instance offers no octets that follow a splice of the socket", async () => {
  const begin = { kind: "begin", stream: 1, head } as const;
  const splice = { kind: "splice", side: "socket-to-stream", stream: 1, length: 5 } as const;
  const instance = await puppet();
  instance.open("listener", script(Mode.grow, encodeAction(begin), encodeAction(splice)));
  const offered = instance.socket(new Uint8Array(bufferOctets * 2), false);
  assert.deepEqual(offered, { consumed: bufferOctets, actions: [begin, splice] });
});

Deno.test("instance feeds long data in pieces, and lets a splice take what was to follow", async () => {
  const piece = bufferOctets - 12;
  const data = Uint8Array.from({ length: piece * 3 + 100 }, (_, index) => index % 253);
  const rest = data.length - piece;
  const taken = (length: number): Action => ({ kind: "bytes", data: data.subarray(piece, piece + length) });
  const splice = (length: number): Action => ({ kind: "splice", side: "stream-to-socket", stream: 2, length });
  const cases: [length: number, actions: Action[], pieces: number][] = [
    [10, [taken(10)], 4],
    [piece, [taken(piece)], 3],
    [rest, [taken(rest)], 1],
    [rest + 7, [taken(rest), splice(7)], 1],
    [Infinity, [taken(rest), splice(Infinity)], 1],
  ];
  for (const [length, actions, pieces] of cases) {
    const instance = await puppet();
    instance.open("listener", script(Mode.answerData, encodeAction(splice(length))));
    instance.stream(beginPeer);
    assert.deepEqual(instance.stream({ kind: "data", stream: 2, data }), actions);
    assert.equal(instance.tick(0).deadline, 1 + pieces);
    instance.close();
  }
});

Deno.test("a splice of several pieces is the fault of a module that is not made for them", async () => {
  const further = { times: 1, head: new Uint8Array(1), instead: new Uint8Array(0) };
  const begin = { kind: "begin", stream: 1, head } as const;
  const splice = { kind: "splice", side: "socket-to-stream", stream: 1, length: 5, further } as const;
  await failsWith(
    "ADAPTOR_RECORD",
    script(Mode.answerSocket, encodeAction(begin), encodeAction(splice)),
    (instance) => {
      return instance.socket(new Uint8Array(10), false);
    },
  );
});

Deno.test("instance stops feeding data when the adaptor closes", async () => {
  const instance = await puppet();
  instance.open("listener", script(Mode.answerData, encodeAction({ kind: "close", text: "enough" })));
  instance.stream(beginPeer);
  const actions = instance.stream({ kind: "data", stream: 2, data: new Uint8Array(100_000) });
  assert.deepEqual(actions, [{ kind: "close", text: "enough" }]);
});

Deno.test("a splice to the socket of octets that were not offered for it is the adaptor's fault", async () => {
  const splice = encodeAction({ kind: "splice", side: "stream-to-socket", stream: 2, length: 5 });
  await failsWith("ADAPTOR_ORDER", script(Mode.answerData, splice), (instance) => {
    instance.stream(beginPeer);
    return instance.offer(2, new Uint8Array(4));
  });
});
