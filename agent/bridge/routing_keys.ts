/**
 * The routing keys that a port leads to: which of them somebody serves, and which one the next client takes
 * (control-plane 1.4). One key, several of which the first that is served counts, or several by weight.
 */

import { mobileKey } from "../router/address.ts";
import type { Router } from "../router/router.ts";
import type { KeyStrategy } from "../site/spec.ts";

/** One key. */
interface Candidate {
  readonly key: string;
  readonly weight: number;
  reachable: boolean;
  /** What it is owed: smooth weighted round robin, which spreads even a few clients as the weights say. */
  credit: number;
}

/** See the head of the file. */
export class RoutingKeys {
  readonly #candidates: readonly Candidate[];
  readonly #weighted: boolean;
  /** Those that are reachable. */
  #served: readonly Candidate[] = [];
  readonly #stops: (() => void)[] = [];
  #onChange = () => {};

  /** Watches the keys of `strategy` from now on. */
  constructor(strategy: KeyStrategy, router: Router) {
    this.#weighted = strategy.kind === "weighted";
    const weights = strategy.kind === "weighted"
      ? Object.entries(strategy.weights)
      : strategy.keys.map((key) => [key, 1] as const);
    this.#candidates = weights.map(([key, weight]) => ({ key, weight, reachable: false, credit: 0 }));
    for (const candidate of this.#candidates) {
      const stop = router.addresses.watch(mobileKey(candidate.key), undefined, (reachable) => {
        candidate.reachable = reachable;
        this.#served = this.#candidates.filter(({ reachable }) => reachable);
        this.#onChange();
      });
      this.#stops.push(stop);
    }
  }

  /** Calls `listener` after each change of {@link RoutingKeys.reachable}. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** All keys. */
  get all(): string[] {
    return this.#candidates.map(({ key }) => key);
  }

  /** Those that somebody serves. */
  get reachable(): string[] {
    return this.#candidates.filter(({ reachable }) => reachable).map(({ key }) => key);
  }

  /** The key of the next client; the first of all while nobody serves any. */
  choose(): string {
    const served = this.#served;
    if (!this.#weighted || served.length === 0) return (served[0] ?? this.#candidates[0])?.key ?? "";
    let chosen: Candidate | undefined;
    let total = 0;
    for (const candidate of served) {
      total += candidate.weight;
      candidate.credit += candidate.weight;
      if (chosen === undefined || candidate.credit > chosen.credit) chosen = candidate;
    }
    chosen!.credit -= total;
    return chosen!.key;
  }

  /** Watches no more: nothing is reachable from now on. */
  stop(): void {
    this.#onChange = () => {};
    for (const stop of this.#stops.splice(0)) stop();
    for (const candidate of this.#candidates) candidate.reachable = false;
    this.#served = [];
  }
}
