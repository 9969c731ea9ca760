/**
 * Programs that tests use as real peers. A missing one is a loud, counted skip on a user's machine and a failure in
 * CI, where `.ci/run` installs them.
 */

const PATHS = ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin", "/usr/sbin", "/usr/bin", "/usr/local/bin"];

/** Full path of `name`, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...PATHS];
  for (const folder of folders) {
    try {
      if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
    } catch {
      // Not there: the next folder may have it.
    }
  }
  return undefined;
}

/** Path of the real router's binary, if the environment names one. */
export function skrouterd(): string | undefined {
  return Deno.env.get("SKROUTERD");
}

/** Registers a test that needs `programs`. */
export function testWith(
  programs: readonly string[],
  name: string,
  body: (paths: Record<string, string>, t: Deno.TestContext) => Promise<void>,
): void {
  const paths: Record<string, string> = {};
  const missing: string[] = [];
  for (const program of programs) {
    const path = program === "skrouterd" ? skrouterd() : findProgram(program);
    if (path === undefined) missing.push(program);
    else paths[program] = path;
  }
  if (missing.length === 0) {
    Deno.test(name, (t) => body(paths, t));
    return;
  }
  const reason = missing.includes("skrouterd")
    ? "SKROUTERD is not set to the path of a skrouterd binary"
    : `not installed: ${missing.join(", ")}`;
  // The real router is never in CI: recorded traces stand in for it there.
  const mustRun = Deno.env.get("CI") === "true" && !missing.includes("skrouterd");
  if (mustRun) {
    Deno.test(name, () => {
      throw new Error(reason);
    });
    return;
  }
  console.error(`SKIPPED: ${name} (${reason})`);
  Deno.test({ name, ignore: true, fn: () => {} });
}
