/** Damaged messages, as a router and a bridge see them: their heads are read, or malformed, and nothing throws. */

import assert from "node:assert/strict";
import { decodeStreamHead, encodeStreamHead, MAX_HEAD_OCTETS } from "../../agent/bridge/stream_head.ts";
import {
  ANNOTATIONS_DESCRIPTOR_OCTETS,
  decodeAnnotations,
  encodeAnnotations,
  MAX_TRACE,
  NO_ANNOTATIONS,
  startsWithAnnotations,
} from "../../agent/router/annotations.ts";
import { parseMessageHead } from "../../agent/router/message_head.ts";
import { CODEC_TOKENS } from "./codec_target.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";
import { messages } from "./trace_seeds.ts";

const ROUTED = encodeAnnotations({
  flags: 0x101,
  toOverride: "mc/$management",
  ingress: "0/west",
  trace: ["0/west", "0/int.0", "0/" + "x".repeat(300)],
  ingressMesh: "mesh1",
});
const HEAD = encodeStreamHead("tcp/web", "amqp:/_edge/west/temp.1", {
  contentType: "application/octet-stream",
  properties: [["x-opt-flow", { type: "string", value: "uuid/1" }], ["window", { type: "uint", value: 65_536 }]],
});

const target: FuzzTarget = {
  name: "annotations",
  seeds: [...messages(), ROUTED, HEAD, joined(ROUTED, HEAD), joined(encodeAnnotations(NO_ANNOTATIONS), HEAD)],
  tokens: [...CODEC_TOKENS, ROUTED.slice(0, ANNOTATIONS_DESCRIPTOR_OCTETS)],
  run: (input, choose) => {
    const cut = choose(input.length + 1);
    return `${checkAnnotations(input)}, ${checkMessageHead(input, cut)}, ${checkStreamHead(input, cut)}`;
  },
};

Deno.test("fuzz: heads of messages are read or malformed, nothing throws, and a prefix tells no lies", () => {
  const report = fuzz(target);
  for (const outcome of ["annotations of", "malformed annotations", "head with", "unfinished", "malformed head"]) {
    assert.ok(countOf(report, (seen) => seen.includes(outcome)) > 0, `never seen: ${outcome}`);
  }
  assert.ok(countOf(report, (seen) => seen.includes("stream of")) > 0, "no stream head was read");
});

/** What is accepted can be written and read again, and stays within its bounds. */
function checkAnnotations(input: Uint8Array): string {
  if (input.length < ANNOTATIONS_DESCRIPTOR_OCTETS || !startsWithAnnotations(input, 0, input.length)) {
    return "no section";
  }
  const annotations = decodeAnnotations(input, ANNOTATIONS_DESCRIPTOR_OCTETS, input.length);
  if (annotations === undefined) return "malformed annotations";
  assert.ok(annotations.flags >= 0 && annotations.flags <= 0xffffffff && annotations.trace.length <= MAX_TRACE);
  const section = encodeAnnotations(annotations);
  assert.deepEqual(decodeAnnotations(section, ANNOTATIONS_DESCRIPTOR_OCTETS, section.length), annotations);
  return `annotations of ${annotations.trace.length} hops`;
}

/** A message is routed by its prefix: what that says must hold for the whole. */
function checkMessageHead(input: Uint8Array, cut: number): string {
  const early = parseMessageHead(input.subarray(0, cut), false);
  const later = parseMessageHead(input, false);
  if (early !== undefined) assert.deepEqual(later, early, `the first ${cut} octets say something else`);
  const whole = parseMessageHead(input, true);
  assert.ok(whole !== undefined, "a complete message has a head or is malformed");
  if (later !== undefined) assert.deepEqual(whole, later);
  if ("malformed" in whole) return `${later === undefined ? "unfinished" : "malformed head"}: ${whole.malformed}`;
  assert.ok(whole.restAt >= 0 && whole.restAt <= input.length);
  assert.ok(Number.isInteger(whole.priority) && whole.priority >= 0 && whole.priority <= 9);
  return `head with priority ${whole.priority}${whole.to === undefined ? "" : " and address"}`;
}

function checkStreamHead(input: Uint8Array, cut: number): string {
  const early = decodeStreamHead(input.subarray(0, cut));
  const whole = decodeStreamHead(input);
  if (typeof early === "object") assert.deepEqual(whole, early, `the first ${cut} octets say something else`);
  if (whole === undefined) {
    assert.ok(input.length <= MAX_HEAD_OCTETS, "a head that never ends is given up");
    return "no stream yet";
  }
  if (typeof whole === "string") return "no stream";
  assert.ok(whole.bodyAt > 0 && whole.bodyAt <= input.length);
  return `stream of ${whole.head.properties.length} properties`;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
