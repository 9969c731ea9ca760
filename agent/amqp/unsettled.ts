/**
 * The deliveries of a link whose outcome is not known, oldest first. Each knows its neighbours, so that coming and going costs
 * next to nothing.
 */

/** What the list keeps in a delivery. */
export interface Listed<Delivery> {
  /** The one that came before; of the list alone. */
  older: Delivery | undefined;
  /** The one that came behind; of the list alone. */
  newer: Delivery | undefined;
}

/** See the head of the file. A delivery is in one list at the most. */
export class Unsettled<Delivery extends Listed<Delivery>> {
  #oldest: Delivery | undefined;
  #newest: Delivery | undefined;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether `delivery` is one of them. */
  has(delivery: Delivery): boolean {
    return delivery.older !== undefined || this.#oldest === delivery;
  }

  /** Adds `delivery`, which is not in it. */
  add(delivery: Delivery): void {
    const before = this.#newest;
    delivery.older = before;
    if (before === undefined) this.#oldest = delivery;
    else before.newer = delivery;
    this.#newest = delivery;
    this.#size++;
  }

  /** Takes `delivery` out, if it is in it. */
  delete(delivery: Delivery): void {
    if (!this.has(delivery)) return;
    const { older, newer } = delivery;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    delivery.older = delivery.newer = undefined;
    this.#size--;
  }

  /** Those of this moment. */
  values(): Delivery[] {
    const values: Delivery[] = [];
    for (let next = this.#oldest; next !== undefined; next = next.newer) values.push(next);
    return values;
  }

  /** Takes all out. */
  clear(): void {
    for (const delivery of this.values()) this.delete(delivery);
  }
}
