/**
 * Loaded into an edge before the program (`deno run --preload`): on SIGUSR2 it writes what the runtime holds open, its
 * resources by kind and its pending timers and handles, and what of its heap is in use after a collection, as one line that
 * {@link TALLY_MARK} begins. The kernel's list of file descriptors does not show timers, nor its resident memory what is
 * garbage, and this does.
 */

import process from "node:process";
import { type Tally, TALLY_MARK } from "./tally_mark.ts";

/** The runtime's own table of open resources; undocumented, and used by its test runner for the same purpose. */
interface Runtime {
  readonly core: { resources(): Record<string, string> };
}

const { core } = (Deno as unknown as Record<symbol, Runtime>)[
  (Deno as unknown as { readonly internal: symbol }).internal
];

Deno.addSignalListener("SIGUSR2", () => {
  const counts: Record<string, number> = {};
  for (const kind of [...Object.values(core.resources()), ...process.getActiveResourcesInfo()]) {
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  // There with --expose-gc; what one collection finalizes the next one takes.
  const { gc } = globalThis as unknown as { readonly gc: () => void };
  gc();
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  const tally: Tally = { counts, heapMiB: heapUsed / 1024 / 1024, externalMiB: external / 1024 / 1024 };
  console.error(TALLY_MARK + JSON.stringify(tally));
});
