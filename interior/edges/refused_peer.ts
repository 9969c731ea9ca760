/**
 * A peer that proved who it is and is not let in. It hears why in AMQP, because TLS has no words for that: an Open that
 * announces the refusal, and a Close with the reason.
 */

import { REFUSAL, routerConnectionOptions } from "../../agent/router/capabilities.ts";
import { UNAUTHORIZED } from "../../agent/router/guard.ts";
import { Peer } from "../../agent/router/peer.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Channel } from "../../agent/transport/channel.ts";

/** See the head of the file. */
export class RefusedPeer {
  /** The connection. */
  readonly peer: Peer;

  /** Takes over `channel`; call {@link RefusedPeer.start} next. `onGone` is called when it is gone. */
  constructor(router: Router, channel: Channel, reason: string, onGone: (peer: RefusedPeer) => void) {
    const { id } = router.identity;
    const options = routerConnectionOptions("server", id, true, undefined, { properties: REFUSAL });
    this.peer = new Peer(channel, options, false, router.clock, {
      onOpen: () => this.peer.close({ condition: UNAUTHORIZED, description: reason }),
      onAttach: (link) => link.refuse({ condition: UNAUTHORIZED, description: reason }),
      onGone: () => onGone(this),
    });
  }

  /** Starts the conversation. */
  start(): void {
    this.peer.start();
  }
}
