/**
 * The addresses that this router advertises, and the changes it has not told yet (skupper-router
 * `modules/mobile_sync/mobile.c`). Changes of one moment go out together; what came and went in between is never told.
 */

import type { AdvertisedAddress, MobileAddressUpdate } from "./control_message.ts";

/** See the head of the file. */
export class MobileAddresses {
  readonly #self: string;
  readonly #all = new Map<string, AdvertisedAddress>();
  /** What the others believe of the keys that changed: undefined for an address they don't know. */
  readonly #told = new Map<string, AdvertisedAddress | undefined>();
  #sequence = 0;

  /** Router `self` advertises nothing yet. */
  constructor(self: string) {
    this.#self = self;
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

  /** Everything, for one who asked. What has not been told to all yet is in it too, and does no harm twice. */
  absolute(): MobileAddressUpdate {
    const exist = [...this.#all.values()];
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
