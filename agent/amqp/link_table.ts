/** The links of a session: by our handles, by those of the peer, and the ones that the peer has yet to answer. */

import { ProtocolError } from "./protocol_error.ts";
import type { Receiver } from "./receiver.ts";
import type { Sender } from "./sender.ts";

/** A link of either direction. */
export type Link = Sender | Receiver;

/** Links one session may have; a handle above it ends the connection. */
export const MAX_LINKS_PER_SESSION = 65_536;

/** See the head of the file. */
export class LinkTable {
  readonly #links: (Link | undefined)[] = [];
  readonly #freeHandles: number[] = [];
  readonly #ofPeer = new Map<number, Link>();
  /** Links of ours; closed ones too, or the answer would look like a link of the peer's own. */
  readonly #awaited = new Map<string, Link>();

  /** Number of links. */
  get size(): number {
    return this.#links.length - this.#freeHandles.length;
  }

  /** All links. */
  *all(): Generator<Link> {
    for (const link of this.#links) if (link !== undefined) yield link;
  }

  /** True while the peer has not heard, or not confirmed, that one of them is gone. */
  someHalfClosed(): boolean {
    return [...this.#ofPeer.values(), ...this.#awaited.values()].some(({ attached }) => !attached);
  }

  /** A handle that is free. */
  newHandle(): number {
    const free = this.#freeHandles.pop();
    if (free !== undefined) return free;
    this.#links.push(undefined);
    return this.#links.length - 1;
  }

  /** Adds `link` under its handle, which {@link LinkTable.newHandle} has given. */
  add(link: Link): void {
    this.#links[link.handle] = link;
  }

  /** The peer will answer `link`. */
  awaitAnswer(link: Link): void {
    this.#awaited.set(keyOf(link.role, link.name), link);
  }

  /**
   * The link that an attach of the peer with `handle` answers, which is that handle's from now on; undefined for a link of the
   * peer's own. Throws ProtocolError for a handle that the peer may not use.
   */
  answered(role: Link["role"], name: string, handle: number): Link | undefined {
    if (handle >= MAX_LINKS_PER_SESSION) {
      throw new ProtocolError("amqp:resource-limit-exceeded", `handle ${handle} above ${MAX_LINKS_PER_SESSION - 1}`);
    }
    if (this.#ofPeer.has(handle)) throw new ProtocolError("amqp:session:handle-in-use", `handle ${handle}`);
    const key = keyOf(role, name);
    const link = this.#awaited.get(key);
    if (link === undefined) return undefined;
    this.#awaited.delete(key);
    this.bind(handle, link);
    return link;
  }

  /** The peer speaks of `link` by `handle`. */
  bind(handle: number, link: Link): void {
    this.#ofPeer.set(handle, link);
  }

  /** The link that the peer speaks of by `handle`. */
  ofPeer(handle: number): Link | undefined {
    return this.#ofPeer.get(handle);
  }

  /** The peer speaks of no link by `handle` any more. */
  unbind(handle: number): void {
    this.#ofPeer.delete(handle);
  }

  /** Frees our handle of `link`; false when that was done. What the peer still sends by its own is for it to drop. */
  free(link: Link): boolean {
    if (this.#links[link.handle] !== link) return false;
    this.#links[link.handle] = undefined;
    this.#freeHandles.push(link.handle);
    return true;
  }
}

function keyOf(role: Link["role"], name: string): string {
  return `${role} ${name}`;
}
