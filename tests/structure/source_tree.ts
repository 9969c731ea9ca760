/** The repository's own files, as the structure tests look at them. */

/** One text file. */
export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  /** Its content. */
  readonly text: string;
}

/** One import, export-from or `import()` of a TypeScript file. */
export interface ImportEdge {
  /** The file that imports. */
  readonly from: string;
  /** Path from the root for relative imports, else the specifier as written. */
  readonly to: string;
  /** Line of the specifier, from 1. */
  readonly line: number;
  /** `import type` or `export type`: gone at run time. */
  readonly typeOnly: boolean;
  /** `import()`. */
  readonly dynamic: boolean;
  /** The names in braces, without `type` and renaming; empty for other forms. */
  readonly names: readonly string[];
}

const ROOT = new URL("../../", import.meta.url);
/** Not ours, or made by tools. */
const SKIPPED = new Set([".git", "node_modules", "dist", "coverage", "data"]);

/** Every file under `folders` (from the root) whose name ends with one of `endings`, sorted by path. */
export async function readSources(folders: readonly string[], endings: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
      const path = `${folder === "./" ? "" : folder}${entry.name}`;
      if (entry.isDirectory && !SKIPPED.has(entry.name)) await visit(`${path}/`);
      if (entry.isFile && endings.some((ending) => entry.name.endsWith(ending))) {
        files.push({ path, text: await Deno.readTextFile(new URL(path, ROOT)) });
      }
    }
  };
  for (const folder of folders) await visit(folder);
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** One file by its path from the root. */
export async function readSource(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

/** Files that only tests load; they may stand and reach anywhere. */
export function isTest(path: string): boolean {
  return path.startsWith("tests/") || /(^|\/)testing_[^/]*$|_test\.ts$|\/testing\//.test(path);
}

const IMPORT =
  /(?:^|\n)[ \t]*(?:import|export)(\s+type\b)?([\s\w{},*$]*?\sfrom)?\s*"([^"\n]+)"|\b(import)\(\s*"([^"\n]+)"/g;

/** Every import in `file`. Comments are blanked first, so an example in a doc comment is none. */
export function importsOf(file: SourceFile): ImportEdge[] {
  const code = blankComments(file.text);
  return [...code.matchAll(IMPORT)].map((match) => {
    const specifier = match[3] ?? match[5] ?? "";
    const braces = /\{([^}]*)\}/.exec(match[2] ?? "")?.[1] ?? "";
    const names = braces.split(",").map((name) => name.trim().replace(/\s+/g, " ")).filter((name) => name !== "");
    const at = match.index + match[0].indexOf(`"${specifier}"`);
    return {
      from: file.path,
      to: /^\.{1,2}\//.test(specifier) ? resolve(file.path, specifier) : specifier,
      line: code.slice(0, at).split("\n").length,
      typeOnly: match[1] !== undefined || names.length > 0 && names.every((name) => name.startsWith("type ")),
      dynamic: match[4] !== undefined,
      names: names.map((name) => name.replace(/^type /, "").replace(/ as .*$/, "")),
    };
  });
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, new URL(from, "file:///")).pathname.slice(1);
}

/** `text` with comments replaced by spaces, line breaks kept; strings and templates are left alone. */
export function blankComments(text: string): string {
  return text.replace(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (token) => token.startsWith("/") ? token.replace(/[^\n]/g, " ") : token,
  );
}
