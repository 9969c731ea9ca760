/** The program under test, run by the commands a user types. */

import { type Process, type Result, run, start } from "./processes.ts";

const MAIN = new URL("../../agent/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Arguments of `deno` that run the command line tool with the given permissions. */
export function tendrilArgs(permissions: readonly string[], args: readonly string[]): string[] {
  return ["run", "--quiet", "--no-check", "--frozen", "--config", CONFIG, ...permissions, MAIN, ...args];
}

/** Permissions with which tests run a site: everything but other programs and foreign functions. */
const SITE_PERMISSIONS = ["--ignore-env", "--allow-net", "--allow-read", "--allow-write", "--allow-sys"];

/** Runs one command to its end. */
export function tendril(...args: string[]): Promise<Result> {
  return run(Deno.execPath(), tendrilArgs(SITE_PERMISSIONS, args));
}

/** Starts a command that stays; `flags` are further ones of `deno`. */
export function startTendril(name: string, args: readonly string[], flags: readonly string[] = []): Process {
  return start(name, Deno.execPath(), tendrilArgs([...SITE_PERMISSIONS, ...flags], args));
}
