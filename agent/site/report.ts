/** All that a running site tells of itself at once, as its own commands ask for it: JSON on the wire. */

import type { ResourceStatus } from "./conditions.ts";
import type { PartDigest } from "./digest.ts";
import type { SiteStatus } from "./status.ts";

/** How the folder of a running site is read. */
export interface FolderState {
  /** How often it has been read, and what it says applied. */
  readonly reads: number;
  /** Why what was read last could not be applied. */
  readonly problem: FolderProblem | undefined;
  /** Reads it again; the number that {@link FolderState.reads} has when that is done. */
  reload(): number;
}

/** Why a folder makes no site. */
export interface FolderProblem {
  /** Stable code of it. */
  readonly code: string;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** See the head of the file. */
export interface SiteReport {
  /** Its parts as they are now. */
  readonly site: SiteStatus;
  /** Every resource with its conditions. */
  readonly resources: readonly ResourceStatus[];
  /** What it was told to be, part by part. */
  readonly parts: readonly PartDigest[];
  /** See {@link FolderState}; nothing was read for a site without a folder. */
  readonly folder: Pick<FolderState, "reads" | "problem">;
}

/** What a process is, and how much it may and does take. */
export interface ProcessReport {
  /** Its number. */
  readonly pid: number;
  /** When it started the site, in ISO 8601. */
  readonly since: string;
  /** Of Tendril, Deno and V8, and for which platform. */
  readonly versions: Readonly<Record<"tendril" | "deno" | "v8" | "platform", string>>;
  /** In octets. */
  readonly memory: Readonly<Record<"rss" | "heapTotal" | "heapUsed" | "external", number>>;
  /** Bounds of what a site holds, by the names that `docs/limits.md` explains. */
  readonly limits: Readonly<Record<string, number>>;
}
