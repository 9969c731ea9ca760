/** What is known of one other router. */

import type { AdvertisedAddress } from "./control_message.ts";

/** See the head of the file. */
export class RemoteNode {
  /** Router id. */
  readonly id: string;
  /** Tells one life of the router from the next; undefined before it has spoken. */
  instance: number | undefined;
  /** Version of its list of neighbours that we have; 0 for none. */
  linkStateSequence = 0;
  /** Its neighbours with their costs, as it said last. */
  peers: ReadonlyMap<string, number> = new Map();
  /** Version of its list of addresses that we have; 0 for none. */
  mobileSequence = 0;
  /** Its addresses by key. */
  addresses: Map<string, AdvertisedAddress> = new Map();
  /** When it was last heard of, in ms. */
  heardAt: number;
  /** Ask for its neighbours as soon as it can be reached. */
  wantsLinkState = true;
  /** Ask for its addresses as soon as it can be reached. */
  wantsAddresses = false;
  /** True between a request for addresses and the answer. */
  addressesRequested = false;
  /** When it fell out of reach, in ms; undefined while it can be reached, and once its addresses are forgotten. */
  unreachableSince: number | undefined;
  /** Ticks for which nobody has named it. */
  strayTicks = 0;
  /** Said once that it speaks a later protocol. */
  versionReported = false;

  /** A router that was just heard of. */
  constructor(id: string, now: number) {
    this.id = id;
    this.heardAt = now;
  }
}
