/** `--print-permissions`: a command line in, the `deno run` line out that runs it with the least. */

import type { CliIo } from "./io.ts";
import { fillIn, permissionFlags, type PermissionNeed } from "./permissions.ts";
import { entryWord, shellWords } from "./program_line.ts";
import { type Reach, WHOLE_FOLDER } from "./site_reach.ts";

/** Its name on the command line. */
const FLAG = "--print-permissions";
/** The port of an address. */
const PORT = /:\d+$/;

/** Prints the line for the command that has `needs`, of which those without a value in `reach` are left out. */
export function printPermissions(
  io: CliIo,
  entry: string,
  words: readonly string[],
  needs: readonly PermissionNeed[],
  reach: Reach,
): void {
  const line = ["deno", "run", ...leastFlags(needs, reach), entryWord(entry), ...words.filter((word) => word !== FLAG)];
  io.stdout(`${shellWords(line)}\n`);
}

/** The flags of `deno run` for `needs`, of which those without a value in `reach` are left out. */
export function leastFlags(needs: readonly PermissionNeed[], reach: Reach): string[] {
  const asked = needs.map(({ kind, scope, why }) => ({
    kind,
    scope: kind === "write" && scope === "DIR" ? WHOLE_FOLDER : scope,
    why,
  }));
  const filled = fillIn(asked, reach);
  // A host that is named without a port needs none of its ports named.
  const hosts = new Set(
    filled.filter(({ kind, scope }) => kind === "net" && !PORT.test(scope)).map(({ scope }) => scope),
  );
  const least = filled.filter(({ kind, scope }) =>
    kind !== "net" || !PORT.test(scope) || !hosts.has(scope.replace(PORT, ""))
  );
  return permissionFlags(least);
}
