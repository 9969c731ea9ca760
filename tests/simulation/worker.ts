/** Runs simulations on a thread of its own: takes the seeds it is sent, posts one outcome for each. */

import { simulate } from "./simulation.ts";

/** Seeds from `from` to `to`, every `step`th. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** See {@link simulate}. */
  readonly departures: boolean;
}

addEventListener("message", async ({ data }: MessageEvent<Share>) => {
  const { from, to, step, departures } = data;
  for (let seed = from; seed <= to; seed += step) postMessage(await simulate(seed, undefined, departures));
});
