/** A binary heap of nodes, smallest first. A node may be in it more than once: old entries are for the taker to skip. */

/** See the head of the file. `before` orders two entries of equal key. */
export class NodeHeap {
  readonly #nodes: number[] = [];
  readonly #keys: number[] = [];
  readonly #before: (one: number, other: number) => boolean;

  /** An empty heap. */
  constructor(before: (one: number, other: number) => boolean) {
    this.#before = before;
  }

  /** Entries, old ones included. */
  get size(): number {
    return this.#nodes.length;
  }

  /** Key of the smallest entry. */
  get smallestKey(): number {
    return this.#keys[0];
  }

  /** Adds `node` under `key`. */
  push(node: number, key: number): void {
    let at = this.#nodes.length;
    this.#nodes.push(node);
    this.#keys.push(key);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#less(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the smallest entry; only while there is one. */
  pop(): number {
    const top = this.#nodes[0];
    const node = this.#nodes.pop()!;
    const key = this.#keys.pop()!;
    if (this.#nodes.length > 0) {
      this.#nodes[0] = node;
      this.#keys[0] = key;
      this.#sink();
    }
    return top;
  }

  #sink(): void {
    const count = this.#nodes.length;
    for (let at = 0;;) {
      let child = at * 2 + 1;
      if (child >= count) return;
      if (child + 1 < count && this.#less(child + 1, child)) child++;
      if (!this.#less(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #less(one: number, other: number): boolean {
    const difference = this.#keys[one] - this.#keys[other];
    return difference < 0 || (difference === 0 && this.#before(this.#nodes[one], this.#nodes[other]));
  }

  #swap(one: number, other: number): void {
    const { [one]: node, [other]: otherNode } = this.#nodes;
    const { [one]: key, [other]: otherKey } = this.#keys;
    this.#nodes[one] = otherNode;
    this.#nodes[other] = node;
    this.#keys[one] = otherKey;
    this.#keys[other] = key;
  }
}
