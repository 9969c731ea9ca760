/** Where an adaptor's source is, and what it is compiled to, from what a user names: a folder or its entry file. */

import { z } from "zod";
import { messageOf, TendrilError } from "../../lib/errors.ts";

/** Entry file of a folder. */
const ENTRY = "assembly/index.ts";
/** Options of a folder, or beside a file. */
const OPTIONS = "build.json";
/** Pages of an adaptor that says nothing of them: two are the SDK's buffers and 64 KiB more. */
const DEFAULT_PAGES = 2;
const MAX_PAGES = 1024;

const optionsSchema = z.strictObject({ memoryPages: z.number().int().min(1).max(MAX_PAGES) });

/** What to compile. */
export interface Project {
  /** Path of the entry file. */
  readonly entry: string;
  /** Pages of 64 KiB of its fixed memory. */
  readonly memoryPages: number;
  /** Where the module goes unless the user says otherwise. */
  readonly output: string;
}

/** The project at `path`. Throws ADAPTOR_SOURCE. */
export async function findProject(path: string): Promise<Project> {
  const trimmed = path.replace(/(?<=.)\/+$/, "");
  const { isDirectory } = await stat(trimmed);
  if (!isDirectory) {
    if (!trimmed.endsWith(".ts")) throw noSource(`${path} is neither a folder nor a file that ends with .ts`);
    const slash = trimmed.lastIndexOf("/");
    const entry = slash < 0 ? `./${trimmed}` : trimmed;
    const folder = slash < 0 ? "." : trimmed.slice(0, slash);
    return { entry, memoryPages: await pages(folder), output: trimmed.replace(/ts$/, "wasm") };
  }
  const entry = `${trimmed}/${ENTRY}`;
  if (!(await stat(entry)).isFile) throw noSource(`${entry} is no file`);
  const name = (trimmed === "." || trimmed === "..") ? "adaptor" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
  return { entry, memoryPages: await pages(trimmed), output: `${trimmed}/${name}.wasm` };
}

async function stat(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw noSource(`${path} can't be read: ${messageOf(cause)}`, cause);
  }
}

async function pages(folder: string): Promise<number> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${folder}/${OPTIONS}`);
  } catch (error) {
    // To a single file, one beside it may be out of reach.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return DEFAULT_PAGES;
    throw error;
  }
  try {
    return optionsSchema.parse(JSON.parse(text)).memoryPages;
  } catch (cause) {
    throw noSource(`${folder}/${OPTIONS} must be {"memoryPages": N}, with N from 1 to ${MAX_PAGES}`, cause);
  }
}

function noSource(what: string, cause?: unknown): TendrilError {
  return new TendrilError("ADAPTOR_SOURCE", what, {
    cause,
    hint: `Name a folder with ${ENTRY}, as tendril adaptor new makes it, or its entry file.`,
  });
}

/** Writes `files` (path -> content) into the folder `dir`, which must be new or empty. The paths written. Throws ADAPTOR_SOURCE. */
export async function writeProject(dir: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const paths: string[] = [];
  try {
    await Deno.mkdir(dir, { recursive: true });
    for await (const { name } of Deno.readDir(dir)) throw new TypeError(`it has ${name} in it`);
    for (const [path, content] of Object.entries(files)) {
      const target = `${dir}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(target, content, { createNew: true });
      paths.push(target);
    }
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("ADAPTOR_SOURCE", `${dir} can't become the folder of a plugin: ${messageOf(cause)}`, {
      cause,
      hint: "Name a folder that is not there yet, or is empty.",
    });
  }
  return paths;
}

/** Writes a module. Throws ADAPTOR_FILE. */
export async function writeModule(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await Deno.writeFile(path, bytes);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("ADAPTOR_FILE", `${path} can't be written: ${messageOf(cause)}`, {
      cause,
      hint: "Name another place with --out.",
    });
  }
}
