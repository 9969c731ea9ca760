/**
 * The accepting half of mutual TLS: a server whose every peer was judged before anybody else hears of it. In:
 * credentials. Out: channels to peers that proved themselves, and the reason for each that did not.
 */

import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, TLSSocket } from "node:tls";
import { TendrilError } from "../lib/errors.ts";
import type { Admit, OnRefused } from "./accept.ts";
import type { PeerIdentity, TlsCredentials } from "./channel.ts";
import { readCredentials } from "./credentials.ts";
import { judge } from "./judge.ts";
import { leftSilently, linkError, timeoutError } from "./link_error.ts";
import { SocketChannel } from "./socket_channel.ts";
import { addressOf } from "./tcp_connect.ts";

/** What a server of peers needs. */
export interface TlsServerOptions {
  /** Who we are, and whom we trust. */
  readonly tls: TlsCredentials;
  /** Deadline of a handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
}

/** A peer that is not let in yet. */
interface Handshake {
  readonly raw: Socket;
  readonly address: string;
  readonly timer: ReturnType<typeof setTimeout>;
  verdict?: PeerIdentity | TendrilError;
  /** True once the peer was admitted or refused. */
  over: boolean;
}

/** Takes connected sockets in; from then on they are shaking hands. */
export type Gate = (raw: Socket) => void;

/** Makes the gate that peers pass by mutual TLS. Throws `LINK_TLS_CREDENTIALS`. */
export function tlsGate(options: TlsServerOptions, admit: Admit<SocketChannel>, refuse: OnRefused): Gate {
  const { tls, handshakeTimeoutMs } = options;
  const { anchors } = readCredentials(tls);
  const handshakes = new WeakMap<object, Handshake>();
  const finish = (socket: TLSSocket | Socket): Handshake | undefined => {
    const handshake = handshakes.get(socket) ?? handshakes.get(rawOf(socket));
    if (handshake === undefined || handshake.over) return undefined;
    clearTimeout(handshake.timer);
    handshake.over = true;
    return handshake;
  };
  const verdictOn = (socket: TLSSocket, address: string): PeerIdentity | TendrilError => {
    try {
      return judge(socket, { anchors, role: "client", address });
    } catch (error) {
      return linkError(error, { peer: address, handshaking: true });
    }
  };

  // It never listens: it is handed its connections, so that their number is ours to limit.
  const server = createServer({
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    // Ours is the deadline that counts; this one only has to be out of its way.
    handshakeTimeout: handshakeTimeoutMs + 1000,
    // Without effect on Deno 2.9, where all servers share one key; hence the refusal of resumed sessions in `judge`.
    ticketKeys: randomBytes(48),
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const handshake = finish(socket);
    const address = handshake?.address ?? addressOf(socket);
    const verdict = handshake?.verdict ?? verdictOn(socket, address);
    if (verdict instanceof TendrilError || !socket.authorized) {
      socket.on("error", () => {});
      socket.destroy();
      const unverified = new TendrilError("LINK_TLS_CA", `The certificate of ${address} was not verified.`, {
        hint: "Give the peer a link file of this site.",
      });
      refuse(verdict instanceof TendrilError ? verdict : unverified, address);
      return;
    }
    admit(new SocketChannel(socket, verdict), handshake?.raw ?? socket);
  });
  server.on("tlsClientError", (error: unknown, socket: TLSSocket) => {
    const handshake = finish(socket);
    socket.destroy();
    if (handshake === undefined) return; // Dropped at the deadline, and said so.
    handshake.raw.destroy();
    const { address, raw, verdict } = handshake;
    if (raw.bytesRead === 0) return refuse(leftSilently(address), address);
    const code = socket.authorizationError as unknown;
    const known = typeof code === "string" ? { code } : error;
    refuse(verdict instanceof TendrilError ? verdict : linkError(known, { peer: address, handshaking: true }), address);
  });
  return (raw) => {
    const address = addressOf(raw);
    const timer = setTimeout(() => {
      if (finish(raw) === undefined) return;
      refuse(timeoutError(address, "The TLS handshake", handshakeTimeoutMs), address);
      raw.destroy();
    }, handshakeTimeoutMs);
    const handshake: Handshake = { raw, address, timer, over: false };
    handshakes.set(raw, handshake);
    // The reason of a failure comes after the socket has closed: only the deadline ends here.
    raw.on("close", () => clearTimeout(timer));
    raw.on("error", () => {});
    server.emit("connection", raw);
    const socket = tlsSocketOver(raw);
    if (socket === undefined) return;
    handshakes.set(socket, handshake);
    // Ahead of the runtime, which drops a peer it will not have without keeping what we need to say why.
    socket.prependOnceListener("secure", () => handshake.verdict = verdictOn(socket, address));
  };
}

/** The TLS socket the runtime has just put over `raw`, if it shows it. */
function tlsSocketOver(raw: Socket): TLSSocket | undefined {
  const handle = (raw as unknown as { _handle?: Record<symbol, unknown> | null })._handle;
  if (handle === undefined || handle === null) return undefined;
  return Object.getOwnPropertySymbols(handle)
    .map((symbol) => handle[symbol])
    .find((owner) => owner instanceof TLSSocket);
}

/** The TCP socket under a TLS socket: a failed one has forgotten its address. */
function rawOf(socket: Socket): object {
  return Reflect.get(socket, "_parent") ?? socket;
}
