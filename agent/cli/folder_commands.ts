/** What the commands that change the resources of a folder have in common: permissions, flags, how results are told. */

import type { Edit } from "../site/store/edit.ts";
import type { Invocation } from "./command.ts";
import { ASKING } from "./ask_site.ts";
import { effectsOf, effectsTable } from "./effects.ts";
import { DRY_RUN_FLAG, FORMAT_FLAG } from "./flags.ts";
import { warnOfGiven } from "./given_secret.ts";
import { writeResult } from "./format.ts";
import type { PermissionNeed } from "./permissions.ts";
import { namedBy, WAIT_FOR_FLAG, type Waited, waitFor } from "./wait_for.ts";
import { reloadIfRunning, siteReportIfRunning } from "./site_report.ts";

/** `--dir` of commands that change a folder. */
export const FOLDER_FLAG = {
  kind: "text",
  placeholder: "DIR",
  default: ".",
  site: "there",
  help: "Folder of the site.",
} as const;

/** `--timeout` of commands that tell a running site. */
export const RELOAD_TIMEOUT_FLAG = {
  kind: "integer",
  placeholder: "SECONDS",
  min: 1,
  max: 600,
  default: 10,
  help: "How long to wait for the running site.",
} as const;

/** Flags of commands that change a folder. */
export const CHANGE_FLAGS = {
  dir: FOLDER_FLAG,
  "dry-run": DRY_RUN_FLAG,
  timeout: RELOAD_TIMEOUT_FLAG,
  output: FORMAT_FLAG,
} as const;

/** Flags of commands that put resources into a folder. */
export const PUT_FLAGS = { ...CHANGE_FLAGS, wait: WAIT_FOR_FLAG } as const;

/** What reading a folder and asking its site takes. */
export const LOOKING: readonly PermissionNeed[] = [
  { kind: "read", scope: "DIR", why: "the site's resources, and the socket of the running site" },
  ...ASKING.filter(({ kind }) => kind !== "read"),
];

/** What changing a folder and telling its site takes. */
export const CHANGING: readonly PermissionNeed[] = [
  { kind: "read", scope: "DIR", why: "the site's resources, and the socket of the running site" },
  { kind: "write", scope: "DIR", why: "the site's files, and to talk to the running site" },
  ...ASKING.filter(({ kind }) => kind === "net"),
];

/** Values of {@link CHANGE_FLAGS}. */
export interface ChangeFlags {
  /** Folder of the site. */
  readonly dir: string;
  /** Nothing is to be changed. */
  readonly "dry-run": boolean;
  /** In seconds. */
  readonly timeout: number;
  /** Form of the result. */
  readonly output: "table" | "json" | "yaml";
  /** What the resources are to become; nothing is waited for where it is absent. */
  readonly wait?: Waited;
}

/** Changes the folder, has the running site apply that, and tells what was done. */
export async function changeAndTell(
  flags: ChangeFlags,
  { io, logger }: Pick<Invocation<unknown, unknown>, "io" | "logger">,
  edit: (files: ReadonlyMap<string, string>) => Edit,
): Promise<void> {
  const { changeFolder } = await import("../site/store/change.ts");
  const { dir, timeout, "dry-run": dryRun } = flags;
  // Asked before, so that the connections are those that the change meets.
  const report = await siteReportIfRunning(dir, timeout);
  const change = await changeFolder(dir, dryRun, edit);
  for (const warning of change.warnings) logger.warn(warning);
  await warnOfGiven(dir, change.changes, logger);
  const effects = effectsOf(change, report);
  const running = dryRun ? report : report === undefined ? undefined : await reloadIfRunning(dir, timeout);
  const state = running === undefined
    ? "the site is not running"
    : dryRun
    ? "the site is running"
    : "applied by the running site";
  const title = `${dryRun ? "Would be changed" : "Changed"}, ${state}`;
  const value = { dryRun, running: running !== undefined, changes: effects };
  await writeResult(flags.output, io, value, [effectsTable(title, effects)]);
  // Last, so that what was changed is told whatever becomes of it.
  if (!dryRun && flags.wait !== undefined && flags.wait !== "none") {
    await waitFor(dir, flags.wait, namedBy(change.changes), timeout);
  }
}
