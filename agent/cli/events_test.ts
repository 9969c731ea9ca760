import assert from "node:assert/strict";
import { eventsOf } from "./events.ts";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

Deno.test("events: the same thing again and again is one event with the time of the last", () => {
  const down = { level: "warn" as const, message: "link is down", fields: { link: "hub", reason: "refused" } };
  const events = eventsOf([
    { time: at(1), ...down },
    { time: at(2), ...down },
    { time: at(3), ...down, fields: { ...down.fields, reason: "no answer" } },
    { time: at(4), ...down },
  ]);
  assert.deepEqual(events.map(({ time, count }) => [time, count]), [[at(2), 2], [at(3), 1], [at(4), 1]]);
});

Deno.test("events: each has the topic that people look for", () => {
  const topics = eventsOf([
    { time: at(0), level: "info", message: "site is running", fields: { site: "west" } },
    { time: at(1), level: "info", message: "link is active", fields: { link: "hub" } },
    { time: at(2), level: "info", message: "listener is open", fields: { listener: "web" } },
    { time: at(3), level: "warn", message: "target failed", fields: { connector: "web" } },
    { time: at(4), level: "info", message: "certificate renewed", fields: { secret: "hub" } },
    { time: at(5), level: "info", message: "peer connected", fields: { peer: "east" } },
  ]).map(({ topic }) => topic);
  assert.deepEqual(topics, ["site", "link", "listener", "connector", "certificate", "peer"]);
});
