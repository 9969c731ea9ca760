/**
 * A port at which anybody may open a TLS connection, or anybody with a certificate of certain authorities, for those who
 * carry other people's octets: it proves who we are. None of these connections may become a link.
 */

import { type Acceptor, acceptThrough, type OnRefused } from "./accept.ts";
import type { ServerIdentity } from "./channel.ts";
import { publicGate } from "./public_tls.ts";
import { TlsStream } from "./tls_stream.ts";

/** Deadline of a client's handshake, milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes of a port at a time. */
const MAX_HANDSHAKES = 1024;

/** What the port is to do. */
export interface TlsPortOptions {
  /** Address or name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Who we are. */
  readonly tls: ServerIdentity;
  /** What may be spoken inside (ALPN); empty for anything. */
  readonly protocols: readonly string[];
}

/** Opens the port. `onRefused` hears of connections that came to nothing. Throws `ACCEPT_PORT`. */
export function openTlsPort(
  { host, port, tls: first, protocols }: TlsPortOptions,
  onStream: (stream: TlsStream) => void,
  onRefused: OnRefused,
): Promise<Acceptor<ServerIdentity>> {
  const handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS;
  return acceptThrough(
    (tls: ServerIdentity = first, admit, refuse) =>
      publicGate(
        { tls, handshakeTimeoutMs, minVersion: "TLSv1.2", protocols, halfOpen: true },
        (socket, peer) => new TlsStream(socket, peer),
        admit,
        refuse,
      ),
    { host, port, maxConnections: Infinity, maxHandshakes: MAX_HANDSHAKES, halfOpen: true },
    onStream,
    onRefused,
  );
}
