import assert from "node:assert/strict";
import { AmqpSymbol } from "../amqp/codec/types.ts";
import {
  hasSymbol,
  ordinaryTarget,
  routerConnectionOptions,
  STREAMING_LINKS,
  symbols,
  takesStreamingLinks,
} from "./capabilities.ts";

Deno.test("capabilities: one symbol and arrays of them are searched, all else has none", () => {
  assert.equal(hasSymbol(new AmqpSymbol("a"), "a"), true);
  assert.equal(hasSymbol(symbols("b", "a"), "a"), true);
  assert.equal(hasSymbol(symbols("b"), "a"), false);
  assert.equal(hasSymbol("a", "a"), false, "a string is no symbol");
  assert.equal(hasSymbol({ type: "list", value: [new AmqpSymbol("a")] }, "a"), false);
  assert.equal(hasSymbol(null, "a"), false);
  assert.equal(hasSymbol(undefined, "a"), false);
});

Deno.test("capabilities: a peer takes streaming links when it offers them, not when it only wants them", () => {
  const open = { type: "open", containerId: "x" } as const;
  assert.equal(takesStreamingLinks(undefined), false);
  assert.equal(takesStreamingLinks({ ...open, desiredCapabilities: symbols(STREAMING_LINKS) }), false);
  assert.equal(takesStreamingLinks({ ...open, offeredCapabilities: symbols("x", STREAMING_LINKS) }), true);
});

Deno.test("capabilities: a coordinator is no ordinary target", () => {
  const attach = { type: "attach", name: "x", handle: 0, role: "sender" } as const;
  assert.equal(ordinaryTarget(attach), undefined);
  assert.deepEqual(ordinaryTarget({ ...attach, target: { address: "web" } }), { address: "web" });
  assert.equal(ordinaryTarget({ ...attach, target: { other: null } }), undefined);
});

Deno.test("capabilities: only a peer whose certificate was verified may use EXTERNAL, and it must", () => {
  const proven = routerConnectionOptions("server", "R1", true);
  assert.deepEqual([proven.mechanisms, proven.saslOptional], [["EXTERNAL"], false]);
  const plain = routerConnectionOptions("server", "R1", false);
  assert.deepEqual([plain.mechanisms, plain.saslOptional], [["ANONYMOUS"], true]);
});
