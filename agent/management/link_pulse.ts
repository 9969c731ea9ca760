/**
 * What can only be known of links by looking at them again and again: how many deliveries a second they handle, and for
 * how long they have had no credit. One look a second at each link, so that a delivery costs nothing for it; it also
 * tells connections the time by which deliveries are dated.
 */

import type { Link } from "../amqp/link_table.ts";
import { every } from "../lib/clock.ts";
import type { Router } from "../router/router.ts";

/** Between two looks, in ms. */
const LOOK_MS = 1000;
/** Seconds that a rate is the mean of, as with routers in C. */
const DEPTH = 5;

/** What is known of one link. */
interface Course {
  /** What it had handled at the last looks, the newest last. */
  readonly handled: number[];
  /** Looks since it has had credit. */
  withoutCredit: number;
}

/** See the head of the file. */
export class LinkPulse {
  readonly #courses = new WeakMap<Link, Course>();

  /** Looks at the links of `router` until the result is called. */
  start(router: Router): () => void {
    return every(router.clock, LOOK_MS, () => this.look(router));
  }

  /** A second has passed. */
  look(router: Router): void {
    for (const { peer: { connection } } of router.peers.all) {
      connection.seconds++;
      for (const link of connection.links()) this.#note(link);
    }
  }

  /** Deliveries that `link` has handled a second, over the last five. */
  rate(link: Link): number {
    const { handled } = this.#courses.get(link) ?? NO_COURSE;
    return Math.floor((link.counts.handled - (handled[0] ?? link.counts.handled)) / DEPTH);
  }

  /** Seconds for which `link` has had no credit. */
  withoutCredit(link: Link): number {
    return this.#courses.get(link)?.withoutCredit ?? 0;
  }

  #note(link: Link): void {
    let course = this.#courses.get(link);
    if (course === undefined) this.#courses.set(link, course = { handled: [], withoutCredit: 0 });
    course.handled.push(link.counts.handled);
    if (course.handled.length > DEPTH) course.handled.shift();
    course.withoutCredit = link.credit > 0 ? 0 : course.withoutCredit + 1;
  }
}

const NO_COURSE: Course = { handled: [], withoutCredit: 0 };
