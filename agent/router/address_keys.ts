/**
 * The keys of addresses that come again and again: making one anew for each message costs more than finding its consumers.
 * Each address has one place, and the latest keeps it.
 */

import { addressKey, type RouterIdentity } from "./address.ts";

/** Addresses whose keys are known at a time. */
const PLACES = 512;
/** Longest address whose key is kept, in characters. */
const LONGEST = 128;

/** See the head of the file. */
export class AddressKeys {
  readonly #self: RouterIdentity;
  readonly #addresses = new Array<string>(PLACES).fill("");
  readonly #keys = new Array<string>(PLACES).fill("");

  /** As the router `self` sees them. */
  constructor(self: RouterIdentity) {
    this.#self = self;
  }

  /** What {@link addressKey} says of `address`. */
  of(address: string): string {
    const place = placeOf(address);
    if (this.#addresses[place] === address) return this.#keys[place];
    const key = addressKey(address, this.#self);
    if (address.length <= LONGEST) {
      this.#addresses[place] = address;
      this.#keys[place] = key;
    }
    return key;
  }
}

/** Names that are made in series differ at their ends. */
function placeOf(address: string): number {
  const { length } = address;
  if (length === 0) return 0;
  const mixed = Math.imul(address.charCodeAt(length - 1) | address.charCodeAt(length >>> 1) << 8, 0x9e3779b1) +
    Math.imul(length, 0x85ebca6b) + Math.imul(address.charCodeAt((length * 3) >>> 2), 0xc2b2ae35);
  return (mixed ^ mixed >>> 15) & (PLACES - 1);
}
