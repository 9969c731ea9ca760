/** `--wait CONDITION`: until resources of a running site are as they are wanted, or the time is over. */

import { TendrilError } from "../lib/errors.ts";
import type { ResourceStatus } from "../site/conditions.ts";
import type { ResourceRef } from "../site/problems.ts";
import type { SiteReport } from "../site/report.ts";
import { askSite } from "./ask_site.ts";
import { readReport } from "./site_report.ts";

/** What can be waited for: the conditions of Skupper, and `ready`, which sums them up. */
export const WAITED = ["none", "configured", "matched", "operational", "ready"] as const;

/** One of {@link WAITED}. */
export type Waited = (typeof WAITED)[number];

/** `--wait` of commands that change or show resources. */
export const WAIT_FOR_FLAG = {
  kind: "choice",
  choices: WAITED,
  default: "none",
  help:
    "Until the running site has these resources in this condition, for --timeout at most; those that have no such condition must be ready.",
} as const;

/** Pause between two looks, in ms. */
const STEP_MS = 100;
/** What asking a site throws that does not run, or that ends meanwhile: it may come, or come back. */
const AWAY = ["LOCAL_SOCKET", "MANAGEMENT_LOST", "MANAGEMENT_TIMEOUT"];
/** Time that a question has at least, in seconds, however little is left. */
const LEAST_SECONDS = 0.5;

/**
 * Waits until those of the resources of the site in `dir` that are meant are `waited`; a site that does not run yet, or
 * is started again meanwhile, is waited for, too. Resolves to the last report. Throws WAIT_TIMEOUT with what is missing,
 * be it the site itself.
 */
export async function waitFor(
  dir: string,
  waited: Exclude<Waited, "none">,
  isMeant: (resource: ResourceStatus) => boolean,
  timeoutSeconds: number,
): Promise<SiteReport> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    try {
      return await waitAt(dir, waited, isMeant, timeoutSeconds, deadline);
    } catch (error) {
      if (!(error instanceof TendrilError) || !AWAY.includes(error.code)) throw error;
      if (performance.now() >= deadline) throw away(error, dir, waited, timeoutSeconds);
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }
}

/** The same while the site runs; `deadline` by `performance.now()`. */
async function waitAt(
  dir: string,
  waited: Exclude<Waited, "none">,
  isMeant: (resource: ResourceStatus) => boolean,
  timeoutSeconds: number,
  deadline: number,
): Promise<SiteReport> {
  const left = Math.max(LEAST_SECONDS, (deadline - performance.now()) / 1000);
  return await askSite(dir, left, async (client) => {
    for (;;) {
      const report = await readReport(client);
      const missing = report.resources.filter((resource) => isMeant(resource) && !is(resource, waited));
      if (missing.length === 0) return report;
      if (performance.now() >= deadline) throw late(missing, waited, timeoutSeconds);
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  });
}

/** Means the resources that `refs` names. */
export function namedBy(refs: readonly ResourceRef[]): (resource: ResourceStatus) => boolean {
  return ({ kind, name }) => refs.some((ref) => ref.kind === kind && ref.name === name);
}

/** True when `resource` is in the condition `waited`. */
export function is({ status, conditions }: ResourceStatus, waited: Exclude<Waited, "none">): boolean {
  const condition = conditions.find(({ type }) => type.toLowerCase() === waited);
  return waited === "ready" || condition === undefined ? status === "Ready" : condition.status === "True";
}

function away(cause: TendrilError, dir: string, waited: string, timeoutSeconds: number): TendrilError {
  const { hint = "See whether the site is running." } = cause;
  return new TendrilError("WAIT_TIMEOUT", `not ${waited} within ${timeoutSeconds} s: the site in ${dir}`, {
    cause,
    hint,
  });
}

function late(missing: readonly ResourceStatus[], waited: string, timeoutSeconds: number): TendrilError {
  const names = missing.map(({ kind, name }) => `${kind} ${name}`).join(", ");
  const next = [...new Set(missing.map(({ next }) => next).filter((next) => next !== ""))];
  return new TendrilError("WAIT_TIMEOUT", `not ${waited} within ${timeoutSeconds} s: ${names}`, {
    cause: missing.map(({ kind, name, message }) => `${kind} ${name}: ${message}`).join("; "),
    hint: next.join(" ") || "Allow more time with --timeout, or see `tendril status`.",
  });
}
