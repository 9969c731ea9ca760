/** Asks a running site for its report, and has it read its folder again. */

import { TendrilError } from "../lib/errors.ts";
import type { ManagementClient } from "../management/client.ts";
import type { PlainMap } from "../management/values.ts";
import type { SiteReport } from "../site/report.ts";
import { askSite } from "./ask_site.ts";

/** Pause between two looks at a site that is reading its folder, in ms. */
const STEP_MS = 50;

/** The report of the site that runs in `dir`. Throws LOCAL_SOCKET when none does. */
export async function siteReport(dir: string, timeoutSeconds: number): Promise<SiteReport> {
  return await askSite(dir, timeoutSeconds, readReport);
}

/** The same; undefined when no site runs there. */
export async function siteReportIfRunning(dir: string, timeoutSeconds: number): Promise<SiteReport | undefined> {
  return await unlessStopped(siteReport(dir, timeoutSeconds));
}

/**
 * Has the site that runs in `dir` read its folder, and waits until it has. Throws LOCAL_SOCKET when none runs, and what
 * keeps it from applying the folder.
 */
export async function reloadSite(dir: string, timeoutSeconds: number): Promise<SiteReport> {
  return await askSite(dir, timeoutSeconds, async (client) => {
    const { managementAddress } = await import("../management/client.ts");
    const { RELOAD, SITE_TYPE } = await import("../management/entities.ts");
    const { TYPE_PREFIX } = await import("../management/entity_type.ts");
    const { plain } = await import("../management/values.ts");
    const answer = plain(await client.ask(managementAddress(), RELOAD, { type: TYPE_PREFIX + SITE_TYPE }));
    const wanted = Number((answer as PlainMap)["reads"]);
    const deadline = performance.now() + timeoutSeconds * 1000;
    for (;;) {
      const report = await readReport(client);
      const { reads, problem } = report.folder;
      if (reads >= wanted) {
        if (problem === undefined) return report;
        throw new TendrilError(problem.code, problem.message, { hint: problem.hint });
      }
      if (performance.now() > deadline) {
        throw new TendrilError("MANAGEMENT_TIMEOUT", `the site did not apply its folder within ${timeoutSeconds} s`, {
          hint: "Allow more time with --timeout, or see its log.",
        });
      }
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  });
}

/** The same; undefined when no site runs there. */
export async function reloadIfRunning(dir: string, timeoutSeconds: number): Promise<SiteReport | undefined> {
  return await unlessStopped(reloadSite(dir, timeoutSeconds));
}

async function unlessStopped(report: Promise<SiteReport>): Promise<SiteReport | undefined> {
  try {
    return await report;
  } catch (error) {
    if (error instanceof TendrilError && error.code === "LOCAL_SOCKET") return undefined;
    throw error;
  }
}

/** The report of the site that `client` is connected to. */
export async function readReport(client: ManagementClient): Promise<SiteReport> {
  const { managementAddress } = await import("../management/client.ts");
  const { SITE_IDENTITY, SITE_TYPE } = await import("../management/entities.ts");
  const { report } = await client.read(managementAddress(), SITE_TYPE, SITE_IDENTITY);
  return JSON.parse(String(report)) as SiteReport;
}
