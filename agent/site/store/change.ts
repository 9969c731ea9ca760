/**
 * Changes the resources in the folder of a site: works out what that does, refuses what would break something, and
 * writes it in one step.
 */

import { assemble } from "../assemble.ts";
import { type ReadResult, scanDocuments } from "../documents.ts";
import { siteOf, siteProblems } from "../load.ts";
import type { LinkPorts } from "../port_access.ts";
import { type Problem, problemsError } from "../problems.ts";
import type { SiteSpec } from "../spec.ts";
import type { Edit, ResourceChange } from "./edit.ts";
import { type FolderText, readFolder } from "./folder.ts";
import { readLinkPorts } from "./given_ports.ts";
import { readGivenSecrets, withGiven } from "./given_secrets.ts";
import { commit, recover, withLock } from "./journal.ts";
import { refuseTakenSecrets } from "./taken_secrets.ts";

/** What a change does. */
export interface FolderChange {
  /** One per resource. */
  readonly changes: readonly ResourceChange[];
  /** The site before and after; undefined where the files make none. */
  readonly before: SiteSpec | undefined;
  /** See `before`. */
  readonly after: SiteSpec | undefined;
  /** What will be passed over, and was not before. */
  readonly warnings: readonly string[];
}

/**
 * Applies `edit` to the files in `dir`, or with `dryRun` tells what that would do. Throws SITE_FOLDER, SITE_SYNTAX,
 * SITE_INVALID and the like when files can't be read or would have faults that they have not now; SITE_SECRET_USED,
 * SITE_LOCKED, SITE_WRITE, and what `edit` throws.
 */
export async function changeFolder(
  dir: string,
  dryRun: boolean,
  edit: (files: ReadonlyMap<string, string>) => Edit,
): Promise<FolderChange> {
  const root = dir.replace(/\/$/, "") || "/";
  if (dryRun) return (await workOut(dir, await readFolder(root), edit)).change;
  return await withLock(root, async () => {
    await recover(root);
    const { change, files } = await workOut(dir, await readFolder(root), edit);
    await commit(root, files);
    return change;
  });
}

async function workOut(
  dir: string,
  { files, problems }: FolderText,
  edit: (files: ReadonlyMap<string, string>) => Edit,
): Promise<{ change: FolderChange; files: Edit["files"] }> {
  const given = await readGivenSecrets(dir);
  const ports = await readLinkPorts(dir);
  const before = read(dir, files, given, ports);
  const unreadable = [
    ...problems,
    ...before.problems.filter(({ code }) => code !== "SITE_INVALID" && code !== "SITE_SECRET"),
  ];
  if (unreadable.length > 0) {
    throw problemsError(`${dir} can't be changed while a file in it can't be read`, unreadable);
  }
  const { changes, files: changed } = edit(files);
  const next = new Map([...files, ...changed].filter((entry): entry is [string, string] => entry[1] !== null));
  for (const [name, text] of changed) if (text === null) next.delete(name);
  const after = read(dir, next, given, ports);
  const put = new Set(changes.filter(({ action }) => action !== "delete").map(refKey));
  refuseTakenSecrets(before.documents, after.own.filter((document) => put.has(refKey(document))));
  const known = new Set(before.problems.map(key));
  const written = new Set(changes.filter(({ action }) => action === "create" || action === "update").map(refKey));
  const faults = after.problems.filter((problem) => !known.has(key(problem)) || written.has(key(problem)));
  // A site makes what was never there; what somebody takes out is missed.
  faults.push(...after.toBeMade.filter(({ name }) => before.secrets.has(name)).map(({ fault }) => fault));
  if (faults.length > 0) throw problemsError("nothing was changed", faults);
  const warnings = after.warnings.filter((warning) => !before.warnings.includes(warning));
  return { change: { changes, before: await before.site(), after: await after.site(), warnings }, files: changed };
}

function read(
  dir: string,
  files: ReadonlyMap<string, string>,
  given: readonly ReadResult[],
  ports: LinkPorts | undefined,
) {
  const reads = [...files].map(([name, text]) => scanDocuments(text, `${dir}/${name}`));
  const together = withGiven(reads, given);
  const assembled = assemble(together, ports);
  const problems = [...assembled.problems, ...siteProblems(dir, assembled)];
  const { warnings, secrets, serviceCertificates: toBeMade } = assembled;
  return {
    problems,
    warnings,
    secrets,
    toBeMade,
    documents: together.flatMap(({ documents }) => documents),
    // Also what is given in the place of others.
    own: reads.flatMap(({ documents }) => documents),
    site: () => siteOf(dir, assembled).catch(() => undefined),
  };
}

function key({ about, text }: Problem): string {
  return about === undefined ? text : refKey(about);
}

function refKey({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}
