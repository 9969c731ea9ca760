/** Runs an edge site: links out, services on top. */

import { EdgeLinks } from "../router/edge_links.ts";
import type { LinkTarget } from "../router/outbound_link.ts";
import { Router } from "../router/router.ts";
import { Backoff } from "../transport/backoff.ts";
import { dialAny } from "../transport/race.ts";
import { startControl } from "./control.ts";
import { type SiteDeps, SiteServices } from "./services.ts";
import type { AccessRole, LinkSpec, SiteSpec } from "./spec.ts";
import type { RunningSite } from "./status.ts";

/** Time one attempt to reach any endpoint of a link may take, in ms. */
const DIAL_TIMEOUT_MS = 10_000;

/** Starts the edge site `spec`: connects its links and opens its services. Throws when an adaptor can't be loaded. */
export async function startEdge(spec: SiteSpec, deps: SiteDeps): Promise<RunningSite> {
  const router = new Router({ id: spec.name, role: "edge" });
  const services = await SiteServices.start(spec, router, deps);
  const control = await startControl(spec, router, deps).catch((error) => {
    services.stop();
    throw error;
  });
  const targets = spec.links.map((link) => linkTarget(link, "edge"));
  const retry = () => new Backoff({ random: Math.random });
  const links = new EdgeLinks(router, targets, retry, deps.logger, () => services.changed());
  const stop = async () => {
    services.stop();
    await control.stop();
    await links.stop();
  };
  return {
    status: () => services.status(links.status(), []),
    onChange: (listener) => services.onChange(listener),
    drain: async (graceMs) => {
      await services.drain(graceMs);
      await stop();
    },
    stop,
  };
}

/** What `link` leads to for a site that dials endpoints of `role`. */
export function linkTarget(link: LinkSpec, role: AccessRole): LinkTarget {
  const endpoints = link.endpoints.filter((endpoint) => endpoint.role === role);
  return {
    name: link.name,
    cost: link.cost,
    measured: link.measured,
    endpoint: endpoints.map(({ host, port }) => `${host}:${port}`).join(" "),
    connect: async (signal) => {
      const { channel } = await dialAny(endpoints, {
        tls: link.tls,
        websocket: link.websocket,
        timeoutMs: DIAL_TIMEOUT_MS,
        ...(link.proxy === undefined ? {} : { proxy: link.proxy }),
      }, signal);
      return channel;
    },
  };
}
