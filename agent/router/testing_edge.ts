/** An edge whose interiors the test plays (wire-protocol I.3). */

import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { type Opened, send, type Sent, WirePeer } from "../../tests/support/wire_peer.ts";
import type { ReceiverHandler } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import { TendrilError } from "../lib/errors.ts";
import { silentLogger } from "../telemetry/log.ts";
import type { Channel } from "../transport/channel.ts";
import { ADDRESS_TRACKING, LINK_CREDIT, MESH_DISCOVERY } from "./capabilities.ts";
import { encodeTracking } from "./edge_messages.ts";
import { EdgeLinks } from "./edge_links.ts";
import { Router } from "./router.ts";

/** An interior that the test plays: what an edge opens is answered as a real one would. */
export class Interior {
  readonly wire: WirePeer;
  constructor(channel: Channel, id: string) {
    this.wire = new WirePeer(channel, "server", id);
    this.wire.onAttach = (link, attach) => {
      if (link.role === "sender") return link.accept({});
      link.accept(targetOf(attach) === MESH_DISCOVERY ? this.#meshDiscovery() : this.wire.receive());
      link.keepCredit(LINK_CREDIT);
    };
  }

  /** Takes the edge's mesh id. */
  #meshDiscovery(): ReceiverHandler {
    const record = this.wire.receive();
    return {
      onDelivery: (delivery) => {
        record.onDelivery(delivery);
        delivery.update({ kind: "accepted" }, true);
      },
    };
  }

  /** The edge's link from `source` (undefined: the downlink), on which this side sends. */
  async towards(source: string): Promise<Sender> {
    const { link } = await this.wire.opens(({ link, attach }) =>
      link.role === "sender" && attach.source?.address === source
    );
    await until(() => (link as Sender).ready);
    return link as Sender;
  }

  /** The edge's link to `target`. */
  async from(target: string | undefined): Promise<Opened> {
    return await this.wire.opens(({ link, attach }) => link.role === "receiver" && targetOf(attach) === target);
  }

  /** Tells the edge about `key`; the result shows when it has heard. */
  async report(key: string, reachable: boolean): Promise<Sent> {
    this.#tracking ??= await this.towards(ADDRESS_TRACKING);
    return send(this.#tracking, encodeTracking({ key, reachable }, "R1"));
  }
  #tracking: Sender | undefined;
}

/** The address of the target of a link that the edge opens. */
export function targetOf({ target }: Opened["attach"]): string | undefined {
  return target !== undefined && "address" in target ? target.address : undefined;
}

/**
 * An edge with a link to each of `names`, at these costs; an interior is there for every attempt unless it is in `down`, as some are
 * at first. A cheaper one takes over after `steadyMs`.
 */
export function edge(names: Readonly<Record<string, number>>, absent: readonly string[] = [], steadyMs?: number) {
  const router = new Router({ id: "E1", role: "edge" });
  const interiors = new Map<string, Interior>();
  const down = new Set<string>(absent);
  const attempts: string[] = [];
  let resets = 0;
  const targets = Object.entries(names).map(([name, cost]) => ({
    name,
    cost,
    measured: false,
    endpoint: `${name}:45671`,
    connect: () => {
      attempts.push(name);
      if (down.has(name)) return Promise.reject(new TendrilError("LINK_REFUSED", `${name} refuses`));
      const [near, far] = channelPair();
      interiors.set(name, new Interior(far, name));
      return Promise.resolve(near);
    },
  }));
  let changes = 0;
  const retry = () => ({ next: () => 5, reset: () => resets++ });
  const links = new EdgeLinks(router, targets, retry, silentLogger, () => changes++, steadyMs);
  return {
    router,
    links,
    down,
    attempts,
    interior: (name: string) => interiors.get(name)!,
    states: () => Object.fromEntries(links.status().map(({ name, state }) => [name, state])),
    changes: () => changes,
    resets: () => resets,
    [Symbol.asyncDispose]: async () => {
      await links.stop();
      await until(() => [...interiors.values()].every(({ wire }) => wire.gone !== undefined));
    },
  };
}
