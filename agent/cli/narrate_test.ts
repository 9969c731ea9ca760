import assert from "node:assert/strict";
import type { LinkStatus, ListenerStatus, SiteStatus } from "../site/status.ts";
import { narrate } from "./narrate.ts";

const LINK: LinkStatus = {
  name: "hub",
  state: "connecting",
  cost: 1,
  endpoint: "10.0.0.1:45671",
  remote: undefined,
  message: "",
};
const LISTENER: ListenerStatus = {
  name: "db",
  routingKey: "db",
  host: "::1",
  port: 5432,
  open: false,
  connections: 0,
  message: "No matching connectors",
};

function site(change: Partial<SiteStatus> = {}): SiteStatus {
  return {
    id: "1",
    name: "west",
    role: "edge",
    routerId: "west-1",
    links: [LINK],
    listeners: [LISTENER],
    connectors: [{ name: "web", routingKey: "web", target: "127.0.0.1:80", connections: 0, message: "OK" }],
    access: [{ name: "west", role: "normal", host: "127.0.0.1", port: 5672, peers: 0 }],
    adaptors: [],
    ...change,
  };
}

function words(before: SiteStatus | undefined, after: SiteStatus): string[] {
  return narrate(before, after).map(({ level, message }) => `${level}: ${message}`);
}

Deno.test("narrate: the first snapshot tells everything once", () => {
  assert.deepEqual(words(undefined, site()), [
    "info: site is running",
    "info: accepting peers",
    "info: link is connecting",
    "info: listener waits",
    "info: connector offers",
  ]);
  assert.deepEqual(words(site(), site()), []);
});

Deno.test("narrate: a link's life, with the reason when it goes down", () => {
  const active = site({ links: [{ ...LINK, state: "active", remote: "hub-1" }] });
  const down = site({ links: [{ ...LINK, state: "down", message: "connection refused" }] });
  const connecting = site({ links: [{ ...LINK, message: "connection refused" }] });
  assert.deepEqual(words(site(), active), ["info: link is active"]);
  assert.deepEqual(words(active, down), ["warn: link is down"]);
  assert.equal(narrate(active, down)[0]?.fields["reason"], "connection refused");
  assert.deepEqual(words(down, connecting), []);
  assert.deepEqual(words(connecting, down), [], "the same reason again is not news");
  const other = site({ links: [{ ...LINK, state: "down", message: "certificate expired" }] });
  assert.deepEqual(words(connecting, other), ["warn: link is down"]);
  assert.deepEqual(words(down, active), ["info: link is active"]);
});

Deno.test("narrate: a listener opens and closes with its key's consumers", () => {
  const open = site({ listeners: [{ ...LISTENER, open: true, message: "OK" }] });
  assert.deepEqual(words(site(), open), ["info: listener is open"]);
  assert.equal(narrate(site(), open)[0]?.fields["address"], "[::1]:5432");
  assert.deepEqual(words(open, site({ listeners: [{ ...LISTENER, open: true, connections: 9, message: "OK" }] })), []);
  assert.deepEqual(words(open, site()), ["info: listener is closed"]);
});

Deno.test("narrate: a target that fails and answers again", () => {
  const failed = site({ connectors: [{ ...site().connectors[0]!, message: "refused" }] });
  assert.deepEqual(words(site(), failed), ["warn: target failed"]);
  assert.deepEqual(words(failed, site()), ["info: target answers again"]);
});

Deno.test("narrate: a port that accepts is told once, and again when it moved", () => {
  assert.deepEqual(words(site(), site({ access: [{ ...site().access[0]!, peers: 1 }] })), []);
  assert.deepEqual(words(site(), site({ access: [{ ...site().access[0]!, port: 5673 }] })), ["info: accepting peers"]);
});
