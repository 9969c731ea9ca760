/** An interior in memory, with edges and clients that a test plays by hand (wire-protocol I.1). */

import type { Receiver } from "../../agent/amqp/receiver.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import { ADDRESS_TRACKING, EDGE_DOWNLINK, MESH_DISCOVERY, terminus } from "../../agent/router/capabilities.ts";
import { decodeTracking, encodeMeshId } from "../../agent/router/edge_messages.ts";
import { Router } from "../../agent/router/router.ts";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { send, WirePeer } from "../../tests/support/wire_peer.ts";
import type { AcceptedPeer, AcceptedPeerEvents } from "../../agent/router/accepted_peer.ts";
import { ClientPeer } from "../../agent/router/client_peer.ts";
import { EdgePeer } from "./edge_peer.ts";

/** See the head of the file. */
export class TestInterior implements AsyncDisposable {
  readonly router = new Router({ id: "R1", role: "interior" });
  readonly peers = new Set<AcceptedPeer>();
  readonly #wires: WirePeer[] = [];

  /** A connected edge router, of a process of its own if `process` names one. */
  edge(id: string, streaming = true, process?: string): TestEdge {
    return new TestEdge(this.#connect(EdgePeer, id, streaming, process));
  }

  /** A connected AMQP client. */
  client(id: string): WirePeer {
    return this.#connect(ClientPeer, id, false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) if (wire.gone === undefined) wire.peer.close();
    await until(() => this.peers.size === 0 && this.#wires.every(({ gone }) => gone !== undefined));
  }

  #connect(kind: typeof EdgePeer | typeof ClientPeer, id: string, streaming: boolean, process?: string): WirePeer {
    const [near, far] = channelPair();
    const events: AcceptedPeerEvents = { onOpen() {}, onGone: (peer) => this.peers.delete(peer) };
    const peer = new kind(this.router, near, events);
    this.peers.add(peer);
    peer.start();
    const wire = new WirePeer(far, "client", id, streaming, process);
    this.#wires.push(wire);
    return wire;
  }
}

/** An edge with the links of wire-protocol I.1, each opened by its own call. */
export class TestEdge {
  readonly wire: WirePeer;

  constructor(wire: WirePeer) {
    this.wire = wire;
    wire.onAttach = (link) => {
      if (link.role !== "receiver") return link.refuse({ condition: "amqp:not-allowed" });
      link.accept(wire.receive());
      link.keepCredit(100);
    };
  }

  /** For messages to anywhere. */
  uplink(): Promise<Sender> {
    return this.wire.sender({});
  }

  /** For messages to the edge itself. */
  downlink(id: string): Promise<Receiver> {
    return this.wire.receiver(terminus(id, EDGE_DOWNLINK));
  }

  /** Opens the tracking link; returns what it has said so far, as a live list. */
  async tracking(credit = 32): Promise<{ link: Receiver; reports: () => string[] }> {
    const link = await this.wire.receiver({ address: ADDRESS_TRACKING }, credit);
    const reports = () =>
      this.wire.arrived.filter((arrived) => arrived.link === link && arrived.events.includes("end")).map((arrived) => {
        const report = decodeTracking(arrived.octets);
        return `${report?.key} ${report?.reachable}`;
      });
    return { link, reports };
  }

  /** Tells the mesh id and waits until it was taken. */
  async meshId(id: string): Promise<void> {
    const sent = send(await this.wire.sender({ address: MESH_DISCOVERY }), encodeMeshId(id));
    await until(() => sent.states.length === 1);
  }
}
