/** Runs an edge site: links out, services on top. */

import { EdgeLinks } from "../router/edge_links.ts";
import { TendrilError } from "../lib/errors.ts";
import type { LinkTarget, OutboundLink } from "../router/outbound_link.ts";
import { Router } from "../router/router.ts";
import { Backoff } from "../transport/backoff.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import { readCredentials } from "../transport/credentials.ts";
import { dialAny } from "../transport/race.ts";
import { formatAddress } from "../transport/tcp_connect.ts";
import { SiteConfiguration } from "./configured/site_configuration.ts";
import { startControl } from "./control.ts";
import { Roster } from "./roster.ts";
import { siteMetrics } from "./site_metrics.ts";
import { type SiteDeps, SiteServices } from "./services.ts";
import { type AccessRole, isBroken, leadsAlike, type LinkSpec, type SiteSpec } from "./spec.ts";
import type { RunningSite, SiteChange } from "./status.ts";

/** Time one attempt to reach any endpoint of a link may take, in ms. */
const DIAL_TIMEOUT_MS = 10_000;

/** Starts the edge site `spec`: connects its links and opens its services. Throws when an adaptor can't be loaded. */
export async function startEdge(spec: SiteSpec, deps: SiteDeps): Promise<RunningSite> {
  const router = new Router({ id: spec.name, role: "edge" });
  const services = await SiteServices.start(spec, router, deps);
  const retry = () => new Backoff({ random: Math.random });
  const edgeLinks = new EdgeLinks(router, [], retry, deps.logger, () => services.changed());
  const status = () => services.status(edgeLinks.status(), []);
  let ending = false;
  const apply = async (next: SiteSpec): Promise<SiteChange[]> => {
    // Nothing new starts any more; plugins that are denied go all the same.
    if (ending) return await services.apply(next);
    const changes = await links.apply(next.links, isBroken(next, "Link"));
    return [...changes.map((change) => ({ kind: "Link" as const, ...change })), ...await services.apply(next)];
  };
  const configuration = new SiteConfiguration(spec, { apply, status, ending: () => ending }, deps.logger);
  const managed = services.managed(() => edgeLinks.status(), () => []);
  const control = await startControl(spec, router, deps, managed, configuration, () => {})
    .catch(async (error) => {
      await services.stop();
      throw error;
    });
  const links = new Roster<LinkSpec, OutboundLink>({
    name: ({ name }) => name,
    start: (link) => edgeLinks.add(linkTarget(link, "edge")),
    alter: (running, link, before) =>
      leadsAlike(link, before) ? edgeLinks.replace(running, linkTarget(link, "edge")) : undefined,
    stop: (link) => edgeLinks.remove(link),
  });
  await configuration.follow(spec);
  const stop = async () => {
    ending = true;
    await services.stop();
    await control.stop();
    await edgeLinks.stop();
  };
  return {
    status,
    metrics: () => siteMetrics(control.router, status()),
    onChange: (listener) => services.onChange(listener),
    readFrom: (folder) => services.readFrom(folder),
    apply: async (next) => {
      refuseRestart(spec, next);
      return await configuration.follow(next);
    },
    drain: async (graceMs) => {
      ending = true;
      await services.drain(graceMs);
      await stop();
    },
    stop,
  };
}

/** Throws SITE_RESTART when a site that runs as `now` can't become `next` without a restart. */
export function refuseRestart(now: SiteSpec, next: SiteSpec): void {
  const what = now.name !== next.name
    ? "name"
    : now.role !== next.role
    ? "role"
    : now.id !== next.id
    ? "uid"
    : undefined;
  if (what === undefined) return;
  throw new TendrilError("SITE_RESTART", `the ${what} of a running site can't change`, {
    hint: "Stop the site and start it again.",
  });
}

/** What `link` leads to for a site that dials endpoints of `role`. */
export function linkTarget(link: LinkSpec, role: AccessRole): LinkTarget {
  const endpoints = link.endpoints.filter((endpoint) => endpoint.role === role);
  return {
    name: link.name,
    cost: link.cost,
    measured: link.measured,
    endpoint: endpoints.map(({ host, port }) => formatAddress(host, port)).join(" "),
    expires: expiryOf(link.tls),
    connect: async (signal, address) => {
      const wanted = endpoints.filter(({ host, port }) =>
        address === undefined || formatAddress(host, port) === address
      );
      const { channel } = await dialAny(wanted, {
        tls: link.tls,
        websocket: link.websocket,
        timeoutMs: DIAL_TIMEOUT_MS,
        ...(link.proxy === undefined ? {} : { proxy: link.proxy }),
      }, signal);
      return channel;
    },
  };
}

/** When a certificate expires, ms since the epoch; undefined when it can't be read, which is told where it is used. */
function expiryOf(tls: TlsCredentials): number | undefined {
  try {
    return readCredentials(tls).notAfter;
  } catch {
    return undefined;
  }
}
