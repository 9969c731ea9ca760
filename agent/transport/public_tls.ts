/**
 * The gate of a port that serves people who have no certificate yet: TLS 1.3 that proves who we are and asks nothing of
 * the other side. What passes it carries no identity, so nothing but `http_server.ts` may stand behind it.
 */

import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Admit, OnRefused } from "./accept.ts";
import { readCredentials } from "./credentials.ts";
import { linkError, timeoutError } from "./link_error.ts";
import { SocketChannel } from "./socket_channel.ts";
import { addressOf } from "./tcp_connect.ts";
import type { Gate, TlsServerOptions } from "./tls_server.ts";

/** Makes the gate. Throws `LINK_TLS_CREDENTIALS`. */
export function publicGate(options: TlsServerOptions, admit: Admit, refuse: OnRefused): Gate {
  const { tls, handshakeTimeoutMs } = options;
  readCredentials(tls);
  const deadlines = new WeakMap<object, ReturnType<typeof setTimeout>>();
  // It never listens: it is handed its connections, so that their number is ours to limit.
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    minVersion: "TLSv1.3",
    // Ours is the deadline that counts; this one only has to be out of its way.
    handshakeTimeout: handshakeTimeoutMs + 1000,
    // Without effect on Deno 2.9, where a ticket of this server resumes at all others: see `judge.ts`, which refuses it.
    ticketKeys: randomBytes(48),
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const raw = rawOf(socket);
    clearTimeout(deadlines.get(raw));
    admit(new SocketChannel(socket, { address: addressOf(socket), subject: undefined, fingerprint: undefined }), raw);
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
