/**
 * Builds every adaptor: `deno run --allow-read --allow-write --ignore-env adaptors/build.ts [--check]`.
 *
 * In: each folder beside this file with an `assembly/index.ts` (the SDK has none) and a `build.json`.
 * Out, in `agent/adaptor/builtin/`: `<name>.wasm` (the source of truth), `manifest.json` (name -> digest), and the same
 * bytes as base64 in `<name>.ts` with `modules.ts` listing them, because only a TypeScript import of bytes works from
 * a source tree, over https and inside a bundle alike. With `--check` nothing is written: it names the files that differ from
 * a fresh build and exits with 1.
 */

import { compileAdaptor, type CompileOptions, digestOf } from "./compile.ts";

/** What a fresh build puts into the output folder: file name -> content. */
export type BuildOutput = Map<string, Uint8Array<ArrayBuffer>>;

const adaptorsFolder = import.meta.dirname!;
const outputFolder = `${adaptorsFolder}/../agent/adaptor/builtin`;

/** Columns of base64 in a line: three quarters of it are octets, so it must be a multiple of 4. */
const BASE64_COLUMNS = 116;

/** Builds every adaptor in memory. */
export async function buildAll(): Promise<BuildOutput> {
  const output: BuildOutput = new Map();
  const manifest: Record<string, string> = {};
  for (const name of await adaptorNames()) {
    const options = JSON.parse(await Deno.readTextFile(`${adaptorsFolder}/${name}/build.json`)) as CompileOptions;
    const bytes = await compileAdaptor(`${adaptorsFolder}/${name}/assembly/index.ts`, options);
    manifest[name] = await digestOf(bytes);
    output.set(`${name}.wasm`, bytes);
    output.set(`${name}.ts`, encode(embedded(name, bytes)));
  }
  const names = Object.keys(manifest);
  output.set("manifest.json", encode(JSON.stringify(manifest, null, 2) + "\n"));
  output.set("modules.ts", encode(moduleList(names)));
  return output;
}

/** Names of the files that are missing, differ from `output`, or have no business in the output folder. */
export async function differences(output: BuildOutput): Promise<string[]> {
  const wrong: string[] = [];
  for (const [file, fresh] of output) {
    const committed = await readIfThere(`${outputFolder}/${file}`);
    if (committed === undefined || !sameBytes(committed, fresh)) wrong.push(file);
  }
  for await (const entry of Deno.readDir(outputFolder)) {
    if (!output.has(entry.name)) wrong.push(entry.name);
  }
  return wrong.sort();
}

async function adaptorNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(adaptorsFolder)) {
    if (entry.isDirectory && await readIfThere(`${adaptorsFolder}/${entry.name}/assembly/index.ts`)) {
      names.push(entry.name);
    }
  }
  return names.sort();
}

function embedded(name: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(new RegExp(`.{1,${BASE64_COLUMNS}}`, "g")) ?? [];
  return `/** \`${name}.wasm\` in base64. Written by \`adaptors/build.ts\`; do not edit. */\nexport const base64: string = \`\n${
    lines.join("\n")
  }\n\`;\n`;
}

function moduleList(names: readonly string[]): string {
  const imports = names.map((name) => `import { base64 as ${name} } from "./${name}.ts";\n`).join("");
  return `/** The built-in adaptors, name -> base64. Written by \`adaptors/build.ts\`; do not edit. */\n\n${imports}
/** Every built-in adaptor's module in base64, by name. */
export const modules: Readonly<Record<string, string>> = { ${names.join(", ")} };\n`;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}

async function main(args: readonly string[]): Promise<number> {
  const output = await buildAll();
  if (args[0] === "--check") {
    const wrong = await differences(output);
    for (const file of wrong) console.error(`agent/adaptor/builtin/${file} differs from a fresh build`);
    if (wrong.length > 0) console.error("Run adaptors/build.ts and commit the result.");
    return wrong.length > 0 ? 1 : 0;
  }
  await Deno.mkdir(outputFolder, { recursive: true });
  for (const [file, content] of output) await Deno.writeFile(`${outputFolder}/${file}`, content);
  for (const file of await differences(output)) await Deno.remove(`${outputFolder}/${file}`);
  console.log([...output].map(([file, content]) => `${file} ${content.length}`).join("\n"));
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
