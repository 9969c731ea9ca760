/**
 * Two processes with the name of one edge, as after its folder was copied. What is for the edge goes by the connection that
 * came last, and the other process wonders: so it is told here, once both have been connected for so long that neither can
 * be what is left of the other after a restart.
 */

import type { Clock } from "../../agent/lib/clock.ts";
import { IDLE_TIMEOUT_MS, openProperty, PROCESS_PROPERTY } from "../../agent/router/capabilities.ts";
import type { Peer } from "../../agent/router/peer.ts";

/** How long both are connected before that is told, in ms: a connection that is dead is dropped before. */
export const TWINS_MS: number = IDLE_TIMEOUT_MS * 2 + 4000;

/** An edge as it is connected; what a {@link Peer} is. */
export type ConnectedEdge = Pick<Peer, "containerId" | "connection">;

/** See the head of the file. */
export class Twins<Edge extends ConnectedEdge = Peer> {
  readonly #clock: Clock;
  readonly #onTwins: (edge: Edge, older: Edge) => void;
  readonly #connected = new Set<Edge>();
  readonly #cancels = new Map<Edge, () => void>();

  /** `onTwins` hears of a connection, and of an older one of another process. */
  constructor(clock: Clock, onTwins: (edge: Edge, older: Edge) => void) {
    this.#clock = clock;
    this.#onTwins = onTwins;
  }

  /** `edge` has introduced itself. */
  opened(edge: Edge): void {
    const older = [...this.#connected].find((other) => areTwins(edge, other));
    this.#connected.add(edge);
    if (older === undefined) return;
    const cancel = this.#clock.after(TWINS_MS, () => {
      this.#cancels.delete(edge);
      if (this.#connected.has(older)) this.#onTwins(edge, older);
    });
    this.#cancels.set(edge, cancel);
  }

  /** `edge` is gone. */
  gone(edge: Edge): void {
    this.#connected.delete(edge);
    this.#cancels.get(edge)?.();
    this.#cancels.delete(edge);
  }
}

function areTwins(one: ConnectedEdge, other: ConnectedEdge): boolean {
  const [process, another] = [one, other].map(({ connection }) => openProperty(connection.remote, PROCESS_PROPERTY));
  if (process === undefined || another === undefined || process === another) return false;
  return one.containerId === other.containerId;
}
