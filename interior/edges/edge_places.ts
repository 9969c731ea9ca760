/**
 * By which of its connections each key of an edge is served: the one that came last. An older one may be dead, or give way
 * while streams on it go on. It is of use again only where it is of another process with the same name, and the newer one
 * ends first.
 */

import { openProperty, PROCESS_PROPERTY } from "../../agent/router/capabilities.ts";
import type { LinkConsumer } from "../../agent/router/link_consumer.ts";
import { Peer } from "../../agent/router/peer.ts";
import type { Router } from "../../agent/router/router.ts";

const places = new WeakMap<Router, EdgePlaces>();

/** See the head of the file. */
export class EdgePlaces {
  readonly #router: Router;
  /** Links of an edge for a key, in the order of arrival. */
  readonly #links = new Map<string, LinkConsumer[]>();

  private constructor(router: Router) {
    this.#router = router;
  }

  /** Those of `router`. */
  static of(router: Router): EdgePlaces {
    let own = places.get(router);
    if (own === undefined) places.set(router, own = new EdgePlaces(router));
    return own;
  }

  /** `consumer`, which is among those of `key` now, takes the place of what other connections of `edge` have there. */
  take(edge: string, key: string, consumer: LinkConsumer): void {
    const place = JSON.stringify([edge, key]);
    const others = this.#links.get(place) ?? [];
    this.#links.set(place, [...others, consumer]);
    for (const other of others) {
      if (other.origin.connection !== consumer.origin.connection) this.#router.addresses.remove(key, other);
    }
  }

  /** `consumer` serves `key` no more. */
  leave(edge: string, key: string, consumer: LinkConsumer): void {
    const place = JSON.stringify([edge, key]);
    const links = this.#links.get(place);
    if (links?.includes(consumer) !== true) return;
    const { addresses } = this.#router;
    addresses.remove(key, consumer);
    const left = links.filter((other) => other !== consumer);
    if (left.length === 0) this.#links.delete(place);
    else this.#links.set(place, left);
    const serving = addresses.get(key)?.consumers ?? [];
    if (left.some((other) => serving.includes(other))) return;
    const next = left.findLast((other) => processOf(other) !== undefined && processOf(other) !== processOf(consumer));
    if (next !== undefined) addresses.add(key, next);
  }
}

function processOf({ origin: { connection } }: LinkConsumer): string | number | undefined {
  return connection instanceof Peer ? openProperty(connection.connection.remote, PROCESS_PROPERTY) : undefined;
}
