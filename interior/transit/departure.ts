/**
 * How an interior leaves its network: others are told to go around it, edges of ours are asked to use their other homes,
 * those of C routers are let go when they have nothing under way, and what still comes through may end. So a restart
 * costs no flow that has another way. An edge of ours without another home stays to the end. An interior that has no
 * neighbour is the only home that its edges have in its network: all stay until they have nothing under way.
 */

import { pause } from "../../agent/lib/clock.ts";
import type { PeerEntry } from "../../agent/router/peer_table.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Transit } from "./transit.ts";

/** How often it is looked whether anything is still under way, in ms. */
const STEP_MS = 100;
/** Time in which routers of ours have heard of it and chosen other ways, in ms. */
const SETTLE_MS = 300;
/** Time in which edges of ours have moved to their other homes, and everybody knows where they are, in ms. */
const MOVED_MS = 1000;
/** Time in which C routers have chosen other ways: they ask, and then compute, on ticks of a second. */
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
  const dismissals = neighbours.length === 0 ? [] : [...router.peers.all].flatMap(({ dismiss }) => dismiss ?? []);
  for (const dismiss of dismissals) dismiss();
  if (dismissals.length > 0) settled = Math.max(settled, began + MOVED_MS);
  const never = new AbortController().signal;
  while (clock.now() < deadline) {
    const through = [...router.peers.all].filter(({ role }) => role !== "normal");
    const idle = through.filter((entry) => entry.role === "edge" && entry.dismiss === undefined && !isBusy(entry));
    if (neighbours.length > 0) { for (const { peer } of idle) peer.close(); }
    if (clock.now() >= settled && !through.some(isBusy)) return;
    await pause(clock, STEP_MS, never);
  }
}

function isBusy({ peer }: PeerEntry): boolean {
  return [...peer.connection.links()].some(({ busy }) => busy);
}
