/** Runs simulations on a thread of its own: takes the seeds it is sent, posts one outcome for each. */

import { simulate } from "./simulation.ts";

/** Seeds from `from` to `to`, every `step`th. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

addEventListener("message", async ({ data }: MessageEvent<Share>) => {
  for (let seed = data.from; seed <= data.to; seed += data.step) postMessage(await simulate(seed));
});
