/**
 * The seam between a network and the AMQP engine: an ordered, authenticated pipe of bytes to one peer.
 * `dial.ts` and `accept.ts` make channels; nothing outside `transport/` knows what socket is behind one.
 */

import type { TendrilError } from "../lib/errors.ts";

/** Who is at the other end, as proven by the transport. */
export interface PeerIdentity {
  /** Remote address as `host:port`. */
  readonly address: string;
  /** Subject of the verified peer certificate; undefined on a plain loopback channel. */
  readonly subject: string | undefined;
  /** Common name in that subject; undefined unless it has exactly one. */
  readonly commonName?: string | undefined;
  /** SHA-256 fingerprint (hex with colons) of the verified peer certificate. */
  readonly fingerprint: string | undefined;
  /** Serial number of that certificate, upper-case hex without zeros in front. */
  readonly serial?: string;
  /** Last moment of its validity, milliseconds since the epoch. */
  readonly notAfter?: number;
  /** SHA-256 fingerprint of the authority that vouched for it. */
  readonly authority?: string;
  /** How the channel is encrypted; absent on a plain one. */
  readonly tls?: {
    /** Such as `TLSv1.3`. */
    readonly protocol: string | undefined;
    /** Name of the cipher suite. */
    readonly cipher: string | undefined;
  };
}

/** What a channel tells its owner. */
export interface ChannelHandler {
  /** Bytes arrived. `chunk` is a view of a reused buffer: it is valid only until this call returns. */
  onData(chunk: Uint8Array): void;
  /** The channel is gone, exactly once; `error` is undefined after an orderly end by either side. */
  onClose(error: TendrilError | undefined): void;
}

/** A connected pipe of bytes. */
export interface Channel {
  /** The peer's identity, proven before the channel was handed out. */
  readonly peer: PeerIdentity;
  /** Starts the flow of bytes to `handler`; called exactly once. */
  start(handler: ChannelHandler): void;
  /**
   * Writes `chunk`; at most one write may be in flight. `chunk` must not change until `done` was called.
   * `done` gets true when the bytes were handed to the kernel, false when the channel is gone.
   */
  write(chunk: Uint8Array, done: (ok: boolean) => void): void;
  /**
   * Stops reading from the network, down to the TCP window. What was read already, 64 KiB at most (twice that inside
   * WebSocket), may still be delivered.
   */
  pause(): void;
  /** Undoes {@link Channel.pause}. */
  resume(): void;
  /** Ends in order: bytes already written are sent, then the connection closes. */
  close(): void;
  /** Drops the connection at once. */
  destroy(): void;
}

/** A set of PEM texts that prove an identity and name whom to trust. Never logged. */
export interface TlsCredentials {
  /** CA certificates to trust, nothing else is. */
  readonly ca: string;
  /** Own certificate chain. */
  readonly cert: string;
  /** Own private key, PKCS#1, PKCS#8 or SEC1. */
  readonly key: string;
}

/** Who a server is, for clients that are no peers. Never logged. */
export interface ServerIdentity extends Pick<TlsCredentials, "cert" | "key"> {
  /** CA certificates: only clients with a certificate of one of these authorities are let in. Absent: all are. */
  readonly clientCa?: string;
}

/** Whom to trust, for a side that dials without a certificate of its own. Links never do. */
export interface ServerTrust {
  /** CA certificates to trust, nothing else is. */
  readonly ca: string;
  /** None. */
  readonly cert?: undefined;
  /** None. */
  readonly key?: undefined;
}
