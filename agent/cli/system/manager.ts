/** Talks to systemd by `systemctl`, where there is one and Deno allows it. */

import { TendrilError } from "../../lib/errors.ts";
import { shellWords } from "../program_line.ts";
import type { UnitScope } from "./unit.ts";

const PROGRAM = "systemctl";

/** What a call said. */
export interface ManagerAnswer {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly text: string;
}

/** The line that does it. */
export function managerLine(scope: UnitScope, words: readonly string[]): string {
  return shellWords([...scope === "system" ? ["sudo", PROGRAM] : [PROGRAM, "--user"], ...words]);
}

/** Runs `systemctl` with `words`. Throws SYSTEM_MANAGER where there is none, it may not be started, or no systemd runs. */
export async function manage(scope: UnitScope, words: readonly string[]): Promise<ManagerAnswer> {
  const hint = `Type \`${managerLine(scope, words)}\` where systemd runs; elsewhere \`tendril run DIR\` runs the site.`;
  let output: Deno.CommandOutput;
  try {
    const args = [...scope === "user" ? ["--user"] : [], "--no-pager", ...words];
    output = await new Deno.Command(PROGRAM, { args, stdin: "null" }).output();
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotCapable
      ? `may not be started: add --allow-run=${PROGRAM} to the line of Deno`
      : "is not there";
    throw new TendrilError("SYSTEM_MANAGER", `${PROGRAM} ${why}`, { hint });
  }
  const decoder = new TextDecoder();
  const text = `${decoder.decode(output.stdout)}${decoder.decode(output.stderr)}`.trim();
  if (/Failed to connect to bus|not been booted with systemd/.test(text)) {
    throw new TendrilError("SYSTEM_MANAGER", "systemd does not run here", { cause: text, hint });
  }
  return { code: output.code, text };
}
