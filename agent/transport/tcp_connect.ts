/**
 * Opens a TCP connection to a host that may have several addresses (RFC 8305, "Happy Eyeballs"): they are tried in the
 * order of the resolver with the families alternating, each a little after the one before, and the first to answer wins.
 */

import { lookup } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import { TendrilError } from "../lib/errors.ts";
import { discard, onAbort, orAbort } from "./abort.ts";
import { linkError } from "./link_error.ts";

/** Head start of one address over the next (RFC 8305, section 5), milliseconds. */
export const STAGGER_MS = 250;

/** Where to connect, and how. */
export interface TcpTarget {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** Head start of one address over the next, milliseconds. Default {@link STAGGER_MS}. */
  readonly staggerMs?: number;
  /** Resolves a name to addresses, best first, undefined if that is not allowed; for tests. Default: the system's. */
  readonly resolve?: (host: string) => Promise<readonly string[] | undefined>;
  /** Hears which addresses were found; none where asking for them is not allowed. */
  readonly onResolved?: (addresses: readonly string[]) => void;
  /** True to refuse every address that is not of this machine. */
  readonly loopbackOnly?: boolean;
}

/** `host:port` as a user writes it. */
export function formatAddress(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `host:port` of the other end of `socket`. */
export function addressOf(socket: Socket): string {
  return socket.remoteAddress === undefined ? "unknown" : formatAddress(socket.remoteAddress, socket.remotePort ?? 0);
}

/** True for an address of this machine's loopback interface. */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith("127.");
  return address === "::1" || address === "0:0:0:0:0:0:0:1" || /^::ffff:127\./i.test(address);
}

/**
 * Connects; the socket's errors are swallowed, whoever takes it watches for its close. Throws `LINK_DNS`, `LINK_REFUSED`, `LINK_UNREACHABLE` and the
 * like, or the reason of `signal`, once every attempt is closed.
 */
export async function connectTcp(target: TcpTarget, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const { host, port } = target;
  const addresses = isIP(host) !== 0 ? [host] : await orAbort((target.resolve ?? resolveHost)(host), signal);
  // A permission for the name alone covers neither the question for its addresses nor the addresses. What is left is
  // the runtime's own way, which carries the permission over, but tries one address after the other.
  const byName = addresses === undefined || !addresses.every((address) => mayConnect(address, port));
  const dialled = byName
    ? [host]
    : interleave(addresses.filter((each) => target.loopbackOnly !== true || isLoopback(each)));
  if (addresses?.length === 0) {
    throw new TendrilError("LINK_DNS", `The host name ${host} has no address.`, {
      hint: "Check the spelling of the host.",
    });
  }
  if (dialled.length === 0) throw notLocal(host);
  target.onResolved?.(addresses ?? []);
  const socket = await raceAddresses(dialled, target, signal);
  if (target.loopbackOnly === true && !isLoopback(socket.remoteAddress ?? "")) {
    await discard(socket);
    throw notLocal(host);
  }
  return socket;
}

function notLocal(host: string): TendrilError {
  return new TendrilError("LINK_PLAIN_REMOTE", `${host} is not this machine, and plain connections do not leave it.`, {
    hint: "Give the link TLS credentials.",
  });
}

function raceAddresses(addresses: readonly string[], target: TcpTarget, signal: AbortSignal): Promise<Socket> {
  const peer = formatAddress(target.host, target.port);
  const staggerMs = target.staggerMs ?? STAGGER_MS;
  return new Promise((resolve, reject) => {
    const pending = new Set<Socket>();
    const failures: TendrilError[] = [];
    let next = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const finish = (settle: () => void) => {
      clearTimeout(timer);
      stop();
      next = addresses.length;
      discard(...pending).then(settle);
      pending.clear();
    };
    const launch = () => {
      clearTimeout(timer);
      const address = addresses[next++];
      if (address === undefined) return;
      if (next < addresses.length) timer = setTimeout(launch, staggerMs);
      let socket: Socket;
      try {
        socket = connect({ host: address, port: target.port, noDelay: true });
      } catch (error) {
        failed(error);
        return;
      }
      pending.add(socket);
      const onError = (error: unknown) => {
        if (pending.delete(socket)) failed(error);
      };
      socket.on("error", onError);
      socket.once("connect", () => {
        if (!pending.delete(socket)) return;
        finish(() => resolve(socket));
      });
    };
    const failed = (error: unknown) => {
      failures.push(linkError(error, { peer, handshaking: false }));
      if (next < addresses.length) launch();
      else if (pending.size === 0) finish(() => reject(summary(failures)));
    };
    const stop = onAbort(signal, () => queueMicrotask(() => finish(() => reject(signal.reason))));
    launch();
  });
}

/** One error for several addresses: the first, which is that of the preferred address, with all as its cause. */
function summary(failures: readonly TendrilError[]): TendrilError {
  const first = failures[0]!;
  if (failures.length === 1) return first;
  const hint = first.hint;
  const cause = new AggregateError(failures, "every address of the host failed");
  return new TendrilError(first.code, first.message, hint === undefined ? { cause } : { cause, hint });
}

/** Addresses with the families taking turns, beginning with that of the first. */
function interleave(addresses: readonly string[]): string[] {
  const unique = [...new Set(addresses)];
  const family = isIP(unique[0] ?? "");
  const one = unique.filter((each) => isIP(each) === family);
  const other = unique.filter((each) => isIP(each) !== family);
  const mixed: string[] = [];
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    for (const each of [one[i], other[i]]) if (each !== undefined) mixed.push(each);
  }
  return mixed;
}

function resolveHost(host: string): Promise<string[] | undefined> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true, verbatim: true }, (error, found) => {
      if (error === null) resolve(found.map((each) => each.address));
      else if (error.code === "EPERM" || error.name === "NotCapable") resolve(undefined);
      else {
        reject(
          new TendrilError("LINK_DNS", `The host name ${host} can't be resolved.`, {
            cause: error,
            hint: "Check the spelling of the host, and the name server of this machine.",
          }),
        );
      }
    });
  });
}

function mayConnect(address: string, port: number): boolean {
  return Deno.permissions.querySync({ name: "net", host: formatAddress(address, port) }).state === "granted";
}
