import assert from "node:assert/strict";
import { exposition, MAX_SERIES, type Sample } from "./metrics.ts";

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
