import assert from "node:assert/strict";
import { Histogram } from "../lib/histogram.ts";
import { exposition, histogramSamples, MAX_SERIES, type Sample } from "./metrics.ts";

Deno.test("metrics: each has its help and type once, and labels that can't break out of their quotes", () => {
  const text = exposition([
    { metric: "tendril_link_up", labels: ['a"b\\c\nd'], value: 1 },
    { metric: "tendril_addresses", labels: [], value: 7 },
    { metric: "tendril_link_up", labels: ["e"], value: 0 },
  ]);
  assert.equal(
    text,
    `# HELP tendril_link_up 1 for a Link that is connected.
# TYPE tendril_link_up gauge
tendril_link_up{link="a\\"b\\\\c\\nd"} 1
tendril_link_up{link="e"} 0
# HELP tendril_addresses Addresses that the router knows.
# TYPE tendril_addresses gauge
tendril_addresses 7
`,
  );
});

Deno.test("metrics: values of one series are added up, and what is beyond the bound is one series", () => {
  const samples = Array.from({ length: MAX_SERIES + 50 }, (_, at): Sample => {
    return { metric: "tendril_link_streams", labels: [`l${at}`], value: 2 };
  });
  const lines = exposition([...samples, ...samples]).split("\n").filter((line) => line.startsWith("tendril_"));
  assert.equal(lines.length, MAX_SERIES + 1);
  assert.equal(lines[0], 'tendril_link_streams{link="l0"} 4');
  assert.equal(lines.at(-1), 'tendril_link_streams{link="other"} 200');
});

Deno.test("metrics: a histogram has a bucket for each bound with all that is not above it, their number and their sum", () => {
  const histogram = new Histogram();
  for (const seconds of [0.0001, 0.004, 0.005, 0.0051, 7]) histogram.add(seconds);
  const lines = exposition(histogramSamples("tendril_control_delay_seconds", histogram)).split("\n");
  assert.equal(lines[1], "# TYPE tendril_control_delay_seconds histogram");
  const buckets = lines.filter((line) => line.includes("_bucket"));
  assert.equal(buckets[0], 'tendril_control_delay_seconds_bucket{le="0.0001"} 1');
  assert.ok(buckets.includes('tendril_control_delay_seconds_bucket{le="0.005"} 3'));
  assert.ok(buckets.includes('tendril_control_delay_seconds_bucket{le="1"} 4'));
  assert.equal(buckets.at(-1), 'tendril_control_delay_seconds_bucket{le="+Inf"} 5');
  assert.deepEqual(lines.slice(-3), [
    "tendril_control_delay_seconds_sum 7.0142",
    "tendril_control_delay_seconds_count 5",
    "",
  ]);
});
