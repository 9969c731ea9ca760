/**
 * The accepting half of the transport: a port in, channels to judged peers out. With credentials every peer must prove
 * itself by a certificate of the site's CA (`tls_server.ts`); without, only loopback is served.
 */

import { createServer, isIP, type Server, type Socket } from "node:net";
import { messageOf, TendrilError } from "../lib/errors.ts";
import { keepAccepting } from "./accept_again.ts";
import type { Channel, TlsCredentials } from "./channel.ts";
import { linkError } from "./link_error.ts";
import { SocketChannel } from "./socket_channel.ts";
import { addressOf, formatAddress, isLoopback } from "./tcp_connect.ts";
import { type Gate, tlsGate } from "./tls_server.ts";

/** What a port is to do. */
export interface AcceptOptions {
  /** Address or name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Undefined accepts plain TCP, on loopback only. */
  readonly tls?: TlsCredentials;
  /** Deadline of a peer's TLS handshake, and then of its first bytes if `websocket` is set, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Connections open at once, handshaking ones included; more are closed as they come. */
  readonly maxConnections: number;
  /** The same for one address, so that nobody takes all of them. Default: no limit of its own. */
  readonly maxPerAddress?: number;
  /** True to serve AMQP inside WebSocket as well as plain AMQP, told apart by the first bytes. Default false. */
  readonly websocket?: boolean;
}

/** An open port. */
export interface Acceptor {
  /** What was bound. */
  readonly host: string;
  /** The port in use. */
  readonly port: number;
  /** Sockets open now, handshaking ones included. */
  readonly connections: number;
  /**
   * Shows and trusts `tls` in every handshake that begins from now on; who is connected stays so, and so does who is
   * shaking hands. Throws LINK_TLS_CREDENTIALS, and then all is as it was. Not for a port that was opened without.
   */
  renew(tls: TlsCredentials): void;
  /**
   * Accepts nobody any more and drops who is still shaking hands; resolves when the port is free. Channels that were
   * handed out live on: they are their owners'.
   */
  close(): Promise<void>;
}

/** Gets a peer that proved itself. */
export type OnChannel = (channel: Channel) => void;
/** Hears why somebody was not let in; `address` is `host:port`. */
export type OnRefused = (reason: TendrilError, address: string) => void;

/** What becomes of a socket that got through: hands the channel out, or reports why not. */
export type Admit = (channel: SocketChannel, raw: Socket) => void;
/** Makes the gate of a port that shows and trusts `tls`. */
export type GateMaker = (tls: TlsCredentials | undefined, admit: Admit, refuse: OnRefused) => Gate;

/**
 * Opens a port. Throws ACCEPT_PLAIN_REMOTE for plain TCP beyond loopback, ACCEPT_PORT when the port can't be opened, and
 * LINK_TLS_CREDENTIALS when the credentials are unusable.
 */
export function accept(options: AcceptOptions, onChannel: OnChannel, onRefused: OnRefused): Promise<Acceptor> {
  const gateOf: GateMaker = (tls, admit, refuse) =>
    tls === undefined ? plainGate(options, admit) : tlsGate({ ...options, tls }, admit, refuse);
  return acceptThrough(gateOf, options, onChannel, onRefused);
}

/** The same with a gate of the caller's: what a socket has to pass before it is handed out. */
export async function acceptThrough(
  gateOf: GateMaker,
  options: AcceptOptions,
  onChannel: OnChannel,
  onRefused: OnRefused,
): Promise<Acceptor> {
  const sockets = new Set<Socket>();
  const pending = new Set<Socket>();
  let closing = false;
  const refuse: OnRefused = (reason, address) => {
    if (!closing) onRefused(reason, address);
  };
  const admit: Admit = (channel, raw) => {
    const handOut = (found: Channel) => {
      pending.delete(raw);
      onChannel(found);
    };
    if (options.websocket !== true) {
      handOut(channel);
      return;
    }
    import("./sniff.ts")
      .then(({ sniff }) => sniff(channel, options.handshakeTimeoutMs))
      .then(
        handOut,
        (error) => refuse(linkError(error, { peer: channel.peer.address, handshaking: true }), addressOf(raw)),
      );
  };
  let enter = gateOf(options.tls, admit, refuse);
  const server = createServer({ noDelay: true }, (raw) => {
    const full = fullness(raw, sockets, options);
    if (full !== undefined) {
      refuse(full, addressOf(raw));
      raw.on("error", () => {});
      raw.destroy();
      return;
    }
    sockets.add(raw);
    pending.add(raw);
    raw.once("close", () => {
      sockets.delete(raw);
      pending.delete(raw);
    });
    enter(raw);
  });
  await listen(server, options);
  // Without a listener a failure of the port would end the process.
  server.on("error", (error: unknown) => refuse(acceptFailure(error), "unknown"));
  const stopAccepting = keepAccepting(server, options.host, (reason) => refuse(acceptFailure(reason), "unknown"));
  const address = server.address();
  return {
    host: options.host,
    port: typeof address === "object" && address !== null ? address.port : options.port,
    get connections() {
      return sockets.size;
    },
    renew(tls) {
      // The gate is behind the port: a new one needs no new port.
      enter = gateOf(tls, admit, refuse);
    },
    async close() {
      closing = true;
      stopAccepting();
      if (server.listening) server.close();
      const dropped = [...pending].map((raw) => new Promise<void>((resolve) => raw.once("close", () => resolve())));
      for (const raw of pending) raw.destroy();
      await Promise.all(dropped);
    },
  };
}

function plainGate(options: AcceptOptions, admit: Admit): Gate {
  if (options.host !== "localhost" && !(isIP(options.host) !== 0 && isLoopback(options.host))) {
    throw new TendrilError("ACCEPT_PLAIN_REMOTE", `Plain connections are not accepted on ${options.host}.`, {
      hint: "Bind the port to 127.0.0.1, or give it credentials so that clients connect with mutual TLS.",
    });
  }
  return (raw) =>
    admit(new SocketChannel(raw, { address: addressOf(raw), subject: undefined, fingerprint: undefined }), raw);
}

function listen(server: Server, { host, port }: Pick<AcceptOptions, "host" | "port">): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(
        new TendrilError("ACCEPT_PORT", `Can't listen on ${formatAddress(host, port)}: ${error.message}.`, {
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

/** Why there is no room for `raw` beside `sockets`, if so. */
function fullness(
  raw: Socket,
  sockets: ReadonlySet<Socket>,
  { maxConnections, maxPerAddress = Infinity }: Pick<AcceptOptions, "maxConnections" | "maxPerAddress">,
): TendrilError | undefined {
  const hint = "Spread the peers over more ports or routers.";
  if (sockets.size >= maxConnections) {
    const what = `The port has ${maxConnections} connections, which is all it takes.`;
    return new TendrilError("ACCEPT_LIMIT", what, { hint });
  }
  if (maxPerAddress === Infinity) return undefined;
  let same = 0;
  for (const { remoteAddress } of sockets) if (remoteAddress === raw.remoteAddress) same++;
  if (same < maxPerAddress) return undefined;
  const what = `The port has ${same} connections of one address, which is all it takes.`;
  return new TendrilError("ACCEPT_LIMIT", what, { hint });
}

function acceptFailure(error: unknown): TendrilError {
  return new TendrilError("ACCEPT_FAILED", `A connection could not be accepted: ${messageOf(error)}.`, {
    cause: error,
    hint: "If too many files are open, raise the limit (ulimit -n) or close connections.",
  });
}
