/** A folder and processes of one test: where it fails, what they have said is shown; nothing of them is left behind. */

import type { Process } from "./processes.ts";

/** Characters of what each process has said last. */
const SHOWN = 4000;

/** Takes a process into care, and gives it back. */
export type Keep = (process: Process) => Process;

/** Runs `body` with an empty folder. Ends all processes that it hands over. Rejects as `body` does. */
export async function onStage(body: (dir: string, keep: Keep) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const processes: Process[] = [];
  const keep = (process: Process) => {
    processes.push(process);
    return process;
  };
  try {
    await body(dir, keep);
  } catch (error) {
    console.error(processes.map(({ name, output }) => `--- ${name}\n${output().slice(-SHOWN)}`).join("\n"));
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}
