/** A peer of the product and one that a test plays, connected in memory. */

import { SYSTEM_CLOCK } from "../lib/clock.ts";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { WirePeer } from "../../tests/support/wire_peer.ts";
import type { Attach } from "../amqp/codec/types.ts";
import type { Link } from "../amqp/link_table.ts";
import { routerConnectionOptions } from "./capabilities.ts";
import { Peer, type PeerLoss } from "./peer.ts";

/** The two, and how to end them. */
export interface Peers extends AsyncDisposable {
  /** The product's side. */
  readonly peer: Peer;
  /** The test's side. */
  readonly wire: WirePeer;
  /** Why the product's side ended, each time it said so. */
  readonly losses: PeerLoss[];
}

/** Connects them; `onAttach` answers links that the test opens. */
export async function connected(
  onAttach: (link: Link, attach: Attach) => void = (link) => link.refuse({ condition: "amqp:not-found" }),
  streaming = true,
): Promise<Peers> {
  const [near, far] = channelPair();
  const losses: PeerLoss[] = [];
  let open = false;
  const peer = new Peer(near, routerConnectionOptions("server", "NEAR", false), true, SYSTEM_CLOCK, {
    onOpen: () => open = true,
    onAttach,
    onGone: (loss) => losses.push(loss),
  });
  peer.start();
  const wire = new WirePeer(far, "client", "FAR", streaming);
  await until(() => open && wire.peer.connection.isOpen);
  return {
    peer,
    wire,
    losses,
    async [Symbol.asyncDispose]() {
      peer.channel.destroy();
      await until(() => losses.length > 0 && wire.gone !== undefined);
    },
  };
}
