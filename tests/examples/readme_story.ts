/** What README tells a newcomer to type, typed: two sites are linked with a token, and a service is used across them. */

import { untilListening } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { readmeBlocks } from "./examples.ts";
import { GREETING, World, type WorldOptions } from "./world.ts";

const LIMIT_MS = 60_000;
/** Commands that stay in a terminal of their own, and what they say once they are up. */
const STAYING: ReadonlyArray<readonly [RegExp, string]> = [
  [/^tendril run west/, "link is active"],
  [/^tendril run/, "site is running"],
  [/^tendril expose/, "routing key is reachable"],
  [/^tendril forward/, "listener is open"],
];

/** Types every line under "Use it", in order; empty if all did as README says, else what went wrong. */
export async function readmeStory(options: WorldOptions): Promise<string> {
  await using world = await World.empty(options);
  for (const block of await readmeBlocks("Use it")) {
    for (const line of block) {
      // How to get the program is another story: here it is on the path.
      if (/^deno (run|install)/.test(line)) continue;
      const marker = STAYING.find(([command]) => command.test(line))?.[1];
      if (marker !== undefined) {
        const process = world.start(line);
        await until(() => process.output().includes(marker), LIMIT_MS)
          .catch(() => Promise.reject(new Error(`${line}: ${process.output().slice(-3000)}`)));
        continue;
      }
      const port = /^curl .*:(\d+)/.exec(line)?.[1];
      if (port !== undefined) await untilListening(Number(port), undefined, LIMIT_MS);
      const { code, text } = await world.run(line);
      if (code !== 0) return `${line}: exit code ${code}: ${text}`;
      if (port !== undefined && !text.includes(GREETING)) return `${line}: ${text}`;
    }
  }
  return "";
}
