/** Targets and ports as a user types them: `8080`, `db.internal:5432`, `[::1]:80`. */

import { isIP } from "node:net";
import { isHostName } from "../lib/host_name.ts";
import { usage } from "./args.ts";

/** A host and a port. */
export interface Endpoint {
  /** IP address (IPv6 without brackets) or DNS name. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Parses the target of `command`: a port alone means this machine's loopback. */
export function parseTarget(text: string, command: string): Endpoint {
  if (/^\d+$/.test(text)) return { host: "127.0.0.1", port: parsePort(text, command, 1) };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const plain = /^([^:]*):([^:]*)$/.exec(text);
  const [, host, port] = bracketed ?? plain ?? [];
  if (/^\w+:\/\//.test(text)) {
    throw usage("USAGE_TARGET", `"${text}" is a URL, not a target`, command, "Write HOST:PORT, or PORT alone.");
  }
  if (host === undefined) {
    const hint = isIPv6(text) ? `Write IPv6 in brackets: [${ipv6Of(text)}]:PORT.` : "Write HOST:PORT, or PORT alone.";
    throw usage("USAGE_TARGET", `"${text}" is not a target`, command, hint);
  }
  if (port === undefined || port === "") {
    throw usage("USAGE_TARGET", `"${text}" has no port`, command, "Write HOST:PORT.");
  }
  if (bracketed ? !isIPv6(host) : !isHostName(host) && isIP(host) !== 4) {
    throw usage("USAGE_TARGET", `"${host}" is neither an IP address nor a host name`, command);
  }
  return { host, port: parsePort(port, command, 1) };
}

/** Parses a port number of at least `min` (0 where the system may choose). */
export function parsePort(text: string, command: string, min: 0 | 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= min && port <= 65535) return port;
  throw usage("USAGE_PORT", `"${text}" is not a port: a whole number from ${min} to 65535`, command);
}

/** Checks a local address of `command`: an IP address, IPv6 without brackets, or a host name. */
export function parseHost(text: string, command: string): string {
  if (isHostName(text) || isIP(text) !== 0 || isIPv6(text)) return text;
  throw usage("USAGE_FLAG_VALUE", `--host "${text}" is neither an IP address nor a host name`, command);
}

/** True for an IPv6 address without brackets; a zone (`fe80::1%eth0`) may follow. */
function isIPv6(text: string): boolean {
  return /^[0-9a-f:.]*:[0-9a-f:.]*(%[a-z0-9._-]+)?$/i.test(text) && URL.canParse(`http://[${text.split("%")[0]}]/`);
}

/** The address in `text`, where the last group is rather meant as a port: `::1:8080` can't say which. */
function ipv6Of(text: string): string {
  const shorter = /^(.+):\d{2,5}$/.exec(text)?.[1];
  return shorter !== undefined && isIPv6(shorter) ? shorter : text;
}
