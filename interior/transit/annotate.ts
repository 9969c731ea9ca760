/** How an interior annotates what it passes on to a router (wire-protocol C.1). */

import type { RouterAnnotations } from "../../agent/router/annotations.ts";
import type { Message } from "../../agent/router/flow.ts";

/** Makes this router the ingress of messages that have none, and appends it to the trace. */
export function annotateAsInterior(routerId: string): (message: Message) => RouterAnnotations {
  const self = `0/${routerId}`;
  return ({ annotations, overridden, address }) => ({
    flags: annotations.flags,
    toOverride: overridden ? address : annotations.toOverride,
    ingress: annotations.ingress ?? self,
    trace: [...annotations.trace, self],
    ingressMesh: annotations.ingressMesh,
  });
}
