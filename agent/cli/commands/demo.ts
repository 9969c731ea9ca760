/** `tendril demo`: a whole network on this machine, and a real HTTP request across it. */

import { type Command, defineCommand } from "../command.ts";
import { checkMayRunDeno } from "../demo_command.ts";
import { playDemo } from "../demo_story.ts";
import { EXIT } from "../exit_codes.ts";
import { exitCodeOfSignal, ProcessSignals } from "../signals.ts";

/** Time the whole demo may take until the request is answered, in ms. */
const LIMIT_MS = 60_000;

/** See the summary. */
export const demo: Command = defineCommand({
  name: "demo",
  summary: "show a whole network on this machine, with a request across it",
  description:
    "Makes a temporary folder, creates an interior and two edges in it, runs them as three processes on loopback, " +
    "serves a small web page behind one edge and fetches it through the other. Everything ends, and the folder is " +
    "removed, on Ctrl-C or when the terminal closes; with --once right after the request.",
  positionals: [],
  flags: { once: { kind: "switch", help: "End after the first request; exit code 0 means it was answered." } },
  examples: [
    { title: "see it work", line: "tendril demo --once" },
    { title: "keep it running and try it by hand", line: "tendril demo" },
  ],
  exits: ["hungUp", "interrupted", "terminated"],
  permissions: [
    { kind: "write", scope: "TEMP", why: "the system's folder for temporary files, such as /tmp" },
    { kind: "net", scope: "127.0.0.1", why: "the web page, and the request" },
    {
      kind: "run",
      scope: "DENO",
      why: "the path of Deno itself, which runs the sites: deno eval -p 'Deno.execPath()'",
    },
  ],
  async run({ flags, io, entry }) {
    using signals = new ProcessSignals(true);
    await checkMayRunDeno();
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), LIMIT_MS);
    let answered = false;
    const signal = signals.next();
    signal.then(() => stop.abort());
    const dir = await Deno.makeTempDir({ prefix: "tendril-demo-" });
    try {
      await playDemo({ entry, dir, io, signal: stop.signal }, async (url) => {
        clearTimeout(limit);
        answered = true;
        if (flags.once) return;
        io.stdout(`\nStill running. Try it:\n\n  curl ${url}\n\nCtrl-C ends it.\n`);
        await signal;
      });
      return EXIT.ok;
    } catch (error) {
      // Ctrl-C makes whatever was under way fail: that is no failure of the demo.
      if (!answered && stop.signal.aborted && await isSettled(signal)) return exitCodeOfSignal(await signal);
      throw error;
    } finally {
      clearTimeout(limit);
      await Deno.remove(dir, { recursive: true });
      if (answered) io.stdout("Everything has ended, and the folder is removed.\n");
    }
  },
});

/** True when `promise` has its value already. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return await Promise.race([promise, Promise.resolve(pending)]) !== pending;
}
