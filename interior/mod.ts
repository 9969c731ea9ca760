/**
 * Interior mode: the agent as a transit router. `edges/` accepts edge routers and plain AMQP clients; links between
 * interiors will live in `transit/`, their routing protocol in `routing/`.
 */

import { Router, type RunningSite, type SiteDeps, SiteServices, type SiteSpec } from "../agent/mod.ts";
import { AccessPort } from "./edges/access_port.ts";

/** Starts the interior site `spec`: opens its access ports and its services. Throws when a port can't be opened. */
export async function startInterior(spec: SiteSpec, deps: SiteDeps): Promise<RunningSite> {
  const router = new Router({ id: spec.name, role: "interior" });
  const services = await SiteServices.start(spec, router, deps);
  const ports: AccessPort[] = [];
  const stop = async () => {
    services.stop();
    await Promise.all(ports.map((port) => port.close()));
  };
  try {
    for (const access of spec.access) {
      if (access.role === "inter-router") {
        deps.logger.warn("inter-router access is not served by this version", { access: access.name });
        continue;
      }
      ports.push(await AccessPort.open(access, router, deps.logger, () => services.changed()));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  for (const link of spec.links) {
    deps.logger.warn("links between interiors are not served by this version", { link: link.name });
  }
  return {
    status: () => services.status([], ports.map((port) => port.status())),
    onChange: (listener) => services.onChange(listener),
    drain: async (graceMs) => {
      await services.drain(graceMs);
      await stop();
    },
    stop,
  };
}
