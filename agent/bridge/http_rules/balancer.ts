/** Chooses one backend of several for a request: the strategies of a rule. It keeps turns, and knows neither time nor keys. */

import type { HttpStrategy } from "../../site/http_route_spec.ts";
import { hash32 } from "./hash.ts";

/** A backend that can be chosen. */
export interface Candidate {
  /** Address in the network. */
  readonly routingKey: string;
  /** At least 1. */
  readonly weight: number;
  /** Requests that it has not answered yet. */
  readonly outstanding: number;
}

/** See the head of the file. */
export class Balancer<C extends Candidate> {
  readonly #strategy: HttpStrategy;
  /** What each backend is owed: smooth weighted round robin, as nginx has it. */
  readonly #owed = new Map<string, number>();
  #turn = 0;

  /** For one rule. */
  constructor(strategy: HttpStrategy) {
    this.#strategy = strategy;
  }

  /** One of `candidates`, which are in the order of the rule; `client` is what a sticky choice goes by, if it is known. */
  choose(candidates: readonly C[], client: string | undefined): C | undefined {
    if (candidates.length < 2) return candidates[0];
    switch (this.#strategy) {
      case "Priority":
        return candidates[0];
      case "RoundRobin":
        return this.#owing(candidates, () => 1);
      case "LeastOutstanding":
        return this.#leastLoaded(candidates);
      case "Sticky":
        return client === undefined ? this.#byWeight(candidates) : highest(candidates, client);
      case "Weighted":
        return this.#byWeight(candidates);
    }
  }

  #byWeight(candidates: readonly C[]): C | undefined {
    return this.#owing(candidates, ({ weight }) => weight);
  }

  #owing(candidates: readonly C[], share: (candidate: C) => number): C | undefined {
    let best: C | undefined;
    let most = -Infinity;
    let total = 0;
    for (const candidate of candidates) {
      const owed = (this.#owed.get(candidate.routingKey) ?? 0) + share(candidate);
      total += share(candidate);
      this.#owed.set(candidate.routingKey, owed);
      if (owed <= most) continue;
      best = candidate;
      most = owed;
    }
    if (best !== undefined) this.#owed.set(best.routingKey, most - total);
    return best;
  }

  #leastLoaded(candidates: readonly C[]): C | undefined {
    let best: C | undefined;
    let least = Infinity;
    const first = this.#turn++ % candidates.length;
    for (let step = 0; step < candidates.length; step++) {
      const candidate = candidates[(first + step) % candidates.length]!;
      const load = (candidate.outstanding + 1) / candidate.weight;
      if (load >= least) continue;
      best = candidate;
      least = load;
    }
    return best;
  }
}

const HASHES = 0x1_0000_0000;

/** Rendezvous hashing: who goes where changes for those alone whose backend comes or goes. */
function highest<C extends Candidate>(candidates: readonly C[], client: string): C | undefined {
  let best: C | undefined;
  let most = -Infinity;
  for (const candidate of candidates) {
    const drawn = (hash32(`${candidate.routingKey}\n${client}`) + 0.5) / HASHES;
    const score = -candidate.weight / Math.log(drawn);
    if (score <= most) continue;
    best = candidate;
    most = score;
  }
  return best;
}
