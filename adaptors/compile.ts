/**
 * Compiles one AssemblyScript adaptor to WebAssembly, the same bytes every time.
 *
 * In: the path of an entry file and its memory size. Out: the module. Used by `build.ts`, by `tendril adaptor build` and by
 * tests that need a module with a particular fault. The flags follow adaptor ABI v1: no imports, fixed memory, no start
 * section. `tendril/NAME` is a module of the SDK.
 */

import type * as asc from "assemblyscript/asc";
import { sdkSource } from "./sdk/sources.ts";

/** The compiler of `deno.json`. No literal in `import()`, so that a bundle leaves its 10 MB out and asks npm when it needs it. */
export const COMPILER = "npm:assemblyscript@0.28.20/asc";

/** How an adaptor wants to be compiled: the content of its `build.json`. */
export interface CompileOptions {
  /** Size of the fixed memory in pages of 64 KiB. */
  readonly memoryPages: number;
}

/** Sections by number; the start section runs code at a moment when the host has no hold on it. */
const START_SECTION = 8;

/** A source that the compiler refuses; the message holds the compiler's words. */
export class CompileError extends Error {
  /** Of the class. */
  override readonly name = "CompileError";
}

/** The compiler is not there and can't be fetched; the cause says why. */
export class CompilerMissing extends Error {
  /** Of the class. */
  override readonly name = "CompilerMissing";
}

/** Compiles the entry file `path` (file system path, `.ts`). Throws {@link CompileError} or {@link CompilerMissing}. */
export async function compileAdaptor(path: string, options: CompileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const plain = await runCompiler(path, options, []);
  if (!hasSection(plain, START_SECTION)) return plain;
  // Top-level code: give it a name that the host calls, instead of a start section.
  return await runCompiler(path, options, ["--exportStart", "_initialize"]);
}

/** `sha256:<hex>` of a module's bytes. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return "sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function runCompiler(
  path: string,
  options: CompileOptions,
  extra: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const pages = String(options.memoryPages);
  const slash = path.lastIndexOf("/");
  const output: Uint8Array[] = [];
  const messages: string[] = [];
  const flags = ["-O3", "--runtime", "stub", "--use", "abort=", "--initialMemory", pages, "--maximumMemory", pages];
  const { main } = await compiler();
  const { error } = await main(
    [path.slice(slash + 1), "--baseDir", path.slice(0, slash), "--outFile", "out.wasm", ...flags, ...extra],
    {
      readFile: readSource,
      writeFile: (_name, contents) => void output.push(contents as Uint8Array),
      listFiles: () => [],
      stdout: collector(messages),
      stderr: collector(messages),
    },
  );
  const bytes = output[0];
  if (error || !bytes) throw new CompileError(messages.join("").trim(), { cause: error });
  return new Uint8Array(bytes);
}

async function compiler(): Promise<typeof asc> {
  try {
    return await import(COMPILER);
  } catch (cause) {
    if (!(cause instanceof TypeError && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND")) throw cause;
    throw new CompilerMissing(`${COMPILER} is not in Deno's cache and can't be fetched`, { cause });
  }
}

/** The compiler asks for candidates of every import, most of which do not exist: null means "look elsewhere". */
function readSource(name: string, baseDir: string): string | null {
  // Options beside the source would make other bytes of it.
  if (name === "asconfig.json") return null;
  const known = sdkSource(name);
  if (known !== undefined) return known;
  try {
    return Deno.readTextFileSync(`${baseDir}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function collector(messages: string[]): asc.OutputStream {
  return { write: (chunk) => void messages.push(String(chunk)) };
}

/** Looks for a section in the compiler's own output, so lengths are taken on trust. */
function hasSection(bytes: Uint8Array, wanted: number): boolean {
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++]!;
    let length = 0;
    let shift = 0;
    let octet: number;
    do {
      octet = bytes[at++]!;
      length |= (octet & 0x7f) << shift;
      shift += 7;
    } while (octet & 0x80);
    if (id === wanted) return true;
    at += length;
  }
  return false;
}
