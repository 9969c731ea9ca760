/**
 * Certificates and authorities that a user gives a site as files, the way Skupper reads them: `certs/NAME` and
 * `issuers/NAME` with `tls.crt`, `tls.key` and `ca.crt`, beside a folder named `resources`, else in the folder of the site.
 * Each is a Secret of that name; its files are never written to.
 */

import { type ReadResult, scanDocuments } from "../documents.ts";
import { Problem } from "../problems.ts";
import { isResourceName } from "../resources/schema.ts";
import { readFile } from "./folder.ts";

const FOLDERS = ["certs", "issuers"];
const FILES = ["ca.crt", "tls.crt", "tls.key"];

/** Where the site in `dir` may be given some; neither need be there. */
export function givenFolders(dir: string): string[] {
  const above = folderAbove(dir);
  const place = above === undefined ? `${dir.replace(/\/+$/, "")}/` : above === "." ? "" : above;
  return FOLDERS.map((folder) => `${place}${folder}`);
}

/** Where they come and go, if that is not the folder of the site itself. */
export function folderAbove(dir: string): string | undefined {
  const beside = /^(.*\/)?resources\/*$/.exec(dir);
  return beside === null ? undefined : beside[1] ?? ".";
}

/** True for the path of one of them. */
export function isGivenFolder(path: string): boolean {
  return FOLDERS.includes(path.replace(/^.*[\\/]/, ""));
}

/** True when the site in `dir` is given the Secret `name`. */
export async function isGiven(dir: string, name: string): Promise<boolean> {
  const files = await Promise.all(givenFolders(dir).map((folder) => namesIn(`${folder}/${name}`)));
  return files.flat().some((file) => FILES.includes(file));
}

/** What the site in `dir` is given, as resources whose place is their folder. */
export async function readGivenSecrets(dir: string): Promise<ReadResult[]> {
  const given: ReadResult[] = [];
  for (const folder of givenFolders(dir)) {
    // Other things may lie there, too, and mounted volumes have their own, which are hidden.
    for (const name of (await namesIn(folder)).filter((name) => !name.startsWith("."))) {
      const path = `${folder}/${name}`;
      const files = (await namesIn(path)).filter((file) => FILES.includes(file));
      if (files.length > 0) given.push(isResourceName(name) ? await secretIn(path, name, files) : passedOver(path));
    }
  }
  return given;
}

function passedOver(path: string): ReadResult {
  const rule = "the name of a Secret has lower-case letters, digits, dashes and dots";
  return { documents: [], problems: [], warnings: [`${path}: a folder of this name is passed over: ${rule}`] };
}

async function secretIn(path: string, name: string, files: readonly string[]): Promise<ReadResult> {
  const values: Record<string, string> = {};
  const faults: Problem[] = [];
  for (const file of files) {
    const text = await readFile(`${path}/${file}`);
    if (text instanceof Problem) faults.push(text);
    else values[file] = text;
  }
  // Whom an authority trusts goes without saying.
  if (/(^|\/)issuers\/[^/]+$/.test(path)) values["ca.crt"] ??= values["tls.crt"] ?? "";
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: values };
  const { documents, problems } = scanDocuments(JSON.stringify(secret), path);
  return { documents, problems: [...faults, ...problems], given: true };
}

/**
 * What the files of a site and what it is given add up to: a Secret that was given takes the place of one that a file has,
 * which the site may have made itself before.
 */
export function withGiven(files: readonly ReadResult[], given: readonly ReadResult[]): ReadResult[] {
  const names = new Set(given.flatMap(({ documents }) => documents.map(({ name }) => name)));
  const others = files.map(({ documents, problems }) => ({
    documents: documents.filter(({ kind, name }) => kind !== "Secret" || !names.has(name)),
    problems,
  }));
  return [...others, ...given];
}

/** Sorted; none where there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}
