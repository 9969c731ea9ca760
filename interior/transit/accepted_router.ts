/** A connection that another interior opened: its control connection, or one more for streams (wire-protocol I.3). */

import type { Attach } from "../../agent/amqp/codec/types.ts";
import type { Link } from "../../agent/amqp/link_table.ts";
import { type Guard, unauthorized } from "../../agent/router/guard.ts";
import { Peer, type PeerLoss } from "../../agent/router/peer.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import type { ConnectionGroups, Member } from "./connection_groups.ts";
import { interiorConnectionOptions } from "./interior_options.ts";
import type { LinkCost } from "./transit.ts";

/** What the owner of an accepted connection is told. */
export interface AcceptedRouterEvents {
  /** The peer has introduced itself, and is welcome. */
  onOpen(peer: AcceptedRouter): void;
  /** The peer is gone. */
  onGone(peer: AcceptedRouter, reason: PeerLoss): void;
}

/** See the head of the file. */
export class AcceptedRouter {
  /** The connection. */
  readonly peer: Peer;
  #member: Member | undefined;

  /** Takes over `channel`; call {@link AcceptedRouter.start} next. `cost` is the one configured for the port. */
  constructor(groups: ConnectionGroups, channel: Channel, cost: LinkCost, events: AcceptedRouterEvents, guard?: Guard) {
    const { router } = groups;
    const authenticated = channel.peer.subject !== undefined;
    const options = interiorConnectionOptions("server", router.identity.id, authenticated, cost.cost);
    this.peer = new Peer(channel, options, false, router.clock, {
      onOpen: (remote) => {
        const objection = guard?.admits(remote.containerId);
        if (objection !== undefined) return this.peer.close(unauthorized(objection));
        const member = groups.admit(this.peer, remote, cost);
        if (member instanceof Error) {
          groups.refused(this.peer, member);
          this.peer.close({ condition: "amqp:not-allowed", description: member.message });
          return;
        }
        this.#member = member;
        router.peers.add(this.peer, member.role, "in");
        events.onOpen(this);
      },
      onAttach: (link: Link, attach: Attach) => {
        if (this.#member !== undefined) this.#member.onAttach(link, attach);
        else link.refuse({ condition: "amqp:not-allowed", description: "this connection is being closed" });
      },
      onGone: (reason) => {
        guard?.close();
        router.peers.remove(this.peer);
        this.#member?.gone();
        events.onGone(this, reason);
      },
    });
    if (guard === undefined) return;
    guard.onChange = () => {
      const { containerId } = this.peer;
      const objection = containerId === undefined ? undefined : guard.admits(containerId);
      if (objection !== undefined) this.peer.close(unauthorized(objection));
    };
  }

  /** Starts the conversation. */
  start(): void {
    this.peer.start();
  }
}
