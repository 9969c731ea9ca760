/** Sites that exist only while a one-line command runs: an edge with one service. */

import type { ConnectorSpec, LinkSpec, ListenerSpec, SiteSpec } from "./spec.ts";

/** What the command line says. */
export interface OneLiner {
  /** Router id; must be unique in the network. */
  readonly name: string;
  readonly listeners?: readonly ListenerSpec[];
  readonly connectors?: readonly ConnectorSpec[];
  readonly links: readonly LinkSpec[];
}

/** An edge site of the given parts. */
export function oneLinerSite({ name, listeners = [], connectors = [], links }: OneLiner): SiteSpec {
  return { id: crypto.randomUUID(), name, role: "edge", listeners, connectors, links, access: [] };
}
