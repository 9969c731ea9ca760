/**
 * The ways by which streams go to a neighbour: the data connections it shares with us, in turn, or its control
 * connection while there is none (wire-protocol A.6).
 */

import { ROUTER_DATA } from "../../agent/router/capabilities.ts";
import type { Egress } from "../../agent/router/egress.ts";
import type { StreamSender } from "../../agent/router/link_consumer.ts";
import type { Peer } from "../../agent/router/peer.ts";
import { StreamLinks } from "../../agent/router/stream_links.ts";

/** See the head of the file. */
export class StreamSpread implements StreamSender {
  readonly #control: StreamLinks;
  readonly #data: { readonly peer: Peer; readonly links: StreamLinks }[] = [];
  #turn = 0;

  /** `control` is the control connection. */
  constructor(control: Peer) {
    this.#control = new StreamLinks(control, ROUTER_DATA);
  }

  /** Another connection carries streams from now on. */
  add(peer: Peer): void {
    this.#data.push({ peer, links: new StreamLinks(peer) });
  }

  /** A data connection is gone. */
  remove(peer: Peer): void {
    const at = this.#data.findIndex((way) => way.peer === peer);
    if (at >= 0) this.#data.splice(at, 1);
  }

  /** See {@link StreamSender}. */
  send(egress: Egress): void {
    (this.#next() ?? this.#control).send(egress);
  }

  /** One that is being closed may be so for a while, when its peer does not read. */
  #next(): StreamLinks | undefined {
    const ways = this.#data;
    for (let tries = ways.length; tries > 0; tries--) {
      const { peer, links } = ways[++this.#turn % ways.length];
      if (peer.connection.isOpen) return links;
    }
    return undefined;
  }
}
