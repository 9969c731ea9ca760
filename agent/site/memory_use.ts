/** What this process uses of memory. */

import { getHeapStatistics } from "node:v8";
import type { MemoryUse } from "../router/memory_ceiling.ts";

/**
 * A measure of this process. What it uses besides the engine's objects is taken to be what that is now, while nothing is
 * connected.
 */
export function memoryUse(): () => MemoryUse {
  const start = Deno.memoryUsage();
  const base = start.rss - start.heapUsed - start.external;
  const heapLimit = getHeapStatistics().heap_size_limit;
  return () => {
    const { rss, heapUsed, external } = Deno.memoryUsage();
    return { resident: rss, live: base + heapUsed + external, heap: heapUsed, heapLimit };
  };
}
