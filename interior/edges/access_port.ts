/** One port on which this router accepts interiors, edges or plain AMQP clients, in WebSocket frames as well as without. */

import {
  accept,
  type Acceptor,
  type AccessSpec,
  type AccessStatus,
  readCredentials,
  type Revocations,
  type Router,
} from "../../agent/mod.ts";
import type { Channel, PeerIdentity, TlsCredentials } from "../../agent/transport/channel.ts";
import { TendrilError } from "../../agent/lib/errors.ts";
import type { PeerLoss } from "../../agent/router/peer.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import { AcceptedRouter } from "../transit/accepted_router.ts";
import type { ConnectionGroups } from "../transit/connection_groups.ts";
import type { AcceptedPeer, AcceptedPeerEvents } from "../../agent/router/accepted_peer.ts";
import { UNAUTHORIZED } from "../../agent/router/guard.ts";
import { ClientPeer } from "../../agent/router/client_peer.ts";
import { EdgePeer } from "./edge_peer.ts";
import type { PolicyBook } from "./policy_book.ts";
import { RefusedPeer } from "./refused_peer.ts";
import { Twins } from "./twins.ts";

/** Time a peer has for its TLS handshake, and then again for its Open, in ms. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Peers one port accepts at the same time. */
export const MAX_PEERS_PER_PORT = 10_000;

/** Why a connection is closed as it comes. */
const NO_ROOM: readonly string[] = ["ACCEPT_LIMIT", "ACCEPT_MEMORY"];
/** What a peer hears whose certificate was revoked. */
const REVOKED = "the certificate of this site was revoked";
/** What a peer hears whose authority was removed. */
const DISTRUSTED = "the authority that issued the certificate of this site is not trusted any more";

/** A peer of any kind. */
type Accepted = AcceptedPeer | AcceptedRouter | RefusedPeer;

/** What a port belongs to. */
export interface AccessPortDeps {
  /** This router. */
  readonly router: Router;
  /** Of the connections of other interiors. */
  readonly groups: ConnectionGroups;
  /** Where it is told who comes and goes. */
  readonly logger: Logger;
  /** Called when peers came or went. */
  readonly onChange: () => void;
  /** What peers may do. */
  readonly policies: PolicyBook;
  /** Certificates that open nothing any more. */
  readonly revocations: Revocations;
}

/** See the head of the file. */
export class AccessPort {
  readonly #spec: AccessSpec;
  readonly #router: Router;
  readonly #groups: ConnectionGroups;
  readonly #revocations: Revocations;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #policies: PolicyBook;
  readonly #peers = new Map<Accepted, ReturnType<typeof setTimeout> | undefined>();
  readonly #twins: Twins;
  readonly #allGone = Promise.withResolvers<void>();
  #acceptor: Acceptor | undefined;
  #expires: number | undefined;
  #closing = false;

