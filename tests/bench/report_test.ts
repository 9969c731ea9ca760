import assert from "node:assert/strict";
import type { Sample } from "./main.ts";
import { HTTP1, HTTP2, summarize, THROUGH_ADAPTOR, THROUGH_NGINX, THROUGH_TCP } from "./report.ts";

function sample(load: string, subject: string, rate: number, p99Ms: number): Sample {
  return { load, subject, rate, p99Ms, cpuSeconds: [] };
}

Deno.test("summary: the HTTP adaptors are compared with TCP and nginx, by medians, without a C router", () => {
  const { ratios } = summarize([
    ...[100, 60, 61].map((rate) => sample(HTTP1, THROUGH_ADAPTOR, rate, 3)),
    ...[100, 122, 5000].map((rate) => sample(HTTP1, THROUGH_TCP, rate, 2)),
    sample(HTTP1, THROUGH_NGINX, 244, 1),
    sample(HTTP2, THROUGH_ADAPTOR, 10, 4),
    sample(HTTP2, THROUGH_TCP, 40, 1),
    sample(HTTP2, THROUGH_NGINX, 20, 2),
  ]);
  assert.deepEqual(ratios, {
    http1OverTcp: 0.5,
    http1OverNginx: 0.25,
    http2OverTcp: 0.25,
    http2OverNginx: 0.5,
    http1P99OverTcp: 1.5,
    http1P99OverNginx: 3,
    http2P99OverTcp: 4,
    http2P99OverNginx: 2,
  });
});

Deno.test("summary: without loads of HTTP there is nothing to say of its adaptors", () => {
  const { ratios } = summarize([sample("requests", "tendril", 3, 1), sample("requests", "skrouterd", 2, 1)]);
  assert.equal(ratios.requests, 1.5);
  assert.ok(!("http1OverTcp" in ratios));
});
