/**
 * Does a certificate name the host that was dialled (RFC 9525)? Names in, yes or no out. Only subject alternative names
 * count; the common name never does. One exception to the letter: an IP host may also stand as an exact `dNSName`,
 * because Skupper lists every host there.
 */

import { isIP } from "node:net";
import type { Certificate } from "./certificate.ts";
import { sameBytes } from "./der.ts";

/** True when `certificate` may speak for `host`, a DNS name or an IP address (no brackets). */
export function namesHost(certificate: Pick<Certificate, "dnsNames" | "addresses">, host: string): boolean {
  const address = addressOctets(host);
  if (address === undefined) return certificate.dnsNames.some((pattern) => matchesDnsName(pattern, host));
  return certificate.addresses.some((each) => sameBytes(each, address)) ||
    certificate.dnsNames.some((name) => {
      const named = addressOctets(name);
      return named !== undefined && sameBytes(named, address);
    });
}

/** Every name of a certificate, for a message. */
export function listNames(certificate: Pick<Certificate, "dnsNames" | "addresses">): string {
  const names = new Set([...certificate.dnsNames, ...certificate.addresses.map(addressText)]);
  return names.size === 0 ? "no name at all" : [...names].join(", ");
}

function matchesDnsName(pattern: string, host: string): boolean {
  const wanted = labels(host);
  const offered = labels(pattern);
  if (wanted === undefined || offered === undefined || wanted.length !== offered.length) return false;
  const wildcard = offered[0] === "*";
  if (wildcard && offered.length < 3) return false;
  return offered.every((label, i) => wildcard && i === 0 ? wanted[0] !== "*" : label !== "*" && label === wanted[i]);
}

/** Lower-case labels, the root dot dropped; undefined for what is no DNS name. */
function labels(name: string): string[] | undefined {
  const parts = name.replace(/\.$/, "").toLowerCase().split(".");
  return parts.every((part) => part === "*" || /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(part))
    ? parts
    : undefined;
}

/** The 4 or 16 octets of an IP address in any of its spellings; undefined for a name. */
function addressOctets(text: string): Uint8Array | undefined {
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return Uint8Array.from(text.split("."), Number);
  return ipv6Octets(text);
}

function ipv6Octets(text: string): Uint8Array {
  const [head = "", tail] = text.split("%")[0]!.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) => {
    const group = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);
    return `${group(a, b)}:${group(c, d)}`;
  }).split("::");
  const groups = (part: string | undefined) => part === undefined || part === "" ? [] : part.split(":");
  const left = groups(head);
  const right = groups(tail);
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return Uint8Array.from(all.flatMap((each) => [parseInt(each, 16) >> 8, parseInt(each, 16) & 0xff]));
}

function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) return "(malformed address)";
  const groups = Array.from({ length: 8 }, (_none, i) => (octets[2 * i]! * 256 + octets[2 * i + 1]!).toString(16));
  return groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}
