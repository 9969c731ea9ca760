/**
 * How one outbound link gives way to another that leads to the same place with other credentials: the next one
 * connects first; once it is up, the last one connects no more, and is closed when nothing is under way on it.
 */

import type { OutboundLink } from "./outbound_link.ts";

/** How long a connection that gave way may go on for what is still under way on it, in ms. */
export const GIVING_WAY_MS = 3_600_000;

/** See the head of the file. */
export class Succession {
  /** Who is in use until the key is up. */
  readonly #predecessors = new Map<OutboundLink, OutboundLink>();
  /** Those that gave way and are not closed yet. */
  readonly #leaving = new Set<OutboundLink>();

  /** `next` is to take over from `last`; the result is the link that nobody needs any more, if any. */
  begin(last: OutboundLink, next: OutboundLink): OutboundLink | undefined {
    // One that never came up has no connection to keep: what it was to follow stays in use.
    const kept = last.peer !== undefined ? last : this.#predecessors.get(last);
    if (kept !== undefined) this.#predecessors.set(next, kept);
    if (kept === last) return undefined;
    this.#predecessors.delete(last);
    return last;
  }

  /** True while `link` waits to take over. */
  awaits(link: OutboundLink): boolean {
    return this.#predecessors.has(link);
  }

  /** `next` is up: the link that it takes over from, if any, which is then for {@link Succession.retire}. */
  complete(next: OutboundLink): OutboundLink | undefined {
    const last = this.#predecessors.get(next);
    this.#predecessors.delete(next);
    return last;
  }

  /** Lets `last` end by itself; calls `look` from time to time until then, and `gone` afterwards. */
  retire(last: OutboundLink, look: () => void, gone: () => void): void {
    this.#leaving.add(last);
    last.retire(GIVING_WAY_MS, look).then(() => {
      this.#leaving.delete(last);
      gone();
    });
  }

  /** `link` is not wanted any more: those that go with it. */
  end(link: OutboundLink): OutboundLink[] {
    const last = this.complete(link);
    const { name } = link.target;
    return [...(last === undefined ? [] : [last]), ...[...this.#leaving].filter(({ target }) => target.name === name)];
  }

  /** Those that gave way and are not closed yet. */
  get leaving(): Iterable<OutboundLink> {
    return this.#leaving;
  }
}
