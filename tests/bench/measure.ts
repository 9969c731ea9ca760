/** What the kernel says about a process: CPU time and memory, from `/proc` (Linux). */

/** Clock ticks per second of `/proc/PID/stat`, the same on every Linux that Deno supports. */
const TICKS_PER_SECOND = 100;

/** User and system CPU seconds that `pid` has used. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The command name may hold spaces; fields are counted behind its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Seconds that threads of `pid` could have run and waited for a CPU, all together. */
export function cpuWaitSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[1]);
  }
  return nanoseconds / 1e9;
}

/** Resident memory of `pid` in MiB: now, and at its peak. */
export function residentMiB(pid: number): { now: number; peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return { now: read("VmRSS"), peak: read("VmHWM") };
}

/** Files and sockets that `pid` has open, counted by kind, such as `socket` or `anon_inode`. */
export function openFiles(pid: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    let target: string;
    try {
      target = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      continue; // Closed since the folder was read.
    }
    const kind = target.startsWith("/") ? "file" : target.replace(/:.*/, "");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Minimum, median and maximum of at least one number. */
export function spread(values: readonly number[]): { min: number; median: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted[sorted.length - 1] };
}
