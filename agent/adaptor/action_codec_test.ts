import assert from "node:assert/strict";
import fc from "fast-check";
import type { Action } from "./action.ts";
import { encodeAction, readActions } from "./action_codec.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { formatLimits } from "./limits.ts";
import { anyAction, nearlyRecords } from "./testing_arbitraries.ts";

function read(bytes: Uint8Array): Action[] {
  const actions: Action[] = [];
  readActions(bytes, actions);
  return actions;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function refused(bytes: Uint8Array): void {
  assert.throws(() => read(bytes), (error) => error instanceof AdaptorError && error.code === "ADAPTOR_RECORD");
}

/** A record given octet by octet. */
function record(kind: number, flags: number, stream: number, payload: number[], padding: number[] = []): Uint8Array {
  return new Uint8Array([kind, flags, 0, 0, stream, 0, 0, 0, payload.length, 0, 0, 0, ...payload, ...padding]);
}

Deno.test("action codec keeps the numbers and layout of the ABI", () => {
  const vectors: [Action, string][] = [
    [{ kind: "bytes", data: new Uint8Array([1, 2, 3]) }, "010000000000000003000000" + "01020300"],
    [
      { kind: "begin", stream: 1, head: { contentType: "a/b", properties: [["V", { type: "uint", value: 1 }]] } },
      "02000000010000002400000000010c0003000000" + "636f6e74656e742d74797065612f62" + "010201000400000056" + "01000000",
    ],
    [{ kind: "data", stream: 2, data: new Uint8Array([255]) }, "030000000200000001000000ff000000"],
    [{ kind: "end", stream: 0xfffffffe }, "04000000feffffff00000000"],
    [{ kind: "abort", stream: 3 }, "050000000300000000000000"],
    [{ kind: "abort", stream: 3, untouched: true }, "050100000300000000000000"],
    [{ kind: "abort", stream: 3, answered: 504 }, "050000000300000004000000f8010000"],
    [{ kind: "resume", stream: 4 }, "070000000400000000000000"],
    [{ kind: "concurrency", requests: 100 }, "07000000000000000400000064000000"],
    [
      { kind: "splice", side: "socket-to-stream", stream: 1, length: Infinity },
      "06000000010000000c00000000000000ffffffffffffffff",
    ],
    [
      { kind: "splice", side: "stream-to-socket", stream: 2, length: 2 ** 32 + 5 },
      "06000000020000000c000000010000000500000001000000",
    ],
    [{ kind: "log", level: "warn", text: "é" }, "080200000000000002000000c3a90000"],
    [{ kind: "metric", name: "n", value: 0.5 }, "090000000000000009000000000000000000e03f6e000000"],
    [{ kind: "error", code: 258, text: "" }, "0a000000000000000400000002010000"],
    [{ kind: "close", text: "bye" }, "0b000000000000000300000062796500"],
  ];
  for (const [action, hex] of vectors) {
    assert.equal(encodeAction(action).toHex(), hex);
    assert.deepEqual(read(Uint8Array.fromHex(hex)), [action]);
  }
});

Deno.test("action codec reads back whatever it wrote", () => {
  fc.assert(fc.property(fc.array(anyAction, { maxLength: 5 }), (actions) => {
    assert.deepEqual(read(join(actions.map(encodeAction))), actions);
  }));
});

Deno.test("action codec either refuses octets with a typed error or could have written them itself", () => {
  const octets = nearlyRecords(fc.array(anyAction, { maxLength: 3 }).map((actions) => join(actions.map(encodeAction))));
  fc.assert(
    fc.property(octets, (bytes) => {
      let actions: Action[];
      try {
        actions = read(bytes);
      } catch (error) {
        assert.ok(error instanceof AdaptorError, String(error));
        assert.equal(error.code, "ADAPTOR_RECORD");
        return;
      }
      assert.equal(join(actions.map(encodeAction)).toHex(), bytes.toHex());
    }),
    { numRuns: 3000 },
  );
});

Deno.test("action codec gives octets as views of what it read, not as copies", () => {
  const bytes = encodeAction({ kind: "bytes", data: new Uint8Array(4) });
  const [action] = read(bytes);
  assert.ok(action?.kind === "bytes");
  assert.equal(action.data.buffer, bytes.buffer);
});

Deno.test("action codec refuses what the ABI has no meaning for", () => {
  refused(record(7, 0, 1, [1, 0, 0, 0]));
  refused(record(7, 0, 0, []));
  refused(record(5, 2, 1, []));
  refused(record(5, 0, 1, [0, 1]));
  refused(record(5, 0, 1, [199, 0, 0, 0]));
  refused(record(5, 0, 1, [0, 1, 1, 0]));
  refused(record(0, 0, 0, []));
  refused(record(12, 0, 0, []));
  refused(record(1, 1, 0, []));
  refused(record(1, 0, 1, []));
  refused(record(4, 0, 0, []));
  refused(record(4, 0, 1, [1, 2, 3, 4]));
  refused(record(1, 0, 0, [1], [0, 0, 1]));
  refused(record(8, 4, 0, []));
  refused(record(8, 0, 0, [0xff, 0xff, 0xff, 0xff]));
  refused(record(9, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]));
  refused(record(9, 0, 0, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 65, 65, 65, 65]));
  refused(record(10, 0, 0, [0, 0]));
  const reserved = record(1, 0, 0, []);
  reserved[2] = 1;
  refused(reserved);
});

Deno.test("action codec refuses splices of no, fractional-bit or unsafe length and of unknown direction", () => {
  const splice = (...payload: number[]) => record(6, 0, 1, payload);
  refused(splice(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  refused(splice(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0));
  refused(splice(0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
  refused(splice(2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  refused(splice(0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  refused(splice(0, 0, 0, 0, 1, 0, 0, 0));
});

Deno.test("action codec refuses further pieces of none, without a head, of other octets than said, or to the socket", () => {
  const splice = (side: number, ...further: number[]) =>
    record(6, 0, 1, [side, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, ...further]);
  const further = { times: 258, head: Uint8Array.of(7, 8), instead: Uint8Array.of(9, 10) };
  assert.deepEqual(read(splice(0, 2, 1, 2, 2, 7, 8, 9, 10)), [
    { kind: "splice", side: "socket-to-stream", stream: 1, length: 5, further },
  ]);
  refused(splice(0, 0, 0, 2, 2, 7, 8, 9, 10));
  refused(splice(0, 2, 1, 0, 4, 7, 8, 9, 10));
  refused(splice(0, 2, 1, 2, 6, 7, 8, 9, 10));
  refused(splice(0, 2, 1, 2, 1, 7, 8, 9, 0));
  refused(splice(1, 2, 1, 2, 2, 7, 8, 9, 10));
  const forGood = splice(0, 2, 1, 2, 2, 7, 8, 9, 10);
  forGood.fill(0xff, 16, 24);
  refused(forGood);
});

Deno.test("action codec bounds texts and names", () => {
  const long = "x".repeat(formatLimits.textOctets + 1);
  refused(encodeAction({ kind: "log", level: "info", text: long }));
  refused(encodeAction({ kind: "error", code: 1, text: long }));
  refused(encodeAction({ kind: "close", text: long }));
  refused(encodeAction({ kind: "metric", name: long.slice(0, formatLimits.metricNameOctets + 1), value: 1 }));
});

Deno.test("action codec does not write a splice that it would not read", () => {
  for (const length of [0, -1, 0.5, NaN, 2 ** 53]) {
    const action = { kind: "splice", side: "socket-to-stream", stream: 1, length } as const;
    assert.throws(() => encodeAction(action), { code: "ADAPTOR_EVENT" });
  }
});
