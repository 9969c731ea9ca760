/** Time that passes only when everything that happens now has happened, and then jumps to what happens next. */

import type { Clock } from "../../agent/lib/clock.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  action: (() => void) | undefined;
}

/** Continuations of promises that may follow one another within one turn of the code under test. */
const PROMISE_TURNS = 16;

/** See the head of the file. */
export class VirtualTime {
  /** Milliseconds since the beginning. */
  now = 0;
  /** Actions that were called. */
  events = 0;
  readonly #heap: Event[] = [];
  #soon: (() => void)[] = [];
  #order = 0;

  /** True while something is still to happen. */
  get pending(): boolean {
    return this.#heap.some(({ action }) => action !== undefined);
  }

  /** Calls `action` at `at`; the result cancels that. */
  at(at: number, action: () => void): () => void {
    const event: Event = { at: Math.max(at, this.now), order: this.#order++, action };
    this.#push(event);
    return () => event.action = undefined;
  }

  /** Calls `action` before time passes. */
  soon(action: () => void): void {
    this.#soon.push(action);
  }

  /** Lets time pass until `end`. */
  async run(end: number): Promise<void> {
    for (;;) {
      await this.#turn();
      const next = this.#heap[0];
      if (next === undefined || next.at > end) break;
      this.#pop();
      if (next.action === undefined) continue;
      this.now = next.at;
      this.#call(next.action);
    }
    this.now = end;
  }

  async #turn(): Promise<void> {
    for (let turn = 0; turn < PROMISE_TURNS; turn++) {
      while (this.#soon.length > 0) {
        turn = 0;
        for (const action of this.#soon.splice(0)) this.#call(action);
      }
      await undefined;
    }
  }

  #call(action: () => void): void {
    this.events++;
    action();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}

/** The clock of one node: it runs ahead or behind, at a pace of its own, stands still while frozen, and dies. */
export class NodeClock implements Clock {
  readonly #time: VirtualTime;
  readonly #ahead: number;
  readonly #pace: number;
  #held: (() => void)[] | undefined;
  #dead = false;

  /** `ahead` in ms; `pace` is 1 for a clock that neither gains nor loses. */
  constructor(time: VirtualTime, ahead: number, pace: number) {
    this.#time = time;
    this.#ahead = ahead;
    this.#pace = pace;
  }

  /** See {@link Clock}. */
  now(): number {
    return this.#ahead + this.#time.now * this.#pace;
  }

  /** See {@link Clock}. */
  after(ms: number, action: () => void): () => void {
    return this.#time.at(this.#time.now + ms / this.#pace, () => this.run(action));
  }

  /** See {@link Clock}. */
  soon(action: () => void): void {
    this.#time.soon(() => this.run(action));
  }

  /** Calls `action` as something that happens to the node: later if it is frozen, never if it is dead. */
  run(action: () => void): void {
    if (this.#dead) return;
    if (this.#held !== undefined) this.#held.push(action);
    else action();
  }

  /** Nothing happens to the node until {@link NodeClock.thaw}. */
  freeze(): void {
    this.#held ??= [];
  }

  /** All that was held back happens now. */
  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const action of held) this.soon(action);
  }

  /** Nothing happens to the node any more. */
  die(): void {
    this.#dead = true;
    this.#held = undefined;
  }
}

function before(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
