/**
 * Deliveries that were accepted and settled, and whose sender has yet to hear of it. As long as their numbers follow each
 * other, one frame says it of all.
 */

/** See the head of the file. */
export class AcceptedRun {
  /** The first delivery. */
  first = 0;
  /** The last delivery. */
  last = 0;
  #begun = false;

  /** Takes in the delivery `id`, if it comes just before or after the others; returns whether it does. */
  extend(id: number): boolean {
    if (!this.#begun) return false;
    if (id === (this.last + 1) >>> 0) this.last = id;
    else if (id === (this.first - 1) >>> 0) this.first = id;
    else return false;
    return true;
  }

  /** The delivery `id` begins a new run. */
  begin(id: number): void {
    this.#begun = true;
    this.first = this.last = id;
  }

  /** Ends the run; returns whether there was one. */
  end(): boolean {
    const begun = this.#begun;
    this.#begun = false;
    return begun;
  }
}
