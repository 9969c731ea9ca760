/** An edge that comes back to an interior it had left, over the connection that was kept for what was under way. */

import assert from "node:assert/strict";
import { EdgeLinks } from "../../agent/router/edge_links.ts";
import { Router } from "../../agent/router/router.ts";
import { Taker } from "../../agent/router/testing_consumer.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { channelPair } from "../../agent/transport/memory_channel.ts";
import { until } from "../../tests/support/until.ts";
import { EdgePeer } from "./edge_peer.ts";

/** Longer than what the last link reported is taken for granted, in ms. */
const DOUBTED_MS = 2500;

Deno.test("returning edge: what the interior has served all the time stays reachable", async () => {
  const interiors = new Map(["A", "B"].map((id) => [id, new Router({ id, role: "interior" })]));
  const peers = new Map<string, EdgePeer>();
  const down = new Set<string>();
  const targets = [...interiors].map(([name, router], at) => ({
    name,
    cost: at + 1,
    measured: false,
    endpoint: `${name}:45671`,
    connect: () => {
      if (down.has(name)) return Promise.reject(new Error(`${name} is down`));
      const [near, far] = channelPair();
      const peer = new EdgePeer(router, far, { onOpen() {}, onGone() {} });
      peers.set(name, peer);
      peer.start();
      return Promise.resolve(near);
    },
  }));
  for (const router of interiors.values()) router.addresses.add("Msvc", new Taker());
  const edge = new Router({ id: "E", role: "edge" });
  const links = new EdgeLinks(edge, targets, () => ({ next: () => 300, reset() {} }), silentLogger, () => {});
  const active = () => links.status().find(({ state }) => state === "active")?.name;
  const heard: boolean[] = [];
  const unwatch = edge.addresses.watch("Msvc", undefined, (reachable) => heard.push(reachable));
  const other = edge.addresses.watch("Mother", undefined, () => {});
  try {
    await until(() => heard.at(-1) === true && links.status().every(({ state }) => state !== "down"));
    assert.equal(active(), "A");
    const [entry] = interiors.get("A")!.peers.all;
    assert.equal(await entry?.dismiss?.(), true);
    await until(() => active() === "B");
    down.add("B");
    peers.get("B")!.peer.channel.destroy();
    await until(() => active() === "A");
    const before = heard.length;
    await new Promise((resolve) => setTimeout(resolve, DOUBTED_MS));
    assert.deepEqual(heard.slice(before), [], "it was reachable, and is");
    assert.equal(edge.addresses.get("Msvc")?.consumers.length, 1);
    interiors.get("A")!.addresses.add("Mother", new Taker());
    await until(() => edge.addresses.get("Mother")?.consumers.length === 1);
  } finally {
    unwatch();
    other();
    await links.stop();
  }
});
