/** The sample adaptor of lines, as it is and as an author might have changed it. */

import { compileAdaptor } from "../../adaptors/compile.ts";

const SOURCE = new URL("../../adaptors/samples/lines/assembly/index.ts", import.meta.url);

/** The module with each of `changes` made to its source, a text and what stands there instead. */
export async function buildLines(...changes: readonly (readonly [string, string])[]): Promise<Uint8Array<ArrayBuffer>> {
  let text = await Deno.readTextFile(SOURCE);
  for (const [before, after] of changes) {
    if (!text.includes(before)) throw new Error(`the sample has no ${before}`);
    text = text.replace(before, after);
  }
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/index.ts`, text);
    return await compileAdaptor(`${dir}/index.ts`, { memoryPages: 2 });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Makes it another version. */
export function version(number: string): [string, string] {
  return [`"version":"0.1.0"`, `"version":"${number}"`];
}

/** Makes it fail at the third line that a client sends. */
export const FAILS_AT_THIRD: [string, string] = [
  "    stream = stream == 0 ? 1 : stream + 2;",
  "    if (stream == 3) unreachable();\n    stream = stream == 0 ? 1 : stream + 2;",
];
