/**
 * Address strings and the keys under which routers look them up (skupper-router `src/iterator.c`; class letters:
 * M mobile, L local, T all routers, R router, H edge router).
 *
 * A key is one class letter followed by the name; two spellings of the same destination have the same key.
 */

import type { RouterRole } from "../site/spec.ts";

/** Who is asking: local addresses depend on it. */
export interface RouterIdentity {
  /** Router id on the wire. */
  readonly id: string;
  /** Decides how addresses of other routers are looked up. */
  readonly role: RouterRole;
}

/** The key of an address that an edge can't resolve itself and sends up its link. */
export const UPLINK_KEY = "^";

/** The address of a router's management: at every router its own, wherever the message came from. */
export const MANAGEMENT_ADDRESS = "$management";
/** The key under which it is served; it is told to no other router. */
export const MANAGEMENT_KEY: string = `L${MANAGEMENT_ADDRESS}`;

/** Where plugins are stored; what a store has is at this address, a slash and the digest in hexadecimal. */
export const PLUGIN_STORE_ADDRESS = "_tendril/adaptors";

/** How addresses begin that belong to routers and to what they say to each other. */
const INNER = /^(_?\$|(_local|_topo|_edge|_tendril)(\/|$))/;

/** True for an address of the insides of routers, which no service may have as its routing key. */
export function isInnerAddress(address: string): boolean {
  return INNER.test(withoutScheme(address));
}

/** The lookup key of `address` at router `self`. Empty for an empty address. */
export function addressKey(address: string, self: RouterIdentity): string {
  const path = withoutScheme(address);
  if (!path.startsWith("_")) return path === "" ? "" : path === MANAGEMENT_ADDRESS ? MANAGEMENT_KEY : `M${path}`;
  const [head, first = "", second = ""] = path.split("/", 3);
  switch (head) {
    case "_local":
      return `L${path.slice(7)}`;
    case "_topo":
      return topological(first, second, path.slice(6 + first.length + 1 + second.length + 1), self);
    case "_edge":
      if (first === self.id) return `L${path.slice(6 + first.length + 1)}`;
      return self.role === "edge" ? UPLINK_KEY : `H${first}`;
    default:
      return `M${path}`;
  }
}

/** The address at which `self` receives messages for its local name `name`. */
export function localAddress(name: string, self: RouterIdentity): string {
  return self.role === "edge" ? `amqp:/_edge/${self.id}/${name}` : `amqp:/_topo/0/${self.id}/${name}`;
}

/** The key of a mobile address, such as a routing key. */
export function mobileKey(address: string): string {
  return `M${withoutScheme(address)}`;
}

const DISCRIMINATOR_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_";
const DISCRIMINATOR_LENGTH = 15;
const POOL = new Uint8Array(DISCRIMINATOR_LENGTH * 64);
let poolAt = POOL.length;

/** Fifteen random characters (90 bits) that make a name unguessable and unique. */
export function discriminator(): string {
  if (poolAt === POOL.length) {
    // One call to the system for many names: every TCP connection needs one.
    crypto.getRandomValues(POOL);
    poolAt = 0;
  }
  let text = "";
  for (const end = poolAt + DISCRIMINATOR_LENGTH; poolAt < end; poolAt++) {
    text += DISCRIMINATOR_LETTERS[POOL[poolAt] & 63];
  }
  return text;
}

function topological(area: string, router: string, rest: string, self: RouterIdentity): string {
  if (router === "all") return `T${rest}`;
  if (self.role === "edge") return UPLINK_KEY;
  if (area !== "0" && area !== "all") return `A${area}`;
  return router === self.id ? `L${rest}` : `R${router}`;
}

function withoutScheme(address: string): string {
  let at = 0;
  const colon = address.indexOf(":/");
  if (colon > 0 && address.lastIndexOf("/", colon) < 0) {
    at = colon + 2;
    if (address[at] === "/") {
      const slash = address.indexOf("/", at + 1);
      at = slash < 0 ? address.length : slash + 1;
    }
  } else if (address[0] === "/") at = 1;
  const last = address[address.length - 1];
  const end = last === "." || last === "/" ? address.length - 1 : address.length;
  return address.slice(at, Math.max(at, end));
}
