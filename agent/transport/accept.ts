/**
 * The accepting half of the transport: a port in, channels to judged peers out. With credentials every peer must prove
 * itself by a certificate of the site's CA; without, only loopback is served.
 */

import { createServer, isIP, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { TendrilError } from "../lib/errors.ts";
import type { Channel, TlsCredentials } from "./channel.ts";
import { readCredentials } from "./credentials.ts";
import { judge } from "./judge.ts";
import { linkError, timeoutError } from "./link_error.ts";
import { SocketChannel } from "./socket_channel.ts";

/** What a port is to do. */
export interface AcceptOptions {
  /** Address or name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Undefined accepts plain TCP, on loopback only. */
  readonly tls?: TlsCredentials;
  /** Deadline of a peer's TLS handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Connections open at once, handshaking ones included; more are closed as they come. */
  readonly maxConnections: number;
}

/** An open port. */
export interface Acceptor {
  readonly host: string;
  /** The port in use. */
  readonly port: number;
  /** Sockets open now, handshaking ones included. */
  readonly connections: number;
  /** Accepts nobody any more and drops who is still shaking hands; resolves when the port is free. */
  close(): Promise<void>;
}

/** Gets a peer that proved itself. */
export type OnChannel = (channel: Channel) => void;
/** Hears why somebody was not let in. */
export type OnRefused = (reason: TendrilError, address: string) => void;

/**
 * Opens a port. Throws ACCEPT_PLAIN_REMOTE for plain TCP beyond loopback, ACCEPT_PORT when the port can't be opened, and
 * LINK_TLS_CREDENTIALS when the credentials are unusable.
 */
export async function accept(options: AcceptOptions, onChannel: OnChannel, onRefused: OnRefused): Promise<Acceptor> {
  const sockets = new Set<Socket>();
  const server = options.tls === undefined
    ? plainServer(options, sockets, onChannel)
    : tlsServer(options, options.tls, sockets, onChannel, onRefused);
  await listen(server, options);
  // Without a listener an accept failure, such as too many open files, would end the process.
  server.on("error", (error: unknown) => onRefused(acceptFailure(error), "unknown"));
  server.maxConnections = options.maxConnections;
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    host: options.host,
    port,
    get connections() {
      return sockets.size;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function plainServer(options: AcceptOptions, sockets: Set<Socket>, onChannel: OnChannel): Server {
  if (!isLoopback(options.host)) {
    throw new TendrilError("ACCEPT_PLAIN_REMOTE", `plain connections are not accepted on ${options.host}`, {
      hint: "Bind the port to 127.0.0.1, or give it credentials so that clients connect with mutual TLS.",
    });
  }
  return createServer({ noDelay: true }, (socket) => {
    track(socket, sockets);
    onChannel(new SocketChannel(socket, { address: addressOf(socket), subject: undefined, fingerprint: undefined }));
  });
}

function tlsServer(
  options: AcceptOptions,
  tls: TlsCredentials,
  sockets: Set<Socket>,
  onChannel: OnChannel,
  onRefused: OnRefused,
): Server {
  const { anchors } = readCredentials(tls);
  const handshakes = new WeakMap<object, Handshake>();
  const finish = (raw: object): Handshake | undefined => {
    const handshake = handshakes.get(raw);
    clearTimeout(handshake?.timer);
    handshakes.delete(raw);
    return handshake;
  };
  const server = createTlsServer({
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    noDelay: true,
  });
  server.on("connection", (raw: Socket) => {
    track(raw, sockets);
    const address = addressOf(raw);
    const timer = setTimeout(() => {
      finish(raw);
      onRefused(timeoutError(address, "The TLS handshake", options.handshakeTimeoutMs), address);
      raw.destroy();
    }, options.handshakeTimeoutMs);
    handshakes.set(raw, { address, timer });
    // The reason of a failure comes after the socket has closed: only the deadline ends here.
    raw.on("close", () => clearTimeout(timer));
    raw.on("error", () => {});
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const address = finish(rawOf(socket))?.address ?? addressOf(socket);
    socket.on("error", () => {});
    try {
      const identity = judge(socket, { anchors, role: "client", address });
      if (!socket.authorized) throw new TendrilError("LINK_TLS_CA", "The peer's certificate was not verified.");
      socket.setNoDelay(true);
      onChannel(new SocketChannel(socket, identity));
    } catch (error) {
      socket.destroy();
      onRefused(
        error instanceof TendrilError ? error : linkError(error, { peer: address, handshaking: true }),
        address,
      );
    }
  });
  server.on("tlsClientError", (error: unknown, socket: TLSSocket) => {
    const handshake = finish(rawOf(socket));
    socket.destroy();
    if (handshake === undefined) return; // Dropped at the deadline, and said so.
    onRefused(linkError(error, { peer: handshake.address, handshaking: true }), handshake.address);
  });
  return server;
}

/** A peer that is not let in yet. */
interface Handshake {
  readonly address: string;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** The TCP socket under a TLS socket: a failed one has forgotten its address. */
function rawOf(socket: TLSSocket): object {
  return Reflect.get(socket, "_parent") ?? socket;
}

function listen(server: Server, { host, port }: AcceptOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(
        new TendrilError("ACCEPT_PORT", `can't listen on ${host}:${port}: ${error.message}`, {
          cause: error,
          hint: "Choose another port or address in the RouterAccess, or stop the program that uses it.",
        }),
      );
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

function track(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function acceptFailure(error: unknown): TendrilError {
  return new TendrilError("ACCEPT_FAILED", "a connection could not be accepted", {
    cause: error,
    hint: "If too many files are open, raise the limit (ulimit -n) or close connections.",
  });
}
