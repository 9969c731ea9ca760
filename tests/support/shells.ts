/** The program where shells look for it. */

/** Writes a program `tendril` into `dir`, as a user has it on the path, that runs `line`. */
export async function programFile(dir: string, line: string): Promise<void> {
  await Deno.writeTextFile(`${dir}/tendril`, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
}
