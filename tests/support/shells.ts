/** Programs that are no part of CI: where one is missing, its test is skipped loudly. */

import { findProgram } from "./programs.ts";

/** Registers a test that needs `program`, here and in CI, if it is there. */
export function testIfThere(program: string, name: string, body: (path: string) => Promise<void>): void {
  const path = findProgram(program);
  if (path === undefined) console.error(`SKIPPED: ${name} (not installed: ${program})`);
  Deno.test({ name, ignore: path === undefined, fn: () => body(path ?? "") });
}

/** Writes a program `tendril` into `dir`, as a user has it on the path, that runs `line`. */
export async function programFile(dir: string, line: string): Promise<void> {
  await Deno.writeTextFile(`${dir}/tendril`, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
}
