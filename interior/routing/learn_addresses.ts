/** What another router advertises: all of it, or what is different since its last word (wire-protocol D.6). */

import type { AdvertisedAddress, MobileAddressUpdate } from "./control_message.ts";
import type { RemoteNode } from "./remote_node.ts";

/** What became of the addresses of a router. */
export interface AddressChange {
  /** Those that are new, or new in how they are served. */
  readonly added: readonly AdvertisedAddress[];
  /** Keys of those that are gone. */
  readonly removed: readonly string[];
}

/**
 * Lets `node` know what `update` says of it. Undefined when that is nothing: it came late, something before it is missing
 * (then the question for all addresses is open), or `takes` refused so many addresses.
 */
export function learnAddresses(
  node: RemoteNode,
  update: MobileAddressUpdate,
  takes: (count: number) => boolean,
): AddressChange | undefined {
  const change = update.exist === undefined
    ? learnDifference(node, update, takes)
    : learnAll(node, update.mobileSequence, update.exist, takes);
  if (change === undefined) return undefined;
  node.mobileSequence = update.mobileSequence;
  node.addressQuestion.answered();
  return change;
}

function learnAll(
  node: RemoteNode,
  sequence: number,
  all: readonly AdvertisedAddress[],
  takes: (count: number) => boolean,
): AddressChange | undefined {
  // One that was overtaken by a later update says nothing new.
  if (sequence < node.mobileSequence || !takes(all.length)) return undefined;
  const exist = new Map(all.map((address) => [address.key, address]));
  const removed = [...node.addresses.keys()].filter((key) => !exist.has(key));
  const added = all.filter((address) => isNews(address, node.addresses.get(address.key)));
  node.addresses = exist;
  node.addressesDoubtful = false;
  return { added, removed };
}

function learnDifference(
  node: RemoteNode,
  { mobileSequence, add, remove }: MobileAddressUpdate,
  takes: (count: number) => boolean,
): AddressChange | undefined {
  if (mobileSequence <= node.mobileSequence) return undefined;
  if (node.addressesDoubtful || mobileSequence !== node.mobileSequence + 1) {
    node.addressQuestion.open = true;
    return undefined;
  }
  if (!takes(node.addresses.size + add.length)) return undefined;
  const removed = remove.filter((key) => node.addresses.delete(key));
  const added = add.filter((address) => isNews(address, node.addresses.get(address.key)));
  for (const address of added) node.addresses.set(address.key, address);
  return { added, removed };
}

function isNews(address: AdvertisedAddress, known: AdvertisedAddress | undefined): boolean {
  return known === undefined || known.treatment !== address.treatment || known.mesh !== address.mesh;
}
