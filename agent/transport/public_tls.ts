/**
 * The gate of a port that serves people who are no peers: TLS that proves who we are, and asks for a certificate of the
 * other side only where the port names authorities of its clients. What passes it is no link, so nothing but
 * `http_server.ts` and `tls_port.ts` may stand behind it.
 *
 * All TLS servers of a process share their tickets on Deno 2.9, and there is no way to issue none. A client that resumes
 * a session is known by the certificate in it, if there is one, and where certificates are asked for, that is judged as
 * if it had been shown now: a ticket of a port that asks for none, or trusts others, opens nothing.
 */

import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Admit, OnRefused } from "./accept.ts";
import type { PeerIdentity, ServerIdentity } from "./channel.ts";
import { judge } from "./judge.ts";
import { linkError, timeoutError } from "./link_error.ts";
import { addressOf } from "./tcp_connect.ts";
import type { Gate } from "./tls_server.ts";
import { TrustAnchors } from "./trust.ts";

/** What the gate is to do. */
export interface PublicGateOptions {
  /** Who we are. */
  readonly tls: ServerIdentity;
  /** Deadline of a handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** The oldest version that is spoken. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** What may be spoken inside (ALPN): who asks for other protocols alone is refused, who asks for none is not. */
  readonly protocols?: readonly string[];
  /** True where the end of one side of a connection is not that of both; of the port as well. Default false. */
  readonly halfOpen?: boolean;
}

/** Makes the gate; `wrap` makes what is handed out of a connection that is through. */
export function publicGate<C>(
  { tls, handshakeTimeoutMs, minVersion, protocols = [], halfOpen = false }: PublicGateOptions,
  wrap: (socket: TLSSocket, peer: PeerIdentity) => C,
  admit: Admit<C>,
  refuse: OnRefused,
): Gate {
  const anchors = tls.clientCa === undefined ? undefined : new TrustAnchors(tls.clientCa);
  const deadlines = new WeakMap<object, ReturnType<typeof setTimeout>>();
  // It never listens: it is handed its connections, so that their number is ours to limit.
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    minVersion,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
    allowHalfOpen: halfOpen,
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
    // Ours is the deadline that counts; this one only has to be out of its way.
    handshakeTimeout: handshakeTimeoutMs + 1000,
    // Without effect on Deno 2.9, where a ticket of this server resumes at all others.
    ticketKeys: randomBytes(48),
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const raw = rawOf(socket);
    clearTimeout(deadlines.get(raw));
    const address = addressOf(raw);
    let peer: PeerIdentity = { address, subject: undefined, fingerprint: undefined };
    if (anchors !== undefined) {
      try {
        peer = judge(socket, { anchors, role: "client", address, resumable: true });
      } catch (error) {
        socket.on("error", () => {});
        socket.destroy();
        refuse(linkError(error, { peer: address, handshaking: true }), address);
        return;
      }
    }
    admit(wrap(socket, peer), raw);
  });
  server.on("tlsClientError", (error: unknown, socket: TLSSocket) => {
    const raw = rawOf(socket);
    const address = addressOf(raw);
    socket.destroy();
    raw.destroy();
    const deadline = deadlines.get(raw);
    if (deadline === undefined) return; // Dropped at the deadline, and said so.
    clearTimeout(deadline);
    refuse(linkError(error, { peer: address, handshaking: true }), address);
  });
  return (raw) => {
    const address = addressOf(raw);
    const timer = setTimeout(() => {
      deadlines.delete(raw);
      refuse(timeoutError(address, "The TLS handshake", handshakeTimeoutMs), address);
      raw.destroy();
    }, handshakeTimeoutMs);
    deadlines.set(raw, timer);
    raw.on("close", () => clearTimeout(timer));
    raw.on("error", () => {});
    server.emit("connection", raw);
  };
}

/** The TCP socket under a TLS socket. */
function rawOf(socket: Socket): Socket {
  return Reflect.get(socket, "_parent") as Socket | undefined ?? socket;
}
