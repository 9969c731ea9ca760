/**
 * A map from unsigned 32-bit numbers to objects, for tables that many short-lived entries pass through: deliveries by
 * their id, connections by their number.
 *
 * Why not `Map`: each time V8 re-builds one, the table it leaves behind points to the next. Once one of them has grown
 * old, all that follow, with the entries they held at that moment, outlive the quick collections: thousands of closed
 * connections at a time, and pauses of 10 ms and more. Here entries leave their slot for good when they are deleted.
 *
 * Open addressing with linear probing, at most half full; deleting closes the gap.
 */

const SMALLEST = 8;
/** A larger table than this is given back when it runs empty. */
const KEPT = 1024;

/** See the head of the file. */
export class NumberMap<V extends object> {
  #keys = new Uint32Array(SMALLEST);
  #values: (V | undefined)[] = emptySlots(SMALLEST);
  #size = 0;

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** The value of `key`, if there is one. */
  get(key: number): V | undefined {
    return this.#values[this.#find(key)];
  }

  /** Adds an entry or replaces its value. */
  set(key: number, value: V): void {
    let slot = this.#find(key);
    if (this.#values[slot] === undefined) {
      if (++this.#size > this.#values.length >>> 1) {
        this.#resize(this.#values.length * 2);
        slot = this.#find(key);
      }
      this.#keys[slot] = key;
    }
    this.#values[slot] = value;
  }

  /** Removes the entry of `key` and tells whether there was one. */
  delete(key: number): boolean {
    const keys = this.#keys;
    const values = this.#values;
    const mask = values.length - 1;
    let gap = this.#find(key);
    if (values[gap] === undefined) return false;
    values[gap] = undefined;
    if (--this.#size === 0 && values.length > KEPT) this.#resize(SMALLEST);
    // Entries that were displaced past the gap move back, so that searches find them.
    for (let slot = (gap + 1) & mask; values[slot] !== undefined; slot = (slot + 1) & mask) {
      const home = place(keys[slot], mask);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      keys[gap] = keys[slot];
      values[gap] = values[slot];
      values[slot] = undefined;
      gap = slot;
    }
    return true;
  }

  /** Removes all entries. */
  clear(): void {
    this.#size = 0;
    this.#values.fill(undefined);
    this.#resize(SMALLEST);
  }

  /** The keys of this moment, in no order. */
  keys(): number[] {
    const keys: number[] = [];
    this.#values.forEach((value, slot) => {
      if (value !== undefined) keys.push(this.#keys[slot]);
    });
    return keys;
  }

  /** The values of this moment, in no order. */
  values(): V[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** The slot of `key`, or the free one where it would go. */
  #find(key: number): number {
    const keys = this.#keys;
    const values = this.#values;
    const mask = values.length - 1;
    let slot = place(key, mask);
    while (values[slot] !== undefined && keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #resize(slots: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(slots);
    this.#values = emptySlots(slots);
    for (let old = 0; old < values.length; old++) {
      const value = values[old];
      if (value === undefined) continue;
      const slot = this.#find(keys[old]);
      this.#keys[slot] = keys[old];
      this.#values[slot] = value;
      // What was left behind must point to nothing.
      values[old] = undefined;
    }
  }
}

/** Odd, and known to nobody: keys that peers choose must not meet in few slots. */
const FACTOR = (crypto.getRandomValues(new Uint32Array(1))[0]! | 1) >>> 0;

/** Spreads keys that follow each other, as ids do, over the table. */
function place(key: number, mask: number): number {
  const mixed = Math.imul(key, FACTOR);
  return (mixed ^ (mixed >>> 15)) & mask;
}

function emptySlots<V>(slots: number): (V | undefined)[] {
  return new Array<V | undefined>(slots).fill(undefined);
}
