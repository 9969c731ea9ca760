/** Messages with every outcome that there is, from one AMQP client to another, and what a router must count of them. */

import type { DeliveryState } from "../../agent/amqp/codec/types.ts";
import { dial } from "../../agent/transport/dial.ts";
import { until } from "./until.ts";
import { message, read, send, WirePeer } from "./wire_peer.ts";

/** Where they go. */
export const COUNTED = "counted";

const OUTCOMES: Readonly<Record<string, DeliveryState>> = {
  accept: { kind: "accepted" },
  reject: { kind: "rejected", error: { condition: "test:rejected" } },
  release: { kind: "released" },
  modify: { kind: "modified", deliveryFailed: false, undeliverableHere: false },
};
/** In this order; the last one gets no outcome. */
const SENT = ["accept", "accept", "accept", "reject", "reject", "release", "modify", "hold"];

/** What is counted at the link of either client, by the names that `skstat -l` has for it. */
export const EXPECTED = {
  undel: 0,
  unsett: 1,
  deliv: SENT.length + 1,
  presett: 1,
  psdrop: 0,
  acc: 3,
  rej: 2,
  rel: 1,
  mod: 1,
  stuck: 0,
} as const;

/** The two clients; their links are there until they are disposed. */
export class CountedMessages implements AsyncDisposable {
  readonly #wires: readonly WirePeer[];

  private constructor(wires: readonly WirePeer[]) {
    this.#wires = wires;
  }

  /** Sends them through the router whose plain port for AMQP clients is `port`; resolves when all is as expected. */
  static async through(port: number): Promise<CountedMessages> {
    const [taker, giver] = await Promise.all(["taker", "giver"].map((id) => client(port, id)));
    await taker!.receiver({ address: COUNTED });
    const link = await giver!.sender({ address: COUNTED });
    let answered = 0;
    const sent = [...SENT, undefined].map((body) =>
      send(link, message({ body: body ?? "hold" }), /* presettled */ body === undefined)
    );
    await until(() => {
      for (const { delivery, octets } of taker!.arrived.slice(answered)) {
        const outcome = OUTCOMES[read(octets).body];
        if (outcome !== undefined) delivery.update(outcome, true);
        answered++;
      }
      return answered === sent.length && sent.filter(({ states }) => states.length > 0).length === SENT.length - 1;
    });
    return new CountedMessages([taker!, giver!]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.close()));
  }
}

/** A client at the plain port `port`. */
async function client(port: number, id: string): Promise<WirePeer> {
  const target = { host: "127.0.0.1", port, websocket: false, timeoutMs: 10_000 };
  return new WirePeer(await dial(target, new AbortController().signal), "client", id);
}
