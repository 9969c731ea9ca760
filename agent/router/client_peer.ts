/** A plain AMQP client (role normal): senders, receivers, anonymous relay, dynamic addresses (wire-protocol B.6). */

import type { Attach, Terminus } from "../amqp/codec/types.ts";
import type { Receiver } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import { addressKey, discriminator, localAddress, MANAGEMENT_KEY } from "./address.ts";
import { RESEND_RELEASED, STREAMING } from "./annotations.ts";
import {
  hasSymbol,
  ordinaryTarget,
  RESEND_RELEASED_CAPABILITY,
  routerConnectionOptions,
  STREAMING_CAPABILITY,
} from "./capabilities.ts";
import type { Guard } from "./guard.ts";
import { LinkConsumer } from "./link_consumer.ts";
import type { Router } from "./router.ts";
import type { Channel } from "../transport/channel.ts";
import { AcceptedPeer, type AcceptedPeerEvents } from "./accepted_peer.ts";

/** Classes of addresses that a client may consume: mobile ones and those of this router. */
const CONSUMABLE = new Set(["M", "L"]);

/** One attached client. */
export class ClientPeer extends AcceptedPeer {
  /** Takes over an accepted channel of the AMQP port. Without `guard`, the client may do everything. */
  constructor(router: Router, channel: Channel, events: AcceptedPeerEvents, guard?: Guard) {
    const options = routerConnectionOptions("server", router.identity.id, channel.peer.subject !== undefined);
    super(router, channel, options, "normal", events, guard);
  }

  /** See {@link AcceptedPeer}. */
  protected override onProducer(link: Receiver, attach: Attach): void {
    const target = ordinaryTarget(attach);
    const kind = { client: true, flags: wishes(target) };
    if (attach.target !== undefined && target === undefined) {
      link.refuse({ condition: "amqp:not-implemented", description: "only ordinary targets are served" });
    } else if (target?.dynamic === true) {
      const address = `amqp:/_$temp.${discriminator()}`;
      this.producer(link, address, kind, undefined, { target: { ...target, address } });
    } else if (target?.address === undefined) this.anonymousProducer(link, kind);
    else this.producer(link, target.address, kind, undefined);
  }

  /** See {@link AcceptedPeer}. */
  protected override onConsumer(link: Sender, attach: Attach): void {
    const { identity } = this.router;
    // A client knows nothing of annotations, and gets its streams on the link it opened.
    const consumer = new LinkConsumer(this.peer, undefined, () => undefined, false);
    if (attach.source?.dynamic === true) {
      const address = localAddress(`temp.${discriminator()}`, identity);
      this.consumer(link, addressKey(address, identity), consumer, { source: { ...attach.source, address } });
      return;
    }
    const key = addressKey(attach.source?.address ?? "", identity);
    // What is asked of the router itself is nobody else's to read.
    if (CONSUMABLE.has(key[0] ?? "") && key !== MANAGEMENT_KEY) this.consumer(link, key, consumer);
    else link.refuse({ condition: "amqp:not-allowed", description: "this source can't be consumed here" });
  }
}

/** What a client wants for all messages of a link, as annotation flags. */
function wishes(target: Terminus | undefined): number {
  const capabilities = target?.capabilities;
  return (hasSymbol(capabilities, STREAMING_CAPABILITY) ? STREAMING : 0) |
    (hasSymbol(capabilities, RESEND_RELEASED_CAPABILITY) ? RESEND_RELEASED : 0);
}
