/** How much work something is, whatever else the machine does meanwhile. */

import process from "node:process";

/** What `work` takes of a processor in this thread, in ms. */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
