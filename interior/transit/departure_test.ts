/** Departure in one process, with an edge whose words take as long as the test wants. */

import assert from "node:assert/strict";
import { DISABLE_Q2, NO_ANNOTATIONS, STREAMING } from "../../agent/router/annotations.ts";
import { EdgeLinks } from "../../agent/router/edge_links.ts";
import type { Consumer, Downstream, Upstream } from "../../agent/router/flow.ts";
import { PatientRoutes } from "../../agent/router/patient_stream.ts";
import { Router } from "../../agent/router/router.ts";
import { routed } from "../../agent/router/testing_consumer.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { HeldUp } from "../../tests/support/held_up.ts";
import { until } from "../../tests/support/until.ts";
import { message } from "../../tests/support/wire_peer.ts";
import { EdgePeer } from "../edges/edge_peer.ts";
import { AcceptedRouter } from "./accepted_router.ts";
import { ConnectionGroups } from "./connection_groups.ts";
import { depart } from "./departure.ts";
import { InteriorLinks } from "./interior_links.ts";
import { Transit } from "./transit.ts";

const GRACE_MS = 30_000;
/** Time for which the going interior hears nothing of the edge: more than it takes everything else. */
const HELD_UP_MS = 1300;
/** Between the beginnings of two streams. */
const BETWEEN_STREAMS_MS = 10;
const OCTETS = 1000;
const RETRY = () => ({ next: () => 20, reset() {} });
const STREAM = {
  address: "svc",
  start: message({ to: "svc", body: "as long as there is another way" }),
  complete: false,
  annotations: { ...NO_ANNOTATIONS, flags: STREAMING | DISABLE_Q2 },
};

/** One interior. */
class Hub {
  readonly router: Router;
  readonly transit: Transit;
  readonly links: InteriorLinks;
  /** What comes from its edges, on its way. */
  readonly fromEdges: HeldUp[] = [];
  /** False once it accepts nobody. */
  open = true;
  readonly #groups: ConnectionGroups;

  constructor(id: string) {
    this.router = new Router({ id, role: "interior" });
    this.transit = new Transit(this.router, 1, silentLogger, () => {});
    this.transit.start();
    this.#groups = new ConnectionGroups(this.router, this.transit, silentLogger);
    this.links = new InteriorLinks(this.router, this.transit, RETRY, silentLogger, () => {});
  }

  dial(other: Hub, cost: number): void {
    const accept = (channel: Channel) =>
      new AcceptedRouter(other.#groups, channel, { cost, measured: false }, { onOpen() {}, onGone() {} }).start();
    this.links.add(target(other, accept, cost));
  }

  accept(channel: Channel): void {
    const slow = new HeldUp(channel);
    this.fromEdges.push(slow);
    new EdgePeer(this.router, slow, { onOpen() {}, onGone() {} }).start();
  }

  /** Streams that other interiors have sent here. */
  get streams(): number {
    const peers = [...this.router.peers.all].filter(({ role }) => role === "inter-router-data");
    const links = peers.flatMap(({ peer }) => [...peer.connection.links()]);
    return links.reduce((sum, { role, counts }) => role === "receiver" ? sum + counts.deliveries : sum, 0);
  }

  async stop(): Promise<void> {
    this.open = false;
    for (const { peer } of [...this.router.peers.all]) peer.close();
    await this.links.stop();
    this.transit.stop();
  }
}

function target(hub: Hub, accept: (channel: Channel) => void, cost = 1) {
  const connect = () => {
    if (!hub.open) return Promise.reject(new Error("shut"));
    const [client, server] = channelPair();
    accept(server);
    return Promise.resolve(client);
  };
  return { name: hub.router.identity.id, cost, measured: false, endpoint: "memory", connect };
}

/** Accepts what it is sent a moment after its end. */
class Service implements Consumer {
  readonly origin: Consumer["origin"] = undefined;
  readonly cost = 0;
  readonly remote = false;
  outstanding = 0;

  deliver(_message: unknown, upstream: Upstream): Downstream {
    let over = false;
    return {
      pending: 0,
      write() {},
      end() {
        setTimeout(() => over || upstream.consumerState({ kind: "accepted" }, true), 5);
      },
      abort: () => over = true,
      producerSettled() {},
    };
  }
}

Deno.test("departure: no stream is lost, however long an edge takes to move, and whoever still sends to it", async () => {
  const [going, staying, client] = ["going", "staying", "client"].map((id) => new Hub(id)) as [Hub, Hub, Hub];
  staying.dial(going, 1);
  client.dial(going, 1);
  // Not where streams would go by themselves, when those that wait make the other way dearer.
  client.dial(staying, 1000);
  const edge = new Router({ id: "edge", role: "edge" });
  edge.addresses.add("Msvc", new Service());
  const links = new EdgeLinks(edge, [], RETRY, silentLogger, () => {});
  const states = () => links.status().map(({ state }) => state).join();
  links.add(target(going, (channel) => going.accept(channel)));
  await until(() => states() === "active");
  links.add(target(staying, (channel) => staying.accept(channel)));
  await until(() => states() === "active,standby" && client.router.addresses.get("Msvc") !== undefined);
  const [toEdge] = going.fromEdges as [HeldUp];

  const patient = new PatientRoutes(client.router.route, client.router.clock);
  const outcomes = new Map<string, number>();
  let sent = 0;
  let over = 0;
  const cancel = setInterval(() => {
    sent++;
    const stream = patient.send(routed(STREAM), {
      drained() {},
      consumerState(state) {
        const kind = state?.kind ?? "none";
        if (kind === "received") return;
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
        over++;
      },
    });
    stream.write(new Uint8Array(OCTETS));
    stream.end();
  }, BETWEEN_STREAMS_MS);
  await until(() => sent > 20);
  going.open = false;
  toEdge.hold(HELD_UP_MS);
  const atStop = going.streams;
  await depart(going.router, going.transit, GRACE_MS);
  assert.ok(going.streams > atStop + 10, "streams still came through it while it left");
  await going.stop();
  const atEnd = sent;
  await until(() => sent > atEnd + 20);
  clearInterval(cancel);
  await until(() => over === sent);
  assert.deepEqual(Object.fromEntries(outcomes), { accepted: sent });
  patient.stop();
  await links.stop();
  await Promise.all([staying.stop(), client.stop()]);
});
