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

/** How long a handshake may take before it gives way to others where there are too many, milliseconds. */
const PATIENCE_MS = 1000;

/** What any port is to do; `T` is what it shows and trusts. */
export interface PortOptions<T> {
  /** Address or name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What the gate is made with. */
  readonly tls?: T;
  /** Connections open at once, handshaking ones included; more are closed as they come. */
  readonly maxConnections: number;
  /** The same for one address, so that nobody takes all of them. Default: no limit of its own. */
  readonly maxPerAddress?: number;
  /** Handshakes at a time; one that takes long gives way to another. Default: no limit of its own. */
  readonly maxHandshakes?: number;
  /** Asked as each connection comes: why it can't be taken now, if so. */
  readonly objection?: () => TendrilError | undefined;
  /** True where the end of one side of a connection is not that of both. Default false. */
  readonly halfOpen?: boolean;
}

/** What a port for peers is to do; without `tls` it accepts plain TCP, on loopback only. */
export interface AcceptOptions extends PortOptions<TlsCredentials> {
  /** Deadline of a peer's TLS handshake, and then of its first bytes if `websocket` is set, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** True to serve AMQP inside WebSocket as well as plain AMQP, told apart by the first bytes. Default false. */
  readonly websocket?: boolean;
}

/** An open port. */
export interface Acceptor<T = TlsCredentials> {
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
  renew(tls: T): void;
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

/** What becomes of a socket that got through: what was made of it is handed out. */
export type Admit<C> = (through: C, raw: Socket) => void;
/** Makes the gate of a port that shows and trusts `tls`. */
export type GateMaker<T, C> = (tls: T | undefined, admit: Admit<C>, refuse: OnRefused) => Gate;

/**
 * Opens a port. Throws ACCEPT_PLAIN_REMOTE for plain TCP beyond loopback, ACCEPT_PORT when the port can't be opened, and
 * LINK_TLS_CREDENTIALS when the credentials are unusable.
 */
export function accept(options: AcceptOptions, onChannel: OnChannel, onRefused: OnRefused): Promise<Acceptor> {
  const gateOf: GateMaker<TlsCredentials, Channel> = (tls, admit, refuse) => {
    const sniffing = options.websocket === true ? sniffed(options, admit, refuse) : admit;
    return tls === undefined ? plainGate(options, sniffing) : tlsGate({ ...options, tls }, sniffing, refuse);
  };
  return acceptThrough(gateOf, options, onChannel, onRefused);
}

/** Looks at the first bytes of a channel before it is handed out. */
function sniffed(options: AcceptOptions, admit: Admit<Channel>, refuse: OnRefused): Admit<SocketChannel> {
  return (channel, raw) => {
    import("./sniff.ts")
      .then(({ sniff }) => sniff(channel, options.handshakeTimeoutMs))
      .then(
        (found) => admit(found, raw),
        (error) => refuse(linkError(error, { peer: channel.peer.address, handshaking: true }), addressOf(raw)),
      );
  };
}

/** The same with a gate of the caller's: what a socket has to pass before what was made of it is handed out. */
export async function acceptThrough<T, C>(
  gateOf: GateMaker<T, C>,
  options: PortOptions<T>,
  onAdmitted: (through: C) => void,
  onRefused: OnRefused,
): Promise<Acceptor<T>> {
  const sockets = new Set<Socket>();
  /** Those that are shaking hands, and since when; the longest first. */
  const pending = new Map<Socket, number>();
  const { maxHandshakes = Infinity } = options;
  let closing = false;
  const refuse: OnRefused = (reason, address) => {
    if (!closing) onRefused(reason, address);
  };
  const admit: Admit<C> = (through, raw) => {
    pending.delete(raw);
    onAdmitted(through);
  };
  let enter = gateOf(options.tls, admit, refuse);
  const server = createServer({ noDelay: true, allowHalfOpen: options.halfOpen === true }, (raw) => {
    if (pending.size >= maxHandshakes) giveWay(pending);
    const full = fullness(raw, sockets, options) ??
      (pending.size >= maxHandshakes ? limit(`The port has ${maxHandshakes} handshakes under way`) : undefined);
    if (full !== undefined) {
      refuse(full, addressOf(raw));
      raw.on("error", () => {});
      raw.destroy();
      return;
    }
    sockets.add(raw);
    pending.set(raw, performance.now());
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
      const shaking = [...pending.keys()];
      const dropped = shaking.map((raw) => new Promise<void>((resolve) => raw.once("close", () => resolve())));
      for (const raw of shaking) raw.destroy();
      await Promise.all(dropped);
    },
  };
}

function plainGate(options: AcceptOptions, admit: Admit<SocketChannel>): Gate {
  if (options.host !== "localhost" && !(isIP(options.host) !== 0 && isLoopback(options.host))) {
    throw new TendrilError("ACCEPT_PLAIN_REMOTE", `Plain connections are not accepted on ${options.host}.`, {
      hint: "Bind the port to 127.0.0.1, or give it credentials so that clients connect with mutual TLS.",
    });
  }
  return (raw) =>
    admit(new SocketChannel(raw, { address: addressOf(raw), subject: undefined, fingerprint: undefined }), raw);
}

function listen(server: Server, { host, port }: Pick<PortOptions<unknown>, "host" | "port">): Promise<void> {
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
  { maxConnections, maxPerAddress = Infinity, objection }: Pick<
    PortOptions<unknown>,
    "maxConnections" | "maxPerAddress" | "objection"
  >,
): TendrilError | undefined {
  const objected = objection?.();
  if (objected !== undefined) return objected;
  if (sockets.size >= maxConnections) return limit(`The port has ${maxConnections} connections`);
  if (maxPerAddress === Infinity) return undefined;
  let same = 0;
  for (const { remoteAddress } of sockets) if (remoteAddress === raw.remoteAddress) same++;
  return same < maxPerAddress ? undefined : limit(`The port has ${same} connections of one address`);
}

function limit(what: string): TendrilError {
  return new TendrilError("ACCEPT_LIMIT", `${what}, which is all it takes.`, {
    hint: "Spread the peers over more ports or routers.",
  });
}

/** Drops who has been shaking hands for longest, if for long: honest peers are through in no time. */
function giveWay(pending: Map<Socket, number>): void {
  const [oldest] = pending;
  if (oldest === undefined || performance.now() - oldest[1] < PATIENCE_MS) return;
  pending.delete(oldest[0]);
  oldest[0].destroy();
}

function acceptFailure(error: unknown): TendrilError {
  return new TendrilError("ACCEPT_FAILED", `A connection could not be accepted: ${messageOf(error)}.`, {
    cause: error,
    hint: "If too many files are open, raise the limit (ulimit -n) or close connections.",
  });
}
