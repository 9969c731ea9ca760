/**
 * The graph of routers: who names whom as its neighbour, at which cost. Routers get small numbers, and every change of
 * an arc is written down, so that path trees can catch up with what happened since they last looked.
 */

/** Changes that are remembered; a tree that missed more is computed anew. */
const MAX_CHANGES = 512;

/** One arc that was added, changed its cost or went away. */
export interface ArcChange {
  /** Number of the router that names its neighbour. */
  readonly from: number;
  /** Number of the neighbour. */
  readonly to: number;
}

const NO_ARCS: ReadonlyMap<number, number> = new Map();

/** See the head of the file. */
export class Topology {
  readonly #numbers = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #free: number[] = [];
  readonly #out: Map<number, number>[] = [];
  readonly #in: Map<number, number>[] = [];
  #changes: ArcChange[] = [];
  #forgotten = 0;

  /** Numbers are below this. */
  get size(): number {
    return this.#ids.length;
  }

  /** Counts up with every change. */
  get version(): number {
    return this.#forgotten + this.#changes.length;
  }

  /** The router id that has `number`. */
  id(number: number): string {
    return this.#ids[number];
  }

  /** The number of router `id`, if it is known. */
  number(id: string): number | undefined {
    return this.#numbers.get(id);
  }

  /** The number of router `id`, a new one if need be. */
  add(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    let number = this.#free.pop();
    if (number === undefined) {
      number = this.#ids.length;
      this.#ids.push(id);
      this.#out.push(new Map());
      this.#in.push(new Map());
    } else {
      this.#ids[number] = id;
      // A number that means another router now: nobody may catch up across this.
      this.#forgotten = this.version + 1;
      this.#changes = [];
    }
    this.#numbers.set(id, number);
    return number;
  }

  /** Forgets a router that no arc leads to or from; others are kept. Returns whether it is gone. */
  remove(id: string): boolean {
    const number = this.#numbers.get(id);
    if (number === undefined || this.#out[number].size > 0 || this.#in[number].size > 0) return false;
    this.#numbers.delete(id);
    this.#ids[number] = "";
    this.#free.push(number);
    return true;
  }

  /** Cost of each neighbour that `number` names. */
  neighbours(number: number): ReadonlyMap<number, number> {
    return this.#out[number] ?? NO_ARCS;
  }

  /** Cost from each router that names `number` as its neighbour. */
  named(number: number): ReadonlyMap<number, number> {
    return this.#in[number] ?? NO_ARCS;
  }

  /** Router `id` names `peers`, with costs of at least 1. Returns whether that is new. */
  setPeers(id: string, peers: ReadonlyMap<string, number>): boolean {
    const from = this.add(id);
    const before = this.version;
    const out = this.#out[from];
    const wanted = new Map<number, number>();
    for (const [peer, cost] of peers) wanted.set(this.add(peer), cost);
    for (const to of [...out.keys()]) {
      if (wanted.has(to)) continue;
      out.delete(to);
      this.#in[to].delete(from);
      this.#changes.push({ from, to });
    }
    for (const [to, cost] of wanted) {
      if (to === from || out.get(to) === cost) continue;
      out.set(to, cost);
      this.#in[to].set(from, cost);
      this.#changes.push({ from, to });
    }
    const changed = this.version !== before;
    if (this.#changes.length > MAX_CHANGES) {
      // The newer half stays: trees that are asked often need not be computed anew.
      const half = this.#changes.length >> 1;
      this.#changes.splice(0, half);
      this.#forgotten += half;
    }
    return changed;
  }

  /** What changed since `version`; undefined when that is not remembered any more. */
  changesSince(version: number): readonly ArcChange[] | undefined {
    return version < this.#forgotten ? undefined : this.#changes.slice(version - this.#forgotten);
  }
}
