/**
 * Dials one endpoint of a link: TCP, then the proxy if there is one, then TLS, then WebSocket if asked for. In: whom to
 * reach. Out: a channel, or one error that says which step failed and what to do. One deadline covers all steps.
 */

import { isIP, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { TendrilError } from "../lib/errors.ts";
import { isHostName, withoutRootDot } from "../lib/host_name.ts";
import { scopeOf } from "./abort.ts";
import type { Channel, PeerIdentity, ServerTrust, TlsCredentials } from "./channel.ts";
import { readCredentials } from "./credentials.ts";
import { abortError, timeoutError } from "./link_error.ts";
import { openTunnel, type ProxyOptions, proxyUnreachable } from "./proxy.ts";
import { SocketChannel } from "./socket_channel.ts";
import { connectTcp, formatAddress, type TcpTarget } from "./tcp_connect.ts";
import { explain, secure, type TlsTarget } from "./tls_client.ts";

/** The steps of dialling, in order; `proxy` and `websocket` only where they are asked for. */
export type DialStage = "resolve" | "connect" | "proxy" | "tls" | "websocket";

/** What to dial, and how. */
export interface DialOptions {
  /** Name or IP address of the endpoint; IPv6 without brackets. */
  readonly host: string;
  /** Port of the endpoint. */
  readonly port: number;
  /** Credentials of the link, or whom to trust. Undefined means plain TCP, which never leaves this machine. */
  readonly tls?: TlsCredentials | ServerTrust | undefined;
  /** The name the peer's certificate must carry, if it is not `host`. */
  readonly serverName?: string | undefined;
  /** An HTTP proxy to pass; needs `tls`. */
  readonly proxy?: ProxyOptions | undefined;
  /** True to carry AMQP in WebSocket frames. */
  readonly websocket: boolean;
  /** Deadline for the whole way, milliseconds. */
  readonly timeoutMs: number;
  /** Head start of one address of the host over the next, milliseconds; see {@link TcpTarget.staggerMs}. */
  readonly staggerMs?: number | undefined;
  /** Resolves a name to addresses, best first; for tests. Default: the system's resolver. */
  readonly resolve?: TcpTarget["resolve"];
  /** Hears when a step begins, with the addresses that were found when that is `connect`. */
  readonly onStage?: (stage: DialStage, addresses?: readonly string[]) => void;
}

/**
 * Dials. When the promise settles, nothing but the channel it may have yielded is left open. Throws a `LINK_*` error;
 * `LINK_ABORTED` if `signal` fired.
 */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Channel> {
  const peer = formatAddress(options.host, options.port);
  validate(options, peer);
  if (options.tls !== undefined) readCredentials(options.tls);
  return await inStages(peer, options.timeoutMs, signal, async (enter, signal) => {
    options.onStage?.("resolve");
    const raw = await openRoute(options, peer, signal);
    enter("The TLS handshake");
    if (options.tls !== undefined) options.onStage?.("tls");
    const channel = await openChannel(raw, options, peer, signal);
    if (!options.websocket) return channel;
    enter("The WebSocket handshake");
    options.onStage?.("websocket");
    const { upgradeClient } = await import("./websocket_client.ts");
    return await upgradeClient(channel, peer, signal);
  });
}

/**
 * Runs `stages`, which tells what it enters, with a signal that fires with `signal`, or at the deadline with a
 * `LINK_TIMEOUT` that names the stage.
 */
export async function inStages<T>(
  peer: string,
  timeoutMs: number,
  signal: AbortSignal,
  stages: (enter: (stage: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const scope = scopeOf(signal, (reason) => abortError(peer, reason));
  let stage = "The connection";
  const timer = setTimeout(() => scope.abort(timeoutError(peer, stage, timeoutMs)), timeoutMs);
  try {
    scope.signal.throwIfAborted();
    return await stages((entered) => stage = entered, scope.signal);
  } finally {
    clearTimeout(timer);
    scope.release();
  }
}

/** A socket that leads to the endpoint, through the proxy if there is one. */
async function openRoute(options: DialOptions, peer: string, signal: AbortSignal): Promise<Socket> {
  const { proxy, staggerMs, resolve, onStage } = options;
  const extras = {
    onResolved: (addresses: readonly string[]) => onStage?.("connect", addresses),
    ...(staggerMs === undefined ? {} : { staggerMs }),
    ...(resolve === undefined ? {} : { resolve }),
  };
  if (proxy === undefined) {
    const loopbackOnly = options.tls === undefined;
    return await connectTcp({ host: options.host, port: options.port, loopbackOnly, ...extras }, signal);
  }
  const name = formatAddress(proxy.host, proxy.port);
  const socket = await connectTcp({ host: proxy.host, port: proxy.port, ...extras }, signal)
    .catch((error) => Promise.reject(signal.aborted ? error : proxyUnreachable(name, error)));
  onStage?.("proxy");
  return await openTunnel(socket, peer, proxy, name, signal);
}

async function openChannel(raw: Socket, options: DialOptions, peer: string, signal: AbortSignal): Promise<Channel> {
  if (options.tls === undefined) {
    return new SocketChannel(raw, { address: peer, subject: undefined, fingerprint: undefined });
  }
  const target: TlsTarget = { tls: options.tls, serverName: withoutRootDot(options.serverName ?? options.host), peer };
  const mayBeRefused = target.tls.cert !== undefined;
  const { onStage: _told, ...quietly } = options;
  return await secureOrExplain(
    raw,
    target,
    signal,
    (socket, peer) => new SocketChannel(socket, peer, { mayBeRefused }),
    () => openRoute(quietly, peer, signal),
  );
}

/** As {@link secure}; a reason that says too little is looked for again over what `again` opens, for the user's sake. */
export async function secureOrExplain<T>(
  raw: Socket,
  target: TlsTarget,
  signal: AbortSignal,
  take: (socket: TLSSocket, peer: PeerIdentity) => T,
  again: () => Promise<Socket>,
): Promise<T> {
  try {
    return await secure(raw, target, signal, take);
  } catch (error) {
    // The TLS layer calls an expired certificate "not verified".
    if (!isVague(error)) throw error;
    const other = await again().catch(() => undefined);
    const reason = other === undefined ? undefined : await explain(other, target, signal);
    throw reason ?? error;
  }
}

function isVague(error: unknown): boolean {
  const cause = error instanceof TendrilError ? error.cause as { code?: unknown } | undefined : undefined;
  return cause?.code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
}

function validate(options: DialOptions, peer: string): void {
  const bad = (what: string, hint: string) => {
    throw new TendrilError("LINK_ENDPOINT", `The endpoint ${JSON.stringify(peer)} can't be dialled: ${what}.`, {
      hint,
    });
  };
  const hosts = [options.host, options.serverName ?? options.host, options.proxy?.host ?? options.host];
  if (!hosts.every((host) => isIP(host) !== 0 || isHostName(host))) {
    bad("the host is neither a DNS name nor an IP address", "Check the host in the link's endpoints.");
  }
  const ports = [options.port, options.proxy?.port ?? options.port];
  if (!ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536)) {
    bad("the port is not between 1 and 65535", "Check the port in the link's endpoints.");
  }
  if (options.tls === undefined && options.proxy !== undefined) {
    bad("plain connections do not go through a proxy", "Give the link TLS credentials.");
  }
}
