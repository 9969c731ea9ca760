/**
 * Who is next door: the HELLO protocol (skupper-router `router/hello.py`, and the neighbour part of `router/node.py`).
 *
 * A router is a neighbour once it says over a link that it hears us, for as long as it keeps saying so. Several links
 * may lead to the same neighbour: the cheapest that is alive counts, and of equals the oldest; one that was superseded
 * counts last.
 */

import type { Hello } from "./control_message.ts";
import type { RoutingTiming } from "./timing.ts";

/** One control link, as this protocol sees it. */
interface NeighbourLink {
  readonly link: number;
  readonly id: string;
  cost: number;
  refreshedAt: number;
  readonly superseded: boolean;
}

/** The current way to a neighbour. */
export interface Adjacency {
  /** Number of the control link. */
  readonly link: number;
  /** Its cost. */
  readonly cost: number;
}

/** See the head of the file. */
export class Neighbours {
  readonly #timing: RoutingTiming;
  readonly #heard = new Map<string, number>();
  readonly #links = new Map<number, NeighbourLink>();
  readonly #best = new Map<string, Adjacency>();
  readonly #superseded = new Set<number>();

  /** Nobody is next door yet. */
  constructor(timing: RoutingTiming) {
    this.#timing = timing;
  }

  /** The router ids to name in a HELLO. */
  seen(): string[] {
    return [...this.#heard.keys()];
  }

  /** Every neighbour with the way to it. */
  get adjacencies(): ReadonlyMap<string, Adjacency> {
    return this.#best;
  }

  /** A HELLO of a router came over control link `link`. Returns whether the adjacencies changed. */
  hello(self: string, { id, seen }: Hello, link: number, cost: number, now: number): boolean {
    this.#heard.set(id, now);
    if (!seen.includes(self)) return false;
    const known = this.#links.get(link);
    if (known?.id === id) {
      known.refreshedAt = now;
      return false;
    }
    this.#links.set(link, { link, id, cost, refreshedAt: now, superseded: this.#superseded.has(link) });
    const gone = known !== undefined && this.#choose(known.id);
    return this.#choose(id) || gone;
  }

  /** Control link `link` gives way to any other that leads to the same router. */
  supersede(link: number): void {
    this.#superseded.add(link);
    const known = this.#links.get(link);
    if (known !== undefined) this.#links.set(link, { ...known, superseded: true });
  }

  /** Control link `link` is gone. Returns whether the adjacencies changed. */
  lost(link: number): boolean {
    const known = this.#links.get(link);
    this.#superseded.delete(link);
    if (known === undefined) return false;
    this.#links.delete(link);
    return this.#choose(known.id);
  }

  /** The cost of a link is another now. Returns whether the adjacencies changed. */
  setCost(link: number, cost: number): boolean {
    const known = this.#links.get(link);
    if (known === undefined || known.cost === cost) return false;
    known.cost = cost;
    return this.#choose(known.id);
  }

  /** Forgets whom it has not heard for too long. Returns whether the adjacencies changed. */
  expire(now: number): boolean {
    const limit = now - this.#timing.helloMaxAge;
    for (const [id, heardAt] of this.#heard) if (heardAt < limit) this.#heard.delete(id);
    let changed = false;
    for (const { link, refreshedAt } of [...this.#links.values()]) {
      if (refreshedAt < limit && this.lost(link)) changed = true;
    }
    return changed;
  }

  /** Finds the best link to `id` again. Returns whether it is another, or costs something else. */
  #choose(id: string): boolean {
    let best: NeighbourLink | undefined;
    for (const candidate of this.#links.values()) {
      if (candidate.id === id && (best === undefined || better(candidate, best))) best = candidate;
    }
    const before = this.#best.get(id);
    if (before?.link === best?.link && before?.cost === best?.cost) return false;
    if (best === undefined) this.#best.delete(id);
    else this.#best.set(id, { link: best.link, cost: best.cost });
    return true;
  }
}

function better(one: NeighbourLink, other: NeighbourLink): boolean {
  return one.superseded === other.superseded ? one.cost < other.cost : other.superseded;
}
