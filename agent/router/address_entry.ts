/** One address: who serves it, and who watches it. */

import { type Deliveries, noDeliveries } from "./deliveries.ts";
import type { Consumer, Origin } from "./flow.ts";

/** How messages to one address are spread over its consumers (wire-protocol: distribution). */
export type Treatment = "multicast" | "closest" | "balanced";

/** Told whether an address can be reached by its watcher. */
export type ReachableListener = (reachable: boolean) => void;

/** Prefix of the addresses that every Skupper network treats as multicast. */
const MULTICAST_PREFIX = "Mmc";

/** One watcher of one address. */
export interface Watch {
  /** Who asks: its own consumers do not count. Undefined: this process. */
  readonly viewer: Origin | undefined;
  /** Who is told. */
  readonly listener: ReachableListener;
  /** What it was told last. */
  reachable: boolean;
}

/** One address. */
export class AddressEntry {
  /** Lookup key, class letter included. */
  readonly key: string;
  /** Follows from the key, or from what another router says of it. */
  treatment: Treatment;
  /** In order of arrival. */
  readonly consumers: Consumer[] = [];
  /** One that is no longer told of, and takes what was sent before everybody knew. */
  leaving: Consumer | undefined;
  /** Consumers that are not beyond another router. */
  ownConsumers = 0;
  /** The one edge mesh in which all of those are; undefined where there are others. */
  mesh: string | undefined;
  /** Where the next search starts, so that equals take turns. */
  turn = 0;
  /** See {@link AddressTable.watch}. */
  readonly watches: Watch[] = [];
  /** Messages so far. */
  readonly deliveries: Deliveries = noDeliveries();

  /** Made by the table. */
  constructor(key: string) {
    this.key = key;
    this.treatment = configuredTreatment(key) ?? "balanced";
  }
}

/** The treatment that every router of the network knows from the key alone. */
export function configuredTreatment(key: string): Treatment | undefined {
  if (key.startsWith(MULTICAST_PREFIX)) return "multicast";
  return key[0] === "M" ? undefined : key[0] === "H" ? "balanced" : "closest";
}
