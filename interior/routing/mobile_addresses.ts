/**
 * The addresses that this router advertises, and the changes it has not told yet (skupper-router
 * `modules/mobile_sync/mobile.c`). Changes of one moment go out together; what came and went in between is never told.
 */

import type { AdvertisedAddress, MobileAddressUpdate } from "./control_message.ts";

/**
 * Updates do not say from which life of the router they are. So that a late one is not taken for one of this life, each
 * life has sequences of its own.
 */
const LIVES = 2 ** 14;
const SEQUENCES = 2 ** 16;

/** See the head of the file. */
export class MobileAddresses {
  readonly #self: string;
  readonly #all = new Map<string, AdvertisedAddress>();
  /** What the others believe of the keys that changed: undefined for an address they don't know. */
  readonly #told = new Map<string, AdvertisedAddress | undefined>();
  #sequence: number;

  /** Router `id` advertises nothing yet. `instance` tells one life of it from the next. */
  constructor({ id, instance }: { readonly id: string; readonly instance: number }) {
    this.#self = id;
    this.#sequence = (instance % LIVES) * SEQUENCES;
  }

  /** Version of the list, as far as it was told. */
  get sequence(): number {
    return this.#sequence;
  }

  /** True when there is something to tell. */
  get changed(): boolean {
    return this.#told.size > 0;
  }

  /** Advertises an address, or what is new about it. */
  set(address: AdvertisedAddress): void {
    this.#remember(address.key);
    this.#all.set(address.key, address);
    this.#settle(address.key);
  }

  /** Advertises an address no more. */
  delete(key: string): void {
    this.#remember(key);
    this.#all.delete(key);
    this.#settle(key);
  }

  /** What changed since the last call, for all to know; undefined when nothing did. */
  takeUpdate(): MobileAddressUpdate | undefined {
    if (this.#told.size === 0) return undefined;
    const add: AdvertisedAddress[] = [];
    const remove: string[] = [];
    for (const key of this.#told.keys()) {
      const address = this.#all.get(key);
      if (address === undefined) remove.push(key);
      else add.push(address);
    }
    this.#told.clear();
    this.#sequence++;
    return { opcode: "MAU", id: this.#self, mobileSequence: this.#sequence, add, remove };
  }

  /**
   * Everything as of the last update, for one who asked. What was not told to all yet is left out: it may be taken back
   * before it is told, and then nobody would ever hear of it again.
   */
  absolute(): MobileAddressUpdate {
    const told = new Map(this.#all);
    for (const [key, address] of this.#told) {
      if (address === undefined) told.delete(key);
      else told.set(key, address);
    }
    const exist = [...told.values()];
    return { opcode: "MAU", id: this.#self, mobileSequence: this.#sequence, exist, add: [], remove: [] };
  }

  #remember(key: string): void {
    if (!this.#told.has(key)) this.#told.set(key, this.#all.get(key));
  }

  /** An address that is again what the others believe is no change. */
  #settle(key: string): void {
    const now = this.#all.get(key);
    const told = this.#told.get(key);
    if (now?.treatment === told?.treatment && now?.mesh === told?.mesh) this.#told.delete(key);
  }
}
