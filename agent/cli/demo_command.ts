/** How the demo runs `tendril` commands: this very program again, as a process with no more permissions than it needs. */

import { fromFileUrl } from "../lib/file_url.ts";
import { TendrilError } from "../lib/errors.ts";
import { permissionFlags } from "./permissions.ts";

/** A command line, ready to be started. */
export interface DemoCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The command line for `tendril` with `words`, run from `dir` and confined to it and to loopback. */
export function demoCommand(entry: string, dir: string, words: readonly string[]): DemoCommand {
  const permissions = permissionFlags([
    { kind: "read", scope: dir },
    { kind: "net", scope: "127.0.0.1" },
    ...(words[0] === "run" ? [] : [{ kind: "write", scope: dir } as const]),
  ]);
  const config = configOf(entry);
  const where = config === undefined ? ["--no-config"] : ["--config", config];
  return {
    program: Deno.execPath(),
    args: ["run", "--quiet", "--no-prompt", ...where, ...permissions, entry, ...words],
  };
}

/** Runs a command to its end and returns what it printed. Throws DEMO_FAILED with its own error. */
export async function runToEnd({ program, args }: DemoCommand, cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, stdin: "null" }).output();
  if (code === 0) return new TextDecoder().decode(stdout);
  throw new TendrilError("DEMO_FAILED", `a command of the demo ended with code ${code}`, {
    cause: new TextDecoder().decode(stderr).trim(),
    hint: "Run the last printed command by itself to see more.",
  });
}

/** The source tree needs its import map; a bundle has everything inside. */
function configOf(entry: string): string | undefined {
  return entry.endsWith("/agent/main.ts") ? fromFileUrl(new URL("../deno.json", entry)) : undefined;
}
