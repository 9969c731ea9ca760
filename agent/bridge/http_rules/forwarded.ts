/**
 * What servers are told of the client that a request came from: `Forwarded` (RFC 7239) and the fields from before it. What
 * a client says of that itself is believed, and added to, only if its address is trusted.
 */

import { BlockList, isIP } from "node:net";
import type { ForwardedSpec } from "../../site/http_route_spec.ts";
import { editFields, type Property } from "./head_edits.ts";

const STANDARD = "forwarded";
const FOR = "x-forwarded-for";
const PROTO = "x-forwarded-proto";
const HOST = "x-forwarded-host";
const ALL = [STANDARD, FOR, PROTO, HOST];

/** Who sent a request, and how. */
export interface Sender {
  /** IP address. */
  readonly address: string;
  /** Scheme by which it came. */
  readonly proto: "http" | "https";
}

/** Writes the fields for one rule. */
export class Forwarder {
  readonly #standard: boolean;
  readonly #older: boolean;
  readonly #trusted = new BlockList();

  /** Of a spec whose networks are valid. */
  constructor({ fields, trusted }: ForwardedSpec) {
    this.#standard = fields !== "XForwarded";
    this.#older = fields !== "Forwarded";
    for (const network of trusted) addNetwork(this.#trusted, network);
  }

  /** `properties` of a request for `host` with what it says of `sender`. */
  tell(properties: readonly Property[], host: string, { address, proto }: Sender): readonly Property[] {
    const trusted = this.#trusted.check(address, familyOf(address));
    const before = (name: string) => trusted ? valuesOf(properties, name) : [];
    const set: [string, string][] = [];
    if (this.#standard) {
      const node = isIP(address) === 6 ? `"[${address}]"` : address;
      const element = `for=${node};host=${quoted(host)};proto=${proto}`;
      set.push(["Forwarded", [...before(STANDARD), element].join(", ")]);
    }
    if (this.#older) {
      set.push(["X-Forwarded-For", [...before(FOR), address].join(", ")]);
      // These tell of the first hop alone: who is trusted knows it better.
      set.push(["X-Forwarded-Proto", before(PROTO)[0] ?? proto]);
      set.push(["X-Forwarded-Host", before(HOST)[0] ?? host]);
    }
    // Others of the kind would be believed by servers that look for them.
    const remove = trusted ? [] : ALL;
    return editFields(properties, { set, add: [], remove });
  }
}

/** True for an address, or a network such as 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  try {
    addNetwork(new BlockList(), text);
    return true;
  } catch {
    return false; // It throws for whatever is no network.
  }
}

function addNetwork(list: BlockList, text: string): void {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0) throw new RangeError("no network");
  if (bits === undefined) return list.addAddress(address, familyOf(address));
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 6 ? 128 : 32)) throw new RangeError("no network");
  list.addSubnet(address, Number(bits), familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function valuesOf(properties: readonly Property[], name: string): string[] {
  return properties.flatMap(([key, { type, value }]) =>
    type === "field" && key.toLowerCase() === name ? [`${value}`] : []
  );
}

/** A host as a token, or quoted where it is none. */
function quoted(host: string): string {
  return /^[A-Za-z0-9.-]+$/.test(host) ? host : `"${host.replace(/["\\]/g, "")}"`;
}
