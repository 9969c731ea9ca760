/**
 * The core that edge and interior share: an address table, and one way for every message from whoever brings it to
 * whoever takes it. Map of the room: `address` and `annotations` say where a message wants to go, `message_head` finds
 * that in its bytes, `address_table` and `forward` choose consumers, `ingress` and `egress` join links to them,
 * `peer` is a connected router or client, `edge_links` is how an edge reaches its interior.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { AddressEntry } from "./address_entry.ts";
import { AddressTable } from "./address_table.ts";
import { RESEND_RELEASED } from "./annotations.ts";
import { type RouterIdentity, UPLINK_KEY } from "./address.ts";
import { AddressKeys } from "./address_keys.ts";
import { type Admissions, noAdmissions } from "./admissions.ts";
import { LinkCounts } from "../amqp/link_counts.ts";
import { noRouterDeliveries, type RouterDeliveries, tally, tallyDropped, tallyRouted } from "./deliveries.ts";
import { fanOut } from "./fanout.ts";
import { type Clock, SYSTEM_CLOCK } from "../lib/clock.ts";
import type { Consumer, Downstream, Message, Upstream } from "./flow.ts";
import { chooseConsumers, chooseOne } from "./forward.ts";
import type { MemoryCeiling } from "./memory_ceiling.ts";
import { PeerTable } from "./peer_table.ts";
import { Refusals } from "./refusals.ts";
import { ReplyAddresses } from "./reply_addresses.ts";
import { resending } from "./resend.ts";

/** One router. */
export class Router {
  /** Who this router is. */
  readonly identity: RouterIdentity;
  /** What drives its peers. */
  readonly clock: Clock;
  /** Who serves which address. */
  readonly addresses: AddressTable;
  /** Who waits for an answer. */
  readonly replies: ReplyAddresses = new ReplyAddresses();
  /** Edge role: what the interior does not allow. */
  readonly refusals: Refusals = new Refusals();
  /** Who is connected. */
  readonly peers: PeerTable = new PeerTable();
  /** Messages so far. */
  readonly deliveries: RouterDeliveries = noRouterDeliveries();
  /** What became of those that this process has sent. */
  readonly outcomes: LinkCounts = new LinkCounts();
  /** Who came, and who was let in. */
  readonly admissions: Admissions = noAdmissions();
  /** Edge role: takes what no address here serves, and a copy of every multicast. */
  uplink: Consumer | undefined;
  /** Sheds load where memory is short; undefined where it has no ceiling. */
  memory: MemoryCeiling | undefined;
  readonly #keys: AddressKeys;
  readonly #localListeners = new Set<(key: string, present: boolean) => void>();

  /** A router without peers. */
  constructor(identity: RouterIdentity, clock: Clock = SYSTEM_CLOCK) {
    this.identity = identity;
    this.clock = clock;
    this.#keys = new AddressKeys(identity);
    this.addresses = new AddressTable((key, present) => {
      for (const listener of [...this.#localListeners]) listener(key, present);
    });
  }

  /** Hears of addresses that gain their first or lose their last consumer; the result ends that. */
  onOwnChange(listener: (key: string, present: boolean) => void): () => void {
    this.#localListeners.add(listener);
    return () => this.#localListeners.delete(listener);
  }

  /** Sends `message` on its way; undefined when nobody takes it. */
  readonly route = (message: Message, upstream: Upstream): Downstream | undefined => {
    if (message.origin === undefined) upstream = new CountedUpstream(upstream, this.outcomes);
    const downstream = this.#route(message, upstream);
    if (downstream !== undefined && !message.complete) this.memory?.watch(downstream, upstream);
    return downstream;
  };

  #route(message: Message, upstream: Upstream): Downstream | undefined {
    const key = this.#keys.of(message.address);
    const taker = this.replies.get(key);
    if (taker !== undefined) {
      tallyRouted(this.deliveries, message, []);
      this.deliveries.toProcess++;
      return taker.deliver(message, upstream);
    }
    const entry = key === UPLINK_KEY ? undefined : this.addresses.get(key);
    const consumers = entry === undefined ? [] : chooseConsumers(entry, message);
    // What came down the uplink never goes back up.
    const up = this.uplink;
    if (up !== undefined && message.origin?.connection !== up.origin?.connection && key[0] !== "L" && key !== "") {
      const wanted = consumers.length === 0 || (entry?.treatment === "multicast" && !consumers.includes(up));
      if (wanted) consumers.push(up);
    }
    if (consumers.length === 0) {
      tallyDropped(this.deliveries, message);
      return undefined;
    }
    // What services are sent is new; answers, and what routers tell each other, belong to what was let in.
    if (this.memory?.refusing && key[0] === "M" && entry?.treatment !== "multicast" && this.memory.refuses()) {
      return undefined;
    }
    tallyRouted(this.deliveries, message, consumers);
    if (entry !== undefined) tally(entry.deliveries, message, consumers);
    if (consumers.length > 1) return fanOut(consumers, message, upstream);
    if (entry !== undefined && mayResend(entry, message)) {
      return resending(consumers[0], message, upstream, (message, tried) => chooseOne(entry, message, tried));
    }
    return consumers[0].deliver(message, upstream);
  }
}

/** True when `message` goes to the next consumer after one has released it. */
function mayResend(entry: AddressEntry, message: Message): boolean {
  return (message.annotations.flags & RESEND_RELEASED) !== 0 && message.complete && !message.presettled &&
    entry.treatment !== "multicast";
}

/** Counts the outcome of a message that this process has sent, where no link does. */
class CountedUpstream implements Upstream {
  readonly #upstream: Upstream;
  readonly #counts: LinkCounts;
  #counted = false;

  constructor(upstream: Upstream, counts: LinkCounts) {
    this.#upstream = upstream;
    this.#counts = counts;
  }

  drained(pending: number): void {
    this.#upstream.drained(pending);
  }

  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    if (!this.#counted && state?.kind !== "received") {
      this.#counted = true;
      this.#counts.settle(state, 0, true);
    }
    this.#upstream.consumerState(state, settled);
  }
}
