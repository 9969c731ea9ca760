import assert from "node:assert/strict";
import fc from "fast-check";
import { message } from "../../tests/support/wire_peer.ts";
import { readTrace, type RecordedFrame, TRACES } from "../../tests/support/traces.ts";
import { decodeMeshId, decodeTracking, encodeMeshId, encodeTracking } from "./edge_messages.ts";
import { parseMessageHead } from "./message_head.ts";

Deno.test("edge messages: a report and a mesh id arrive as they were sent", () => {
  for (const reachable of [true, false]) {
    assert.deepEqual(decodeTracking(encodeTracking({ key: "Mweb", reachable }, "R1")), { key: "Mweb", reachable });
  }
  assert.equal(decodeMeshId(encodeMeshId("mesh-1")), "mesh-1");
});

Deno.test("edge messages: the interior is ingress and first hop of its reports", () => {
  const head = parseMessageHead(encodeTracking({ key: "Mweb", reachable: true }, "R1"), true);
  assert.ok(head !== undefined && !("malformed" in head));
  assert.equal(head.annotations.ingress, "0/R1");
  assert.deepEqual(head.annotations.trace, ["0/R1"]);
});

Deno.test("edge messages: those that a real edge and a real interior sent are understood", () => {
  const payloads = (frames: readonly RecordedFrame[]) =>
    frames.flatMap(({ bytes, truncated }) => {
      const at = bytes.toHex().indexOf("0080534b50522d2d5241") / 2;
      return truncated || at < 0 ? [] : [bytes.subarray(at)];
    });
  const all = payloads(TRACES.flatMap(readTrace));
  const reports = all.map(decodeTracking).filter((report) => report !== undefined);
  const meshIds = all.map(decodeMeshId).filter((id) => id !== undefined);
  assert.ok(reports.some(({ key, reachable }) => key.startsWith("M") && reachable), JSON.stringify(reports));
  assert.ok(meshIds.length > 0);
});

Deno.test("edge messages: anything else is neither, and nothing throws", () => {
  const others = [message({ to: "web", body: "x" }), encodeMeshId("m").subarray(0, 30), new Uint8Array(0)];
  for (const octets of others) {
    assert.equal(decodeTracking(octets), undefined);
    assert.equal(decodeMeshId(octets), undefined);
  }
  assert.equal(decodeTracking(encodeMeshId("mesh")), undefined);
  assert.equal(decodeMeshId(encodeTracking({ key: "Mweb", reachable: true }, "R1")), undefined);
  const report = encodeTracking({ key: "Mweb", reachable: true }, "R1");
  fc.assert(
    fc.property(fc.nat(report.length - 1), fc.nat(255), (at, octet) => {
      const broken = report.slice();
      broken[at] = octet;
      decodeTracking(broken);
      decodeMeshId(broken.subarray(0, at));
    }),
    { numRuns: 2000 },
  );
});