  private constructor(spec: AccessSpec, { router, groups, logger, onChange, policies, revocations }: AccessPortDeps) {
    this.#spec = spec;
    this.#router = router;
    this.#groups = groups;
    this.#revocations = revocations;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#policies = policies;
    this.#twins = new Twins(router.clock, (edge, older) => {
      logger.error("two edges have one name", {
        access: spec.name,
        peer: edge.containerId,
        address: edge.channel.peer.address,
        other: older.channel.peer.address,
        code: "ROUTER_ID_TAKEN",
        next: "Give each site of the network a name of its own; what is for this one goes to the one that came last.",
      });
    });
  }

  /** Opens the port. Throws when it is taken. */
  static async open(spec: AccessSpec, deps: AccessPortDeps): Promise<AccessPort> {
    const { router, logger } = deps;
    const port = new AccessPort(spec, deps);
    port.#acceptor = await accept(
      {
        host: spec.host,
        port: spec.port,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        maxConnections: MAX_PEERS_PER_PORT,
        websocket: true,
        objection: () => router.memory?.refuses() ? shortOfMemory() : undefined,
        ...(spec.tls === undefined ? {} : { tls: spec.tls }),
      },
      (channel) => port.#serve(channel),
      (reason, address) => {
        if (reason.code !== "ACCEPT_FAILED") router.admissions.processed++;
        if (NO_ROOM.includes(reason.code)) router.admissions.denied++;
        // Monitors and balancers look again and again whether the port is open, as `debug check` does.
        const level = reason.code === "LINK_SAID_NOTHING" ? "debug" : "warn";
        logger[level]("peer refused", { access: spec.name, address, code: reason.code, reason: reason.message });
      },
    );
    if (spec.tls !== undefined) port.#expires = readCredentials(spec.tls).notAfter;
    logger.debug("access open", { access: spec.name, role: spec.role, host: spec.host, port: port.#acceptor.port });
    return port;
  }

  /** A snapshot. */
  status(): AccessStatus {
    const { name, role, host, port } = this.#spec;
    const expires = this.#expires === undefined ? {} : { expires: this.#expires };
    return { name, role, host, port: this.#acceptor?.port ?? port, peers: this.#peers.size, ...expires };
  }

  /**
   * Shows and trusts `tls` from the next handshake on. Peers that are connected stay so, unless the authority that vouched
   * for them is not trusted any more. Throws LINK_TLS_CREDENTIALS, and then all is as it was.
   */
  renew(tls: TlsCredentials): void {
    this.#acceptor?.renew(tls);
    const { anchors, notAfter } = readCredentials(tls);
    this.#expires = notAfter;
    this.#drop("LINK_TLS_CA", DISTRUSTED, ({ authority }) => authority !== undefined && !anchors.has(authority));
  }

  /** Disconnects every peer whose certificate is revoked by now. */
  dropRevoked(): void {
    this.#drop("LINK_TLS_REVOKED", REVOKED, (identity) => this.#revocations.has(identity));
  }

  #drop(code: string, reason: string, falls: (identity: PeerIdentity) => boolean): void {
    for (const peer of [...this.#peers.keys()]) {
      if (!falls(peer.peer.channel.peer)) continue;
      this.#logger.warn("peer is disconnected", { ...this.#facts(peer), code, reason });
      peer.peer.close({ condition: UNAUTHORIZED, description: reason });
    }
  }

  /** Accepts nobody any more. */
  shut(): void {
    this.#acceptor?.close();
  }

  /** Closes the port and every peer; resolves when all are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    // First: whoever still came would have to be waited for, too.
    const shut = this.#acceptor?.close();
    for (const [peer] of [...this.#peers]) peer.peer.close();
    if (this.#peers.size > 0) await this.#allGone.promise;
    await shut;
  }

  #serve(channel: Channel): void {
    this.#router.admissions.processed++;
    const events = {
      onOpen: (peer: Accepted) => this.#opened(peer),
      onGone: (peer: Accepted, loss: PeerLoss) => this.#gone(peer, loss),
    };
    const revoked = this.#revocations.has(channel.peer);
    const peer = revoked ? this.#refused(channel) : this.#accepted(channel, events);
    this.#peers.set(peer, setTimeout(() => channel.destroy(), HANDSHAKE_TIMEOUT_MS));
    peer.start();
    if (this.#closing) peer.peer.close();
  }

  #refused(channel: Channel): RefusedPeer {
    this.#router.admissions.denied++;
    const { address, subject, serial } = channel.peer;
    const fields = { access: this.#spec.name, address, subject, serial, code: "LINK_TLS_REVOKED", reason: REVOKED };
    this.#logger.warn("peer refused", fields);
    return new RefusedPeer(this.#router, channel, REVOKED, (peer) => this.#forget(peer));
  }

  #accepted(channel: Channel, events: ConstructorParameters<typeof AcceptedRouter>[3] & AcceptedPeerEvents): Accepted {
    const { role, name } = this.#spec;
    const guard = this.#policies.guard(role === "normal" ? "client" : role, name, channel.peer);
    switch (role) {
      case "normal":
        return new ClientPeer(this.#router, channel, events, guard);
      case "edge":
        return new EdgePeer(this.#router, channel, events, guard);
      case "inter-router":
        return new AcceptedRouter(this.#groups, channel, this.#spec, events, guard);
    }
  }

  #opened(peer: Accepted): void {
    clearTimeout(this.#peers.get(peer));
    this.#peers.set(peer, undefined);
    this.#router.admissions.approved++;
    this.#logger.info("peer connected", this.#facts(peer));
    if (this.#spec.role === "edge") this.#twins.opened(peer.peer);
    this.#onChange();
  }

  #gone(peer: Accepted, loss: PeerLoss): void {
    const reason = loss.transport?.message ?? loss.protocol?.message ?? loss.remote?.description;
    this.#logger.info("peer gone", { ...this.#facts(peer), ...(reason === undefined ? {} : { reason }) });
    this.#forget(peer);
    this.#onChange();
  }

  #forget(peer: Accepted): void {
    clearTimeout(this.#peers.get(peer));
    this.#peers.delete(peer);
    this.#twins.gone(peer.peer);
    if (this.#peers.size === 0 && this.#closing) this.#allGone.resolve();
  }

  #facts(peer: Accepted) {
    const { address, subject, serial } = peer.peer.channel.peer;
    return { access: this.#spec.name, peer: peer.peer.containerId, address, subject, serial };
  }
}

function shortOfMemory(): TendrilError {
  return new TendrilError("ACCEPT_MEMORY", "No peer is accepted while memory is short.", {
    hint: "See what is connected, or allow this site more with --max-memory.",
  });
}
