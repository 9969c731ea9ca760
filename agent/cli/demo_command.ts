/** How the demo runs `tendril` commands: this very program again, as a process with no more permissions than it needs. */

import { TendrilError } from "../lib/errors.ts";
import { fromFileUrl } from "../lib/file_url.ts";
import { fillIn, permissionFlags, type PermissionNeed } from "./permissions.ts";

/** A command line, ready to be started. */
export interface DemoCommand {
  /** Path of Deno. */
  readonly program: string;
  /** Everything after it. */
  readonly args: readonly string[];
  /** The permission flags among `args`. */
  readonly permissions: readonly string[];
}

/** What a command is to be and what it may reach. */
export interface DemoStep {
  /** The words after `tendril`. */
  readonly words: readonly string[];
  /** The permissions that its help documents. */
  readonly needs: readonly PermissionNeed[];
  /** What the placeholders in them stand for here. */
  readonly reach: Readonly<Record<string, readonly string[]>>;
}

/** The command line for `step`, run by the program that was loaded from `entry`. */
export function demoCommand(entry: string, step: DemoStep): DemoCommand {
  const permissions = permissionFlags(fillIn(step.needs, step.reach));
  const config = configOf(entry);
  const where = config === undefined ? ["--no-config"] : ["--config", config];
  return {
    program: Deno.execPath(),
    args: ["run", "--quiet", "--no-prompt", ...where, ...permissions, entry, ...step.words],
    permissions,
  };
}

/** Runs `command` to its end in the folder `cwd` and returns what it printed; fails with `DEMO_FAILED`. */
export async function runToEnd(command: DemoCommand, cwd: string, signal: AbortSignal): Promise<string> {
  const { program, args } = command;
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, stdin: "null", signal })
    .output();
  if (code === 0) return new TextDecoder().decode(stdout);
  throw new TendrilError("DEMO_FAILED", `a command of the demo ended with code ${code}`, {
    cause: new TextDecoder().decode(stderr).trim(),
    hint: "Run the last printed command by itself to see more.",
  });
}

/** Fails with `PERMISSION_MISSING` unless the demo may start Deno itself. */
export async function checkMayRunDeno(): Promise<void> {
  const program = Deno.execPath();
  const { state } = await Deno.permissions.query({ name: "run", command: program });
  if (state === "granted") return;
  throw new TendrilError("PERMISSION_MISSING", "the demo may not start the three sites", {
    cause: `no run access to ${program}`,
    hint: `Add --allow-run="${program}" to the \`deno run\` line, or use \`deno task demo\`.`,
  });
}

/** The source tree needs its import map; a bundle has everything inside. */
function configOf(entry: string): string | undefined {
  return entry.endsWith("/agent/main.ts") ? fromFileUrl(new URL("../deno.json", entry)) : undefined;
}
