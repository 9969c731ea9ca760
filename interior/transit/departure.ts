/**
 * How an interior leaves its network: others are told to go around it, edges with nothing under way are let go to their
 * other homes, and what still comes through may end. So a restart costs no flow that has another way. An interior that has
 * no neighbour is the only home that its edges have in its network: they stay until all have nothing under way.
 */

import { pause } from "../../agent/lib/clock.ts";
import type { PeerEntry } from "../../agent/router/peer_table.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Transit } from "./transit.ts";

/** How often it is looked whether anything is still under way, in ms. */
const STEP_MS = 100;
/** Time in which routers of ours have heard of it and chosen other ways, in ms. */
const SETTLE_MS = 300;
/** The same for C routers: they ask, and then compute, on ticks of a second. */
const SLOW_SETTLE_MS = 2500;

/** Leaves; resolves when nothing comes through any more, after `graceMs` at the latest. Connections stay the caller's. */
export async function depart(router: Router, transit: Transit, graceMs: number): Promise<void> {
  const { clock } = router;
  const began = clock.now();
  const deadline = began + graceMs;
  const neighbours = [...transit.neighbours.values()];
  transit.engine.depart(began);
  // With one neighbour nobody's way leads through here.
  let settled = began;
  if (neighbours.length > 1) settled += neighbours.some(({ asksOnce }) => asksOnce) ? SLOW_SETTLE_MS : SETTLE_MS;
  const never = new AbortController().signal;
  while (clock.now() < deadline) {
    const through = [...router.peers.all].filter(({ role }) => role !== "normal");
    const idle = through.filter((entry) => entry.role === "edge" && !isBusy(entry));
    if (neighbours.length > 0) { for (const { peer } of idle) peer.close(); }
    if (clock.now() >= settled && !through.some(isBusy)) return;
    await pause(clock, STEP_MS, never);
  }
}

function isBusy({ peer }: PeerEntry): boolean {
  return [...peer.connection.links()].some(({ busy }) => busy);
}
