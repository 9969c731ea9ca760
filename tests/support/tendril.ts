/** The program under test, run by the commands a user types. */

import { type Process, type Result, run, start } from "./processes.ts";

const MAIN = new URL("../../agent/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Arguments of `deno` that run the command line tool, here or in the tree of `main`, with the given permissions. */
export function tendrilArgs(permissions: readonly string[], args: readonly string[], main = MAIN): string[] {
  return ["run", "--quiet", "--no-check", "--frozen", "--config", CONFIG, ...permissions, main, ...args];
}

/** Permissions with which tests run a site: everything but other programs and foreign functions. */
const SITE_PERMISSIONS = ["--ignore-env", "--allow-net", "--allow-read", "--allow-write", "--allow-sys"];

/** Runs one command to its end. */
export function tendril(...args: string[]): Promise<Result> {
  return run(Deno.execPath(), tendrilArgs(SITE_PERMISSIONS, args));
}

/** How a command is started another way than plainly. */
export interface StartOptions {
  /** Further flags of `deno`. */
  readonly flags?: readonly string[];
  /** Most file descriptors that the process may have open. */
  readonly descriptors?: number;
  /** True for a disk that is full after the first KiB of any file. */
  readonly fullDisk?: boolean;
  /** `agent/main.ts` of another tree than this one. */
  readonly main?: string;
}

/** Starts a command that stays. */
export function startTendril(name: string, args: readonly string[], options: StartOptions = {}): Process {
  const { flags = [], descriptors, fullDisk, main } = options;
  const words = tendrilArgs([...SITE_PERMISSIONS, ...flags], args, main);
  if (fullDisk === true) {
    const limit = `trap "" XFSZ; ulimit -f 2; exec "$0" "$@"`;
    return start(name, "sh", ["-c", limit, Deno.execPath(), ...words]);
  }
  if (descriptors === undefined) return start(name, Deno.execPath(), words);
  return start(name, "sh", ["-c", `ulimit -n ${descriptors}; exec "$0" "$@"`, Deno.execPath(), ...words]);
}
