/**
 * What ports for links take for granted where resources say nothing of it, as Skupper has it: a RouterAccess for a Site
 * with linkAccess, and certificates by the authority of the site (control-plane 2.3). Those of services, too.
 */

import { type ResourceDocument, scanDocuments } from "./documents.ts";
import type { Problem } from "./problems.ts";
import { routerAccessKind } from "./resources/router_access.ts";

/** Name of the Secret that holds the authority of a site if nothing else is said, the same as Skupper's. */
export const SITE_CA = "skupper-site-ca";

/** The same for the authority of what its services show, whom no port for links trusts. */
export const SERVICE_CA = "skupper-service-ca";

/** Ports for links where nothing else is said, the same as Skupper's. */
export const LINK_PORTS = { "inter-router": 55_671, edge: 45_671 } as const;

/** Ports for links by role. */
export type LinkPorts = Readonly<Record<keyof typeof LINK_PORTS, number>>;

/** A certificate that a port shows. */
export interface PortCertificate {
  /** Name of its Secret. */
  readonly name: string;
  /** Its common name if it has to be made. */
  readonly subject: string;
  /** Host names and addresses that it must be for; empty: those of the machine. */
  readonly hosts: readonly string[];
  /** Address on which the port listens. */
  readonly bind: string;
}

/** A certificate that Listeners show or Connectors rely on, which is not there: the running site makes it. */
export interface ServiceCertificate {
  /** Name of its Secret. */
  readonly name: string;
  /** Its common name: where the first of those services is. */
  readonly subject: string;
  /** Addresses on which Listeners show it; none where Connectors alone have it. */
  readonly binds: readonly string[];
  /** What is wrong where no site makes it. */
  readonly fault: Problem;
}

/** The RouterAccess of a Site that asks for links, if `documents` have none for them, with `ports`. */
export function impliedAccess(
  documents: readonly ResourceDocument[],
  ports: LinkPorts = LINK_PORTS,
): ResourceDocument[] {
  const [site, ...others] = documents.filter(({ kind }) => kind === "Site");
  if (site === undefined || others.length > 0 || !wantsLinks(site)) return [];
  if (documents.some((document) => document.kind === routerAccessKind.kind && !isForClients(document))) return [];
  const text = JSON.stringify({
    apiVersion: routerAccessKind.apiVersion,
    kind: routerAccessKind.kind,
    metadata: { name: site.name },
    spec: { roles: Object.entries(ports).map(([name, port]) => ({ name, port })) },
  });
  const at = () => site.at(["spec", "linkAccess"]);
  return scanDocuments(text, "").documents.map((document) => ({ ...document, at }));
}

function wantsLinks({ value: { spec } }: ResourceDocument): boolean {
  if (typeof spec !== "object" || spec === null) return false;
  const { linkAccess, edge } = spec as Readonly<Record<string, unknown>>;
  return typeof linkAccess === "string" && !["", "none"].includes(linkAccess) && edge !== true;
}

/** True when it has no port for links; one that can't be read may be meant for them. */
function isForClients({ value }: ResourceDocument): boolean {
  const { success, data } = routerAccessKind.schema.safeParse(value);
  return success && data.spec.roles.every(({ name }) => name === "normal");
}
