/** The one file that `deno task bundle` makes. */

import { run } from "./processes.ts";

/** Bundles the program into the folder `dir`; resolves to the path of the file. */
export async function bundle(dir: string): Promise<string> {
  const cwd = new URL("../../", import.meta.url).pathname;
  const { code, stderr } = await run(Deno.execPath(), ["task", "bundle", `${dir}/tendril.js`], { cwd });
  if (code !== 0) throw new Error(`no bundle: ${stderr}`);
  return `${dir}/tendril.js`;
}
