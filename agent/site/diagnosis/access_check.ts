/** The ports that a site is to have for peers, as its resources ask for them: is each of them open? */

import { formatEndpoint } from "../../lib/endpoint.ts";
import { TendrilError } from "../../lib/errors.ts";
import type { SiteReport } from "../report.ts";
import type { SiteSpec } from "../spec.ts";
import type { AccessStatus } from "../status.ts";
import type { Checklist } from "./checklist.ts";
import { connectPlainly } from "./target_check.ts";

/** What names a port, whether it is asked for or there. */
type Port = Pick<AccessStatus, "name" | "role" | "host" | "port">;

/** Checks the ports that `access` asks for, and those that the running site has besides. */
export async function checkAccess(
  list: Checklist,
  { access }: SiteSpec,
  report: SiteReport | undefined,
  timeoutMs: number,
): Promise<void> {
  const running = report?.site.access ?? [];
  for (const port of access.filter((asked) => !running.some((each) => isSame(each, asked)))) {
    if (report === undefined) list.skip("access", subjectOf(port), "the site does not run");
    else list.fail("access", subjectOf(port), shut("the running site does not have it", SEE_LOG));
  }
  for (const port of running) await checkPort(list, port, timeoutMs);
}

const SEE_LOG = "See `tendril status` for what keeps the site from opening it, and its log.";

/** A host or port that is chosen by the running site may be another than the one that was asked for. */
function isSame(one: Port, other: Port): boolean {
  return one.name === other.name && one.role === other.role;
}

function subjectOf({ name, role, host, port }: Port): string {
  return `${name} ${role} ${formatEndpoint(host, port)}`;
}

async function checkPort(list: Checklist, port: AccessStatus, timeoutMs: number): Promise<void> {
  const { host, peers, fault } = port;
  const near = host === "0.0.0.0" || host === "" ? "127.0.0.1" : host === "::" ? "::1" : host;
  await list.confirm("access", subjectOf(port), async () => {
    // Somebody else may take connections there.
    if (fault !== undefined) throw shut(fault.message, fault.hint);
    await connectPlainly(near, port.port, timeoutMs);
  }, `takes connections; peers: ${peers}`);
}

function shut(why: string, hint: string): TendrilError {
  return new TendrilError("CHECK_ACCESS", `not open: ${why}`, { hint });
}
