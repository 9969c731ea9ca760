/** What tells one form of a part of a site from another, without saying what it is: its credentials stay unknown. */

import { createHash } from "node:crypto";
import type { SiteSpec } from "./spec.ts";

/** One part of a site. */
export interface PartDigest {
  /** Kind of the resource it stands for. */
  readonly kind:
    | "Listener"
    | "MultiKeyListener"
    | "Connector"
    | "Link"
    | "RouterAccess"
    | "Policy"
    | "Adaptor"
    | "HttpRoute";
  /** Name of that resource. */
  readonly name: string;
  /** Another one whenever something about it is another; in hexadecimal. */
  readonly digest: string;
}

/** All parts of `site`; the ports of a RouterAccess count as one. */
export function digestsOf(site: SiteSpec): PartDigest[] {
  const { listeners, multiKeyListeners = [], connectors, links, access, policies, adaptors = [], routes = [] } = site;
  return [
    ...digests("Listener", listeners),
    ...digests("MultiKeyListener", multiKeyListeners),
    ...digests("Connector", connectors),
    ...digests("Link", links),
    ...digests("RouterAccess", access),
    ...digests("Policy", policies),
    ...digests("Adaptor", adaptors),
    ...digests("HttpRoute", routes),
  ];
}

function digests(kind: PartDigest["kind"], parts: ReadonlyArray<{ readonly name: string }>): PartDigest[] {
  const groups = Map.groupBy(parts, ({ name }) => name);
  return [...groups].map(([name, specs]) => ({
    kind,
    name,
    digest: createHash("sha256").update(JSON.stringify(specs)).digest("hex"),
  }));
}
