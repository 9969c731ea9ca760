import { deepEqual, equal } from "node:assert/strict";
import { RIVAL_SILENCE_MS, Rivals } from "./rivals.ts";

Deno.test("rivals: who was there first stays, and who came later is held off, then turned away", () => {
  const rivals = new Rivals();
  deepEqual(rivals.hello("a", 1, 10, 0), []);
  deepEqual(rivals.hello("a", 2, 11, 500), []);
  equal(rivals.isHeldOff(11), true);
  deepEqual(rivals.hello("a", 1, 10, 1000), []);
  deepEqual(rivals.hello("a", 2, 11, 1500), []);
  deepEqual(rivals.hello("a", 1, 10, 2000), [11]);
  deepEqual([rivals.isHeldOff(10), rivals.isHeldOff(11)], [false, true]);
});

Deno.test("rivals: a router that was restarted is let in as soon as its last connection is gone, or silent", () => {
  const gone = new Rivals();
  gone.hello("a", 1, 10, 0);
  gone.hello("a", 2, 11, 100);
  gone.lost(10);
  deepEqual(gone.hello("a", 2, 11, 200), []);
  equal(gone.isHeldOff(11), false);

  const silent = new Rivals();
  silent.hello("a", 1, 10, 0);
  silent.hello("a", 2, 11, RIVAL_SILENCE_MS - 1);
  equal(silent.isHeldOff(11), true);
  silent.hello("a", 2, 11, RIVAL_SILENCE_MS);
  equal(silent.isHeldOff(11), false);
  // What was held up on its way comes all at once, from the last life.
  for (const _ of [1, 2, 3]) deepEqual(silent.hello("a", 1, 10, RIVAL_SILENCE_MS + 1), []);
  deepEqual([silent.isHeldOff(10), silent.isHeldOff(11)], [true, false]);
});

Deno.test("rivals: more links of the same router, before and after a rival, are nobody's rivals", () => {
  const rivals = new Rivals();
  for (const [instance, link] of [[1, 10], [1, 11], [2, 12], [1, 13]] as const) rivals.hello("a", instance, link, 0);
  deepEqual([10, 11, 12, 13].map((link) => rivals.isHeldOff(link)), [false, false, true, false]);
  deepEqual(rivals.hello("a", 1, 13, 100), [12]);
  // The first of its links goes, as when it moves to new credentials.
  rivals.lost(10);
  rivals.lost(11);
  rivals.hello("a", 1, 13, 200);
  deepEqual([rivals.isHeldOff(13), rivals.isHeldOff(12)], [false, true]);
  rivals.lost(12);
  equal(rivals.isHeldOff(12), false);
});
