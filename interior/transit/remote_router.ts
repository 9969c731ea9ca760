/** Another interior as a destination: next hop, cost, and one consumer for each address that it serves. */

import type { Treatment } from "../../agent/router/address_entry.ts";
import type { Consumer, Downstream, Hop, Message, Origin, Upstream } from "../../agent/router/flow.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Paths } from "../routing/paths.ts";
import type { Neighbour } from "./neighbour.ts";

/** Prefix of router ids in annotations: the area, of which there is one. */
export const AREA = "0/";

/** See the head of the file. */
export class RemoteRouter implements Hop {
  /** Router id. */
  readonly id: string;
  /** The connection by which it is reached; undefined while it is out of reach. */
  via: Neighbour | undefined;
  /** Cost of the path; Infinity while it is out of reach. */
  cost: number = Infinity;
  readonly #router: Router;
  readonly #paths: Paths;
  readonly #consumers = new Map<string, RemoteConsumer>();

  /** Out of reach, without addresses. */
  constructor(id: string, router: Router, paths: Paths) {
    this.id = id;
    this.#router = router;
    this.#paths = paths;
  }

  /** See {@link Hop}. */
  get next(): object {
    return this.via ?? this;
  }

  /** See {@link Hop}; the rules are those of wire-protocol C.1 and D.5. */
  admits({ annotations: { ingress, trace } }: Message, copied: boolean): boolean {
    const { via } = this;
    if (via === undefined || (copied && trace.includes(AREA + via.id))) return false;
    const origin = routerId(ingress) ?? this.#router.identity.id;
    if (this.#paths.knows(origin)) return this.#paths.admits(origin, this.id);
    // Nobody could keep copies of it from meeting again.
    return !copied;
  }

  /** See {@link Hop}. */
  leadsOn({ annotations: { trace } }: Message): boolean {
    return this.via !== undefined && !trace.includes(AREA + this.via.id);
  }

  /** The router serves `key`, for edges of one mesh alone if `mesh` is given. */
  serve(key: string, treatment: Treatment, mesh?: string): void {
    const known = this.#consumers.get(key);
    if (known !== undefined) {
      if (known.mesh === mesh) return;
      known.mesh = mesh;
      this.#router.addresses.recheck(key);
      return;
    }
    const consumer = new RemoteConsumer(this, mesh);
    this.#consumers.set(key, consumer);
    this.#router.addresses.add(key, consumer, treatment);
  }

  /** The router serves `key` no more. */
  withdraw(key: string): void {
    const consumer = this.#consumers.get(key);
    if (consumer === undefined) return;
    this.#consumers.delete(key);
    this.#router.addresses.remove(key, consumer);
  }

  /** Forgets everything that it served. */
  clear(): void {
    for (const key of [...this.#consumers.keys()]) this.withdraw(key);
  }
}

/** One address at one other router. */
class RemoteConsumer implements Consumer {
  readonly remote = true;
  readonly hop: RemoteRouter;
  outstanding = 0;
  mesh: string | undefined;

  constructor(router: RemoteRouter, mesh: string | undefined) {
    this.hop = router;
    this.mesh = mesh;
  }

  get origin(): Origin | undefined {
    return this.hop.via?.peer.origin;
  }

  get cost(): number {
    return this.hop.cost;
  }

  deliver(message: Message, upstream: Upstream): Downstream {
    // Whoever is out of reach admits nothing, and is not asked.
    return this.hop.via!.deliver(message, upstream, this);
  }
}

/** The router id in `0/<id>`. */
export function routerId(node: string | undefined): string | undefined {
  return node?.startsWith(AREA) ? node.slice(AREA.length) : node;
}
