/**
 * The outbound links of a router, and how one of them gives way to another that leads to the same place with other
 * credentials: the next one connects first; once it is up, the last one connects no more, and is closed when nothing is
 * under way on it.
 */

import type { LinkStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import type { OutboundLink } from "./outbound_link.ts";

/** How long a connection that gave way may go on for what is still under way on it, in ms. */
export const GIVING_WAY_MS = 3_600_000;

/** See the head of the file. */
export class Succession {
  readonly #links = new Set<OutboundLink>();
  /** Who is in use until the key is up. */
  readonly #predecessors = new Map<OutboundLink, OutboundLink>();
  /** Those that gave way and are not closed yet. */
  readonly #leaving = new Set<OutboundLink>();

  /** One more link. */
  add(link: OutboundLink): void {
    this.#links.add(link);
  }

  /** Those that are to be connected, in the order of arrival. */
  get links(): Iterable<OutboundLink> {
    return this.#links;
  }

  /** One status for each that does not wait to take over; `isUsed` tells which of them are in use. */
  status(isUsed: (link: OutboundLink) => boolean): LinkStatus[] {
    const shown = [...this.#links].filter((link) => !this.#predecessors.has(link));
    return shown.map((link) => link.status(isUsed(link)));
  }

  /** `next` is to take over from `last`; stops the one that nobody needs any more, if any. */
  begin(last: OutboundLink, next: OutboundLink): void {
    // One that never came up has no connection to keep: what it was to follow stays in use.
    const kept = last.peer !== undefined ? last : this.#predecessors.get(last);
    if (kept !== undefined) this.#predecessors.set(next, kept);
    if (kept === last) return;
    this.#predecessors.delete(last);
    this.#links.delete(last);
    last.stop();
  }

  /** `link` is down: if it waits to take over, that is told. */
  tellDown(link: OutboundLink, logger: Logger): void {
    if (!this.#predecessors.has(link)) return;
    const { name, code, message, hint } = link.status(false);
    const fields = { link: name, code, reason: message, next: hint };
    logger.warn("a link can't be moved to its new credentials yet and keeps the old ones", fields);
  }

  /** `next` is up: the link that it takes over from, if any, which is then for {@link Succession.retire}. */
  complete(next: OutboundLink): OutboundLink | undefined {
    const last = this.#predecessors.get(next);
    this.#predecessors.delete(next);
    return last;
  }

  /** Lets `last` end by itself, not before `look`, called from time to time, is true; calls `gone` afterwards. */
  retire(last: OutboundLink, look: () => boolean, gone: () => void): void {
    this.#links.delete(last);
    this.#leaving.add(last);
    last.retire(GIVING_WAY_MS, look).then(() => {
      this.#leaving.delete(last);
      gone();
    });
  }

  /** `link` is not wanted any more: it and those that go with it, which are for the caller to stop. */
  end(link: OutboundLink): OutboundLink[] {
    const last = this.complete(link);
    const { name } = link.target;
    const leaving = [...this.#leaving].filter(({ target }) => target.name === name);
    const all = [link, ...(last === undefined ? [] : [last]), ...leaving];
    for (const each of all) this.#links.delete(each);
    return all;
  }

  /** All of them, those included that gave way and are not closed yet. */
  get all(): OutboundLink[] {
    return [...this.#links, ...this.#leaving];
  }
}
