/** Which consumers serve which address, and who wants to know when that changes. */

import {
  AddressEntry,
  configuredTreatment,
  type ReachableListener,
  type Treatment,
  type Watch,
} from "./address_entry.ts";
import type { Consumer, Origin } from "./flow.ts";

/** True when a message from `from` must not go to `consumer`: it would return where it came from. */
export function isEcho(consumer: Consumer, from: Origin | undefined, ingressMesh: string | undefined): boolean {
  const to = consumer.origin;
  if (consumer.mesh !== undefined && consumer.mesh === ingressMesh) return true;
  if (to === undefined || !to.edgeLink) return false;
  if (from !== undefined && from.connection === to.connection) return true;
  return ingressMesh !== undefined && to.meshId === ingressMesh;
}

/** All addresses of one router. */
export class AddressTable {
  readonly #entries = new Map<string, AddressEntry>();
  readonly #onOwnChange: (key: string, present: boolean) => void;

  /**
   * `onOwnChange` hears when an address gains its first consumer at this router or loses its last, and when
   * {@link AddressEntry.mesh} becomes another.
   */
  constructor(onOwnChange: (key: string, present: boolean) => void) {
    this.#onOwnChange = onOwnChange;
  }

  /** The entry of `key`, if anything is known of it. */
  get(key: string): AddressEntry | undefined {
    return this.#entries.get(key);
  }

  /** Everything that is known. */
  get entries(): Iterable<AddressEntry> {
    return this.#entries.values();
  }

  /** Keys that have a consumer at this router. */
  *ownKeys(): Generator<string> {
    for (const entry of this.#entries.values()) if (entry.ownConsumers > 0) yield entry.key;
  }

  /** Keys that somebody watches. */
  *watchedKeys(): Generator<string> {
    for (const entry of this.#entries.values()) if (entry.watches.length > 0) yield entry.key;
  }

  /** Hears of keys that gain their first watch or lose their last; one listener, the uplink's. */
  onWatchedChange: ((key: string, watched: boolean) => void) | undefined;

  /**
   * Adds a consumer; the result removes it. `treatment` is used for an address without consumers whose key says nothing
   * about it.
   */
  add(key: string, consumer: Consumer, treatment?: Treatment): () => void {
    const entry = this.#entry(key);
    if (treatment !== undefined && entry.consumers.length === 0) {
      entry.treatment = configuredTreatment(key) ?? treatment;
    }
    entry.consumers.push(consumer);
    if (!consumer.remote) {
      if (++entry.ownConsumers > 1) this.#settleMesh(entry, consumer);
      else {
        entry.mesh = meshOf(consumer);
        this.#onOwnChange(key, true);
      }
    }
    this.#tellWatches(entry);
    return () => this.remove(key, consumer);
  }

  /** Removes a consumer; nothing happens when it is not there. */
  remove(key: string, consumer: Consumer): void {
    const entry = this.#entries.get(key);
    const at = entry?.consumers.indexOf(consumer) ?? -1;
    if (entry === undefined || at < 0) return;
    entry.consumers.splice(at, 1);
    if (!consumer.remote) {
      if (--entry.ownConsumers > 0) this.#settleMesh(entry);
      else this.#onOwnChange(key, false);
    }
    this.#tellWatches(entry);
    this.#drop(entry);
  }

  /**
   * Removes a consumer, which still takes messages for which there is no other: others have sent them before they knew. The
   * result ends that.
   */
  retire(key: string, consumer: Consumer): () => void {
    const entry = this.#entry(key);
    entry.leaving = consumer;
    this.remove(key, consumer);
    return () => {
      if (entry.leaving !== consumer) return;
      entry.leaving = undefined;
      this.#drop(entry);
    };
  }

  /**
   * Calls `listener` now and at every change with whether `viewer` (undefined: this process) could reach a consumer
   * of `key` other than itself. The result ends that.
   */
  watch(key: string, viewer: Origin | undefined, listener: ReachableListener): () => void {
    const entry = this.#entry(key);
    const watch: Watch = { viewer, listener, reachable: reachableFor(entry, viewer) };
    entry.watches.push(watch);
    if (entry.watches.length === 1) this.onWatchedChange?.(key, true);
    listener(watch.reachable);
    return () => {
      const at = entry.watches.indexOf(watch);
      if (at < 0) return;
      entry.watches.splice(at, 1);
      if (entry.watches.length === 0) this.onWatchedChange?.(key, false);
      this.#drop(entry);
    };
  }

  /** Looks at all addresses again, after a peer's mesh id became known. */
  refresh(): void {
    for (const entry of this.#entries.values()) {
      this.#settleMesh(entry);
      this.#tellWatches(entry);
    }
  }

  /** Looks at `key` again, after {@link Consumer.mesh} of one of its consumers became another. */
  recheck(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#tellWatches(entry);
  }

  #entry(key: string): AddressEntry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = new AddressEntry(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Finds out whether all own consumers are in one mesh. `added` is the only one that is new, if given. */
  #settleMesh(entry: AddressEntry, added?: Consumer): void {
    const { mesh } = entry;
    if (entry.ownConsumers === 0) return;
    if (added === undefined) entry.mesh = soleMesh(entry);
    else if (meshOf(added) !== mesh) entry.mesh = undefined;
    if (entry.mesh !== mesh) this.#onOwnChange(entry.key, true);
  }

  #drop(entry: AddressEntry): void {
    if (entry.consumers.length > 0 || entry.watches.length > 0 || entry.leaving !== undefined) return;
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  #tellWatches(entry: AddressEntry): void {
    for (const watch of [...entry.watches]) {
      const reachable = reachableFor(entry, watch.viewer);
      if (reachable === watch.reachable) continue;
      watch.reachable = reachable;
      watch.listener(reachable);
    }
  }
}

function meshOf({ origin }: Consumer): string | undefined {
  return origin?.edgeLink === true ? origin.meshId : undefined;
}

function soleMesh({ consumers }: AddressEntry): string | undefined {
  let mesh: string | undefined;
  for (const consumer of consumers) {
    if (consumer.remote) continue;
    const other = meshOf(consumer);
    if (other === undefined || (mesh !== undefined && other !== mesh)) return undefined;
    mesh = other;
  }
  return mesh;
}

function reachableFor(entry: AddressEntry, viewer: Origin | undefined): boolean {
  return entry.consumers.some((consumer) => !isEcho(consumer, viewer, viewer?.meshId));
}
