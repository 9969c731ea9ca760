/**
 * Finds out which piece of the site in a folder is broken: the folder itself, the clock, own credentials, the way to
 * each endpoint of each link, the running site, its ports and targets, and one routing key from end to end.
 */

import { formatEndpoint } from "../../lib/endpoint.ts";
import { TendrilError } from "../../lib/errors.ts";
import { managementAddress, ManagementClient } from "../../management/client.ts";
import { SITE_IDENTITY, SITE_TYPE } from "../../management/entities.ts";
import { dialLocal } from "../../transport/local_socket.ts";
import { localSocket } from "../local_access.ts";
import { loadSite } from "../load.ts";
import type { BrokenResource } from "../problems.ts";
import type { SiteReport } from "../report.ts";
import type { SiteSpec } from "../spec.ts";
import type { ListenerStatus } from "../status.ts";
import { checkAccess } from "./access_check.ts";
import { Checklist } from "./checklist.ts";
import { checkClock, checkCredentials } from "./credentials_check.ts";
import { checkEndpoint } from "./endpoint_check.ts";
import { protocolOf } from "./protocol_of.ts";
import { checkService } from "./service_check.ts";
import { connectPlainly, connectSecurely } from "./target_check.ts";

/** Checks the site in `dir`, and `key` if given; each question may take `timeoutMs`. */
export async function checkSite(dir: string, key: string | undefined, timeoutMs: number): Promise<Checklist> {
  const list = new Checklist();
  const spec = await list.take(
    "folder",
    dir,
    () => loadSite(dir),
    ({ name, role, links }) => `site ${name}, ${role === "edge" ? "an edge" : "an interior"}, links: ${links.length}`,
  );
  if (spec === undefined) return list;
  for (const broken of spec.broken ?? []) list.fail("folder", `${broken.kind}/${broken.name}`, faultOf(broken));
  await checkClock(list, spec, dir);
  for (const link of spec.links) checkCredentials(list, `${link.name}`, link.tls);

  const client = await list.take(
    "running",
    spec.name,
    () => connectLocally(dir, timeoutMs),
    () => "answers at its socket",
  );
  try {
    const report = client === undefined ? undefined : await reportOf(client);
    if (report?.folder.problem !== undefined) {
      const { code, message, hint } = report.folder.problem;
      list.fail("running", spec.name, new TendrilError(code, message, { hint }));
    }
    await checkAccess(list, spec, report, timeoutMs);
    await checkLinks(list, spec, report, timeoutMs);
    if (report !== undefined) checkListeners(list, report);
    await checkTargets(list, spec, report, timeoutMs);
    if (key !== undefined && client === undefined) list.skip("key", key, "the site does not run");
    else if (key !== undefined && client !== undefined) {
      const door = { client, connect: () => dialLocal(localSocket(dir)) };
      await checkService(list, door, key, protocolOf(spec, key), timeoutMs);
    }
    return list;
  } finally {
    await client?.close();
  }
}

const LISTENER_HINT = "It opens when somebody serves its routing key: run `tendril debug check KEY`.";
const LINK_HINT = "The steps before this one show how far the way leads.";

async function connectLocally(dir: string, timeoutMs: number): Promise<ManagementClient> {
  return await ManagementClient.connect(await dialLocal(localSocket(dir)), timeoutMs);
}

async function reportOf(client: ManagementClient): Promise<SiteReport> {
  const { report } = await client.read(managementAddress(), SITE_TYPE, SITE_IDENTITY);
  return JSON.parse(String(report)) as SiteReport;
}

async function checkLinks(
  list: Checklist,
  { name, role, links }: SiteSpec,
  report: SiteReport | undefined,
  timeoutMs: number,
): Promise<void> {
  for (const link of links) {
    const running = report?.site.links.find((status) => status.name === link.name);
    const up = running?.state === "active" || running?.state === "standby";
    for (const endpoint of link.endpoints.filter((each) => each.role === (role === "edge" ? "edge" : "inter-router"))) {
      // While the link is up its name is in use; nothing may be disturbed by a look.
      const id = up ? `check-${crypto.randomUUID().slice(0, 8)}` : name;
      await checkEndpoint(list, link, endpoint, id, timeoutMs, ({ code, message }) =>
        // The peer has let in the site itself.
        up && code === "LINK_NOT_ALLOWED" ? `the link is up, and another name is not let in: ${message}` : undefined);
    }
    if (running === undefined) list.skip("link", link.name, "the site does not run with this link");
    else if (up) list.pass("link", link.name, `${running.state}; the peer is ${running.remote}`);
    else {
      const found = `${running.state}: ${running.message}`;
      list.fail("link", link.name, told(running.code ?? "CHECK_LINK", found, running.hint, LINK_HINT));
    }
  }
}

/** What is wrong with a Listener is told as the status of the site tells it. */
function checkListeners(list: Checklist, { site, resources }: SiteReport): void {
  const check = (kind: string, { name, open, host, port, message, code, hint }: ListenerStatus) => {
    if (open) return list.pass("listener", name, `open at ${formatEndpoint(host, port)}`);
    const next = resources.find((resource) => resource.kind === kind && resource.name === name)?.next;
    list.fail("listener", name, told(code ?? "CHECK_LISTENER", `closed: ${message}`, hint, next || LISTENER_HINT));
  };
  for (const listener of site.listeners) check("Listener", listener);
  for (const listener of site.multiKeyListeners ?? []) check("MultiKeyListener", listener);
}

async function checkTargets(
  list: Checklist,
  { connectors }: SiteSpec,
  report: SiteReport | undefined,
  timeoutMs: number,
): Promise<void> {
  for (const { name, host, port, tls } of connectors) {
    const health = report?.site.connectors.find((connector) => connector.name === name)?.health;
    const found = [
      "takes connections",
      ...(tls === undefined ? [] : ["its certificate is in order"]),
      ...(health === undefined ? [] : ["its health check succeeds"]),
    ];
    await list.confirm("target", `${name} ${formatEndpoint(host, port)}`, async () => {
      if (tls === undefined) await connectPlainly(host, port, timeoutMs);
      else await connectSecurely(host, port, tls, timeoutMs);
      if (health === undefined || health.healthy) return;
      throw told("CHECK_HEALTH", `its health check does not succeed: ${health.result}`, undefined, HEALTH_HINT);
    }, found.join(", and "));
  }
}

const HEALTH_HINT =
  "The service runs and is not ready; until its check succeeds, the key is withdrawn from the network.";

function faultOf({ code, message, hint }: BrokenResource): TendrilError {
  return told(code ?? "SITE_INVALID", message, hint, "Correct the resource.");
}

function told(code: string, message: string, hint: string | undefined, otherwise: string): TendrilError {
  return new TendrilError(code, message, { hint: hint ?? otherwise });
}
