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
/** Time in which C routers have chosen other ways: they ask, and then compute, on ticks of a second. */
const SLOW_SETTLE_MS = 2500;

/** Looks in a row at which nothing comes through before we believe it. */
const QUIET_LOOKS = 3;

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
  const moving = neighbours.length > 0 ? dismiss(router.peers.all) : new Set<PeerEntry>();
  const never = new AbortController().signal;
  let before: PeerEntry[] = [];
  for (let quiet = 0; clock.now() < deadline; await pause(clock, STEP_MS, never)) {
    const present = [...router.peers.all];
    for (const entry of before.filter((entry) => !present.includes(entry))) {
      moving.delete(entry);
      // The others have to hear that it is not here any more.
      settled = Math.max(settled, clock.now() + SETTLE_MS);
    }
    before = present;
    const through = present.filter(({ role }) => role !== "normal");
    const idle = through.filter((entry) => entry.role === "edge" && entry.dismiss === undefined && !isBusy(entry));
    if (neighbours.length > 0) { for (const { peer } of idle) peer.close(); }
    quiet = clock.now() < settled || moving.size > 0 || through.some(isBusy) ? 0 : quiet + 1;
    if (quiet === QUIET_LOOKS) return;
  }
}

/** Asks edges to use their other homes; the result has those that will go, or have not answered. */
function dismiss(entries: Iterable<PeerEntry>): Set<PeerEntry> {
  const moving = new Set<PeerEntry>();
  for (const entry of entries) {
    if (entry.dismiss === undefined) continue;
    moving.add(entry);
    entry.dismiss().then((leaves) => {
      if (!leaves) moving.delete(entry);
    });
  }
  return moving;
}

function isBusy({ peer }: PeerEntry): boolean {
  return [...peer.connection.links()].some(({ busy }) => busy);
}
