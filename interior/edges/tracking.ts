/**
 * Tells one edge which of the addresses it sends to can be reached (wire-protocol B.3). One message at a time and only
 * the newest state of each address, so that a slow edge costs no memory.
 */

import type { SenderHandler } from "../../agent/amqp/sender.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import type { ReachabilityTeller } from "../../agent/router/accepted_peer.ts";
import { encodeTracking, LEAVING } from "../../agent/router/edge_messages.ts";

/** An address that the edge sends to. */
interface Tracked {
  reachable: boolean;
  /** Links by which it does. */
  links: number;
}

/** The tracking link of one edge, and what is still to be said over it. */
export class Tracking implements ReachabilityTeller {
  #link: Sender | undefined;
  /** By key. */
  readonly #state = new Map<string, Tracked>();
  /** Keys whose state the edge does not know yet. */
  readonly #unsaid = new Set<string>();
  readonly #routerId: string;
  /** Whether the edge will be gone soon; undefined before it is asked. */
  #leaves: PromiseWithResolvers<boolean> | undefined;

  /** `routerId` is ours: it goes into the annotations of the messages. */
  constructor(routerId: string) {
    this.#routerId = routerId;
  }

  /** The edge attaches its tracking link: it learns everything. */
  attach(link: Sender): void {
    const handler: SenderHandler = { onReady: () => this.#tell(), onDetached: () => this.#detached(link) };
    link.accept(handler);
    this.#link = link;
    for (const [key, { reachable }] of this.#state) if (reachable) this.#unsaid.add(key);
    this.#tell();
  }

  /** The edge has a new link that sends to `key`: it waits for a report, whatever was reported before. */
  begin(key: string): void {
    this.#state.set(key, { reachable: false, links: (this.#state.get(key)?.links ?? 0) + 1 });
  }

  /** The state of `key` is new. */
  set(key: string, reachable: boolean): void {
    const { reachable: known, links } = this.#state.get(key) ?? { reachable: false, links: 0 };
    this.#state.set(key, { reachable, links });
    if (known === reachable) return;
    this.#unsaid.add(key);
    this.#tell();
  }

  /** Asks an edge of ours to use another link; resolves with whether it will, once it has said so or is lost. */
  dismiss(): Promise<boolean> {
    if (this.#leaves !== undefined) return this.#leaves.promise;
    this.#leaves = Promise.withResolvers();
    // One that stands by has nothing to leave; it is told nevertheless, in case that changes.
    if (this.#link === undefined) this.#leaves.resolve(false);
    this.set(LEAVING, true);
    return this.#leaves.promise;
  }

  /** One link of the edge does not send to `key` any more. */
  forget(key: string): void {
    const tracked = this.#state.get(key);
    if (tracked !== undefined && --tracked.links > 0) return;
    this.#state.delete(key);
    this.#unsaid.delete(key);
  }

  #tell(): void {
    const link = this.#link;
    while (link?.ready) {
      const key = this.#unsaid.values().next().value;
      if (key === undefined) return;
      this.#unsaid.delete(key);
      const message = encodeTracking({ key, reachable: this.#state.get(key)?.reachable ?? false }, this.#routerId);
      const answered = key === LEAVING ? this.#leaves : undefined;
      link.start(false, {
        onDrain() {},
        onReceiverState: (state, settled) => {
          if (state !== undefined || settled) answered?.resolve(state?.kind === "released");
        },
        onLost: () => answered?.resolve(false),
      }).finish(message);
    }
  }

  #detached(link: Sender): void {
    if (this.#link !== link) return; // There is another by now.
    this.#link = undefined;
    this.#leaves?.resolve(false);
  }
}
