/**
 * The deliveries of a session whose outcome is not known, and the dispositions that tell it: of ranges, each id of which is
 * looked up here.
 */

import { writeAccepted } from "./accepted.ts";
import { AcceptedRun } from "./accepted_run.ts";
import type { DeliveryState } from "./codec/types.ts";
import type { IncomingDelivery } from "./incoming_delivery.ts";
import { NumberMap } from "../lib/number_map.ts";
import type { OutgoingDelivery } from "./outgoing_delivery.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { Session } from "./session.ts";

/** Deliveries a peer may leave without outcome in one session. */
export const MAX_UNSETTLED_PER_SESSION = 262_144;

/** See the head of the file. */
export class SessionDeliveries {
  readonly #session: Session;
  readonly #incoming = new NumberMap<IncomingDelivery>();
  readonly #outgoing = new NumberMap<OutgoingDelivery>();
  readonly #accepted = new AcceptedRun();
  #nextId = 0;

  /** None yet. */
  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Sends a disposition for one delivery. Those that accept and settle leave with the next write, deliveries that follow each
   * other in one frame.
   */
  sendDisposition(role: "sender" | "receiver", id: number, settled: boolean, state: DeliveryState | undefined): void {
    if (!this.#session.open) return;
    if (role === "receiver" && settled && state?.kind === "accepted") return this.#accept(id);
    this.sayAccepted();
    this.#session.connection.send(this.#session.channel, {
      type: "disposition",
      role,
      first: id,
      ...(settled ? { settled } : {}),
      ...(state === undefined ? {} : { state }),
    });
  }

  #accept(id: number): void {
    if (this.#accepted.extend(id)) return;
    this.sayAccepted();
    this.#accepted.begin(id);
    this.#session.connection.hasToSay(this.#session);
  }

  /** Encodes what was accepted and not yet said. */
  sayAccepted(): void {
    const run = this.#accepted;
    const { connection, channel } = this.#session;
    if (run.end()) connection.encode(() => writeAccepted(connection.output, channel, run.first, run.last));
  }

  /** A new delivery id. */
  nextId(): number {
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    return id;
  }

  /** Keeps an unsettled outgoing delivery findable by id. */
  rememberOutgoing(id: number, delivery: OutgoingDelivery): void {
    this.#outgoing.set(id, delivery);
  }

  /** The outgoing delivery is settled or lost. */
  forgetOutgoing(id: number): void {
    this.#outgoing.delete(id);
  }

  /** Keeps an unsettled incoming delivery findable by id. */
  rememberIncoming(id: number, delivery: IncomingDelivery): void {
    if (this.#incoming.size >= MAX_UNSETTLED_PER_SESSION) {
      throw new ProtocolError(
        "amqp:resource-limit-exceeded",
        `${MAX_UNSETTLED_PER_SESSION} deliveries without outcome`,
      );
    }
    // Two of one number would be one in our count, and the peer could leave any number of them without outcome.
    if (this.#incoming.get(id) !== undefined) {
      throw new ProtocolError("amqp:invalid-field", `delivery-id ${id} is in use`);
    }
    this.#incoming.set(id, delivery);
  }

  /** The incoming delivery is settled or lost. */
  forgetIncoming(id: number): void {
    this.#incoming.delete(id);
  }

  /** The peer speaks about deliveries `first` to `last`; `role` is its own. */
  disposed(
    role: "sender" | "receiver",
    first: number,
    last: number,
    state: DeliveryState | undefined,
    settled: boolean,
  ): void {
    const count = (last - first) >>> 0;
    const known = role === "receiver" ? this.#outgoing : this.#incoming;
    // A hostile range costs no more than what we really hold.
    if (count > known.size) {
      for (const id of known.keys()) {
        if (((id - first) >>> 0) <= count) this.#dispose(role, id, state, settled);
      }
      return;
    }
    for (let step = 0; step <= count; step++) this.#dispose(role, (first + step) >>> 0, state, settled);
  }

  #dispose(role: "sender" | "receiver", id: number, state: DeliveryState | undefined, settled: boolean): void {
    if (role === "receiver") {
      this.#outgoing.get(id)?.receiverState(state, settled);
    } else {
      const delivery = this.#incoming.get(id);
      if (settled && delivery !== undefined) this.#incoming.delete(id);
      delivery?.senderState(state, settled);
    }
  }
}
