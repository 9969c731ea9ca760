/** Sites that exist only while a one-line command runs: an edge with one service. */

import { TendrilError } from "../lib/errors.ts";
import type { ConnectorSpec, LinkSpec, ListenerSpec, SiteSpec } from "./spec.ts";

/** What the command line says. */
export interface OneLiner {
  /** Router id; must be unique in the network. */
  readonly name: string;
  /** Local ports of the site. */
  readonly listeners?: readonly ListenerSpec[];
  /** Local targets of the site. */
  readonly connectors?: readonly ConnectorSpec[];
  /** The Links of a link file. */
  readonly links: readonly LinkSpec[];
}

/** An edge site of the given parts, with a new id. Throws SITE_INVALID when no link leads anywhere for an edge. */
export function oneLinerSite({ name, listeners = [], connectors = [], links }: OneLiner): SiteSpec {
  const usable = links.filter(({ endpoints }) => endpoints.some(({ role }) => role === "edge"));
  if (usable.length === 0) {
    throw new TendrilError("SITE_INVALID", "the link file has no endpoint that accepts edges", {
      hint: "Make one at a site whose RouterAccess has the role edge.",
    });
  }
  return {
    id: crypto.randomUUID(),
    name,
    role: "edge",
    listeners,
    connectors,
    links: usable,
    access: [],
    policies: [],
  };
}
