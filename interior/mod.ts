/**
 * Interior mode: the agent as a transit router. `edges/` accepts edge routers and plain AMQP clients, `transit/` joins
 * this router to other interiors, `routing/` is the protocol by which they agree on paths.
 */

import {
  Backoff,
  histogramSamples,
  isBroken,
  leadsAlike,
  type LinkSpec,
  linkTarget,
  type OutboundLink,
  refuseRestart,
  Revocations,
  Roster,
  Router,
  type RunningSite,
  type SiteChange,
  SiteConfiguration,
  type SiteControl,
  type SiteDeps,
  siteMetrics,
  SiteServices,
  type SiteSpec,
  startControl,
} from "../agent/mod.ts";
import { AccessPorts } from "./edges/access_ports.ts";
import { PolicyBook } from "./edges/policy_book.ts";
import { ConnectionGroups } from "./transit/connection_groups.ts";
import { depart } from "./transit/departure.ts";
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
  const policies = new PolicyBook(router, logger);
  policies.apply(spec.policies);
  const revocations = new Revocations(spec.revoked);
  const revoke = (certificates?: readonly string[]) => {
    revocations.set(certificates);
    for (const port of ports.open) port.dropRevoked();
  };
  const ports = new AccessPorts({ router, groups, logger, onChange: changed, policies, revocations });
  const retry = () => new Backoff({ random: Math.random });
  const interiorLinks = new InteriorLinks(router, transit, retry, logger, changed);
  const links = new Roster<LinkSpec, OutboundLink>({
    name: ({ name }) => name,
    start: (link) => interiorLinks.add(linkTarget(link, "inter-router")),
    alter: (running, link, before) =>
      leadsAlike(link, before) ? interiorLinks.replace(running, linkTarget(link, "inter-router")) : undefined,
    stop: (link) => interiorLinks.remove(link),
  });
  const status = () => services.status(interiorLinks.status(), ports.status(), control?.grants());
  let ending = false;
  const apply = async (next: SiteSpec): Promise<SiteChange[]> => {
    // When the site ends, nothing new starts. Who is not trusted any more has to go all the same, and plugins that are denied.
    const access = await ports.apply(next.access, isBroken(next, "RouterAccess"), !ending);
    const linked = ending ? [] : await links.apply(next.links, isBroken(next, "Link"));
    return [
      ...access.map((change) => ({ kind: "RouterAccess" as const, ...change })),
      ...linked.map((change) => ({ kind: "Link" as const, ...change })),
      ...await services.apply(next),
    ];
  };
  const configuration = new SiteConfiguration(spec, { apply, status, ending: () => ending }, logger);
  let control: SiteControl | undefined;
  const stop = async () => {
    ending = true;
    // All at once: as long as one of them is there, the others pass on what it sends.
    await Promise.all([
      services.stop(),
      control?.stop(),
      interiorLinks.stop(),
      ports.close(),
    ]);
    transit.stop();
  };
  try {
    const managed = services.managed(
      () => interiorLinks.status(),
      () => ports.status(),
      () => control?.grants() ?? [],
    );
    control = await startControl(spec, router, deps, managed, configuration, changed, networkView(router, transit));
    const failed = (await configuration.follow(spec))
      .find(({ kind, action }) => kind === "RouterAccess" && action === "failed");
    if (failed !== undefined) throw failed.error;
    await control.apply(spec);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    status,
    metrics: () => {
      if (control === undefined) return [];
      return [
        ...siteMetrics(control.router, status()),
        ...histogramSamples("tendril_control_delay_seconds", transit.delay.histogram),
      ];
    },
    onChange: (listener) => services.onChange(listener),
    readFrom: (folder) => services.readFrom(folder),
    apply: async (next) => {
      refuseRestart(spec, next);
      // Before anything that they could restrict.
      const ruled = policies.apply(next.policies);
      revoke(next.revoked);
      const changes = await configuration.follow(next);
      await control?.apply(next, ending);
      return [...ruled.map((change) => ({ kind: "Policy" as const, ...change })), ...changes];
    },
    revoke,
    drain: async (graceMs) => {
      ending = true;
      ports.shut();
      await Promise.all([services.drain(graceMs), depart(router, transit, graceMs)]);
      await stop();
    },
    stop,
  };
}
