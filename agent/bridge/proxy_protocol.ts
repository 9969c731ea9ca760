/**
 * The client of a connection, for its target: as a property of messages on the way, as a header of the PROXY protocol,
 * version 2, at the end (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2.1 and 2.2). Addresses in,
 * text or octets out.
 */

import { isIP } from "node:net";
import { plainAddress } from "../lib/plain_address.ts";
import { closeSocket, type LocalSocket } from "./local_socket.ts";

/**
 * Property of a message that says whose connection it belongs to, in the words of version 1 of the protocol without the
 * first: `TCP4 192.0.2.7 198.51.100.1 51000 8080` for family, client, listener and their ports. No adaptor sees it.
 */
export const CLIENT_PROPERTY = ":client";

/** Octets of the longest: two addresses of IPv6, and 18 more. */
const MAX_CLIENT_OCTETS = 104;

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Version 2, and who connects: the proxy for itself, or for a client. */
const LOCAL = 0x20;
const PROXY = 0x21;
/** TCP over the two families; none for LOCAL. */
const FAMILIES: Readonly<Record<string, number>> = { TCP4: 0x11, TCP6: 0x21 };
const NO_FAMILY = 0x00;

/** The {@link CLIENT_PROPERTY} of who is at the other end of `socket`; undefined where that is not known. */
export function clientOf({ remoteAddr, localAddr }: LocalSocket): string | undefined {
  if (remoteAddr.port === undefined || localAddr?.port === undefined) return undefined;
  const [client, listener] = [plainAddress(remoteAddr.hostname), plainAddress(localAddr.hostname)];
  const version = isIP(client);
  if (version === 0 || version !== isIP(listener)) return undefined;
  return `TCP${version} ${client} ${listener} ${remoteAddr.port} ${localAddr.port}`;
}

/** What a new connection to a target begins with: on behalf of `client`, or of nobody if that is none. */
export function proxyHeader(client: string): Uint8Array<ArrayBuffer> {
  const addresses = addressesOf(client);
  const [command, family] = addresses === undefined
    ? [LOCAL, NO_FAMILY]
    : [PROXY, FAMILIES[addresses.family] ?? NO_FAMILY];
  const octets = addresses?.octets ?? [];
  return Uint8Array.from([...SIGNATURE, command, family, octets.length >> 8, octets.length & 0xff, ...octets]);
}

/** Sends `header` over a connection to a target before anything else is; the connection is closed when that fails. */
export async function announce<S extends LocalSocket>(socket: S, header: Uint8Array | undefined): Promise<S> {
  if (header === undefined) return socket;
  try {
    for (let at = 0; at < header.length;) at += await socket.write(header.subarray(at));
  } catch (error) {
    closeSocket(socket, true);
    throw error;
  }
  return socket;
}

/** Undefined for text that names no client: it comes from the network, and may be anything. */
function addressesOf(client: string): { family: string; octets: number[] } | undefined {
  if (client.length > MAX_CLIENT_OCTETS) return undefined;
  const [family = "", ...words] = client.split(" ");
  const [from = "", to = "", ...ports] = words;
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : undefined;
  if (isIP(from) !== version || isIP(to) !== version || ports.length !== 2 || !ports.every(isPort)) return undefined;
  const numbers = ports.flatMap((port) => [Number(port) >> 8, Number(port) & 0xff]);
  return { family, octets: [...octetsOf(from), ...octetsOf(to), ...numbers] };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) < 65_536;
}

/** Four or sixteen octets. */
function octetsOf(address: string): number[] {
  if (isIP(address) === 4) return address.split(".").map(Number);
  // A URL has the shortest form, in which no IPv4 is left.
  const [front = "", back] = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1).split("::");
  const groups = (text = "") => text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
  const [before, after] = [groups(front), groups(back)];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}
