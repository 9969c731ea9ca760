/** What routers say to each other about the network (wire-protocol D.2), as values. */

import type { Treatment } from "../../agent/router/address_entry.ts";

/** "I am here, and these are the routers I hear." One hop. */
export interface Hello {
  /** Discriminator, and the opcode on the wire; so it is in the others. */
  readonly opcode: "HELLO";
  /** Router id of whoever says this. */
  readonly id: string;
  /** Tells one life of a router from the next. */
  readonly instance: number;
  /** Router ids heard within the last three seconds. */
  readonly seen: readonly string[];
  /** What the sender wants this link to cost; Tendrils alone say so. */
  readonly cost?: number;
}

/** "This is how new my knowledge of myself is." To all. */
export interface RouterAdvertisement {
  /** See {@link Hello}. */
  readonly opcode: "RA";
  /** Router id of whoever says this. */
  readonly id: string;
  /** Tells one life of a router from the next. */
  readonly instance: number;
  /** Version of the sender's list of neighbours. */
  readonly linkStateSequence: number;
  /** Version of the sender's list of addresses. */
  readonly mobileSequence: number;
}

/** "These are my neighbours." To whoever asked. */
export interface LinkStateUpdate {
  /** See {@link Hello}. */
  readonly opcode: "LSU";
  /** Router id of whoever says this. */
  readonly id: string;
  /** Tells one life of a router from the next. */
  readonly instance: number | undefined;
  /** Version of the list. */
  readonly linkStateSequence: number;
  /** Cost by router id. */
  readonly peers: ReadonlyMap<string, number>;
}

/** "Who are your neighbours?" */
export interface LinkStateRequest {
  /** See {@link Hello}. */
  readonly opcode: "LSR";
  /** Router id of whoever says this. */
  readonly id: string;
}

/** One address as it is advertised. */
export interface AdvertisedAddress {
  /** Lookup key, class letter included. */
  readonly key: string;
  /** How its messages are spread, for receivers without an opinion of their own. */
  readonly treatment: Treatment;
  /** Id of the one edge mesh in which all its local consumers are. */
  readonly mesh?: string;
}

/** "These are all my addresses", to whoever asked; or "these are new and these are gone", to all. */
export interface MobileAddressUpdate {
  /** See {@link Hello}. */
  readonly opcode: "MAU";
  /** Router id of whoever says this. */
  readonly id: string;
  /** Version of the list after this update. */
  readonly mobileSequence: number;
  /** All, in an absolute update; undefined in a differential one. */
  readonly exist?: readonly AdvertisedAddress[];
  /** New or changed ones. */
  readonly add: readonly AdvertisedAddress[];
  /** Keys of those that are gone. */
  readonly remove: readonly string[];
}

/** "Which addresses do you have? I know version `haveSequence`." */
export interface MobileAddressRequest {
  /** See {@link Hello}. */
  readonly opcode: "MAR";
  /** Router id of whoever says this. */
  readonly id: string;
  /** The version that the sender has. */
  readonly haveSequence: number;
}

/** Any of them. */
export type ControlMessage =
  | Hello
  | RouterAdvertisement
  | LinkStateUpdate
  | LinkStateRequest
  | MobileAddressUpdate
  | MobileAddressRequest;
