/**
 * Repeats advertisements that bring news to routers that ask once: a C router that hears of news asks for it at once,
 * but while paths change the question gets lost easily, and it asks again only after the next advertisement, 4 s later.
 * So it hears the same one again in each of the next seconds. Our own routers repeat their questions themselves.
 */

import type { RouterAdvertisement } from "../routing/control_message.ts";
import type { Neighbour } from "./neighbour.ts";
import { AREA } from "./remote_router.ts";

/** How often news is repeated, once a second. */
const TIMES = 3;

/** What has to be known of a neighbour. */
type Listener = Pick<Neighbour, "id" | "asksOnce"> & { readonly control: Pick<Neighbour["control"], "send"> };

interface Reminder {
  readonly message: RouterAdvertisement;
  readonly bytes: Uint8Array;
  readonly trace: readonly string[];
  left: number;
}

/** See the head of the file. */
export class Reminders {
  readonly #neighbours: ReadonlyMap<number, Listener>;
  readonly #latest = new Map<string, Reminder>();

  /** `neighbours` are those that hear advertisements. */
  constructor(neighbours: ReadonlyMap<number, Listener>) {
    this.#neighbours = neighbours;
  }

  /** The advertisement `message` was sent as `bytes` to all neighbours that are not in `trace`. */
  told(message: RouterAdvertisement, bytes: Uint8Array, trace: readonly string[]): void {
    const known = this.#latest.get(message.id)?.message;
    const news = known === undefined || known.instance !== message.instance ||
      known.linkStateSequence !== message.linkStateSequence || known.mobileSequence !== message.mobileSequence;
    if (news) this.#latest.set(message.id, { message, bytes, trace, left: TIMES });
  }

  /** To be called every second. `isCurrent` says whether a router is still of the network; others are forgotten. */
  tick(isCurrent: (id: string) => boolean): void {
    for (const [id, reminder] of this.#latest) {
      if (!isCurrent(id)) this.#latest.delete(id);
      else if (reminder.left > 0) {
        reminder.left--;
        for (const { id, asksOnce, control } of this.#neighbours.values()) {
          if (asksOnce && !reminder.trace.includes(AREA + id)) control.send(reminder.bytes);
        }
      }
    }
  }
}
