/**
 * The dialling half of TLS: a connected socket in, a socket to a judged peer out. The CAs that are named replace the roots
 * of the system, and nothing is sent before the peer was judged.
 */

import { isIP, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { TendrilError } from "../lib/errors.ts";
import { discard, onAbort } from "./abort.ts";
import type { PeerIdentity, ServerTrust, TlsCredentials } from "./channel.ts";
import { readCredentials } from "./credentials.ts";
import { type Demands, judge } from "./judge.ts";
import { linkError, silentRefusal } from "./link_error.ts";

/** Whom to expect on the other end. */
export interface TlsTarget {
  /** Who we are, unless nobody in particular, and whom we trust. */
  readonly tls: TlsCredentials | ServerTrust;
  /** The name or IP address the certificate must be for. */
  readonly serverName: string;
  /** True to take a certificate for any name, if it is of an authority that is trusted. Default false. */
  readonly anyName?: boolean;
  /** What may be spoken inside (ALPN), in order of preference. Default: nothing is said of that. */
  readonly protocols?: readonly string[];
  /** True where the end of one side is not that of both. Default false. */
  readonly halfOpen?: boolean;
  /** The peer for messages, `host:port`. */
  readonly peer: string;
}

/**
 * Shakes hands over `raw`, which is owned from here on. `take` makes the result, at once, so that the socket is never
 * without a listener for errors. Throws a `LINK_*` error, or the reason of `signal`, once both sockets are closed.
 */
export function secure<T>(
  raw: Socket,
  target: TlsTarget,
  signal: AbortSignal,
  take: (socket: TLSSocket, peer: PeerIdentity) => T,
): Promise<T> {
  const { notAfter } = readCredentials(target.tls);
  if (raw.destroyed) return Promise.reject(linkError({ code: "ECONNRESET" }, { peer: target.peer, handshaking: true }));
  return new Promise((resolve, reject) => {
    let peer: PeerIdentity | undefined;
    const socket = open(raw, target, {
      ...(target.tls.cert === undefined ? {} : { cert: target.tls.cert, key: target.tls.key }),
      rejectUnauthorized: true,
      checkServerIdentity: () => {
        try {
          peer = judge(socket, demandsOf(target));
          return undefined;
        } catch (error) {
          // Before our last word of the handshake is out, so that the peer never takes us for connected.
          raw.destroy();
          return error as Error;
        }
      },
    });
    let release = () => {};
    let over = false;
    const fail = (error: unknown) => {
      if (over) return;
      over = true;
      release();
      discard(socket, raw).then(() => reject(error));
    };
    const onSecure = () => {
      if (peer === undefined || !socket.authorized) {
        fail(
          new TendrilError("LINK_TLS_CA", `The certificate of ${target.peer} was not verified.`, {
            hint: "Compare ca.crt of the link with the CA of the remote site.",
          }),
        );
        return;
      }
      const taken = take(socket, peer);
      over = true;
      release();
      resolve(taken);
    };
    const onError = (error: unknown) => {
      const described = linkError(error, { peer: target.peer, handshaking: true });
      const expired = described.code === "LINK_RESET" && Date.now() > notAfter;
      fail(expired ? silentRefusal(target.peer, error) : described);
    };
    const onClose = () => onError({ code: "ECONNRESET" });
    release = () => {
      stop();
      socket.off("secureConnect", onSecure).off("error", onError).off("close", onClose);
    };
    socket.on("secureConnect", onSecure).on("error", onError).on("close", onClose);
    const stop = onAbort(signal, () => queueMicrotask(() => fail(signal.reason)));
  });
}

/**
 * Why the TLS layer, which says no more than "not verified", would not have the peer behind `raw`: shakes hands without
 * insisting and without showing who we are, looks at the certificate and hangs up. Undefined if that told nothing.
 */
export function explain(raw: Socket, target: TlsTarget, signal: AbortSignal): Promise<TendrilError | undefined> {
  return new Promise((resolve) => {
    const socket = open(raw, target, { rejectUnauthorized: false, checkServerIdentity: () => undefined });
    let over = false;
    const finish = (found?: TendrilError) => {
      if (over) return;
      over = true;
      stop();
      discard(socket, raw).then(() => resolve(found));
    };
    socket.on("error", () => finish());
    socket.on("close", () => finish());
    socket.on("secureConnect", () => {
      try {
        judge(socket, demandsOf(target));
        finish();
      } catch (error) {
        finish(error instanceof TendrilError ? error : undefined);
      }
    });
    const stop = onAbort(signal, () => queueMicrotask(() => finish()));
  });
}

function open(raw: Socket, target: TlsTarget, options: ConnectionOptions): TLSSocket {
  const socket = connect({
    ...options,
    socket: raw,
    ca: target.tls.ca,
    minVersion: "TLSv1.2",
    ...(target.halfOpen === true ? { allowHalfOpen: true } : {}),
    ...(target.protocols === undefined ? {} : { ALPNProtocols: [...target.protocols] }),
    // An IP address must not travel as a server name (RFC 6066, 3).
    ...(isIP(target.serverName) === 0 ? { servername: target.serverName } : {}),
  });
  // The runtime calls this inside a native callback, where a malformed chain would take the whole process down.
  socket.getPeerCertificate = (() => ({})) as unknown as TLSSocket["getPeerCertificate"];
  return socket;
}

function demandsOf(target: TlsTarget): Demands {
  const { anchors } = readCredentials(target.tls);
  const name = target.anyName === true ? {} : { host: target.serverName };
  return { anchors, role: "server", ...name, address: target.peer };
}
