/**
 * Interior mode: the agent as a transit router. `edges/` accepts edge routers and plain AMQP clients, `transit/` joins
 * this router to other interiors, `routing/` is the protocol by which they agree on paths.
 */

import {
  Backoff,
  linkTarget,
  Router,
  type RunningSite,
  type SiteControl,
  type SiteDeps,
  SiteServices,
  type SiteSpec,
  startControl,
} from "../agent/mod.ts";
import { AccessPort } from "./edges/access_port.ts";
import { ConnectionGroups } from "./transit/connection_groups.ts";
import { InteriorLinks } from "./transit/interior_links.ts";
import { networkView } from "./transit/network_view.ts";
import { Transit } from "./transit/transit.ts";

/** Instances of routers are 32-bit numbers on the wire; all that counts is that the next one is another. */
const INSTANCES = 2 ** 31;

/** Starts the interior site `spec`: opens its access ports, its links and its services. Throws when a port is taken. */
export async function startInterior(spec: SiteSpec, deps: SiteDeps): Promise<RunningSite> {
  const { logger } = deps;
  const router = new Router({ id: spec.name, role: "interior" });
  const services = await SiteServices.start(spec, router, deps);
  const changed = () => services.changed();
  const transit = new Transit(router, Date.now() % INSTANCES, logger, changed);
  transit.start();
  const groups = new ConnectionGroups(router, transit, logger);
  const ports: AccessPort[] = [];
  const targets = spec.links.map((link) => linkTarget(link, "inter-router"));
  const retry = () => new Backoff({ random: Math.random });
  const links = new InteriorLinks(router, transit, targets, retry, logger, changed);
  let control: SiteControl | undefined;
  const stop = async () => {
    services.stop();
    await control?.stop();
    await Promise.all([links.stop(), ...ports.map((port) => port.close())]);
    transit.stop();
  };
  try {
    control = await startControl(spec, router, deps, networkView(router, transit));
    for (const access of spec.access) ports.push(await AccessPort.open(access, router, groups, logger, changed));
  } catch (error) {
    await stop();
    throw error;
  }
  links.start();
  return {
    status: () => services.status(links.status(), ports.map((port) => port.status())),
    onChange: (listener) => services.onChange(listener),
    drain: async (graceMs) => {
      await services.drain(graceMs);
      await stop();
    },
    stop,
  };
}
