/**
 * Which accepted connections belong together (wire-protocol A.6). A link of a real router is a control connection and
 * some data connections that carry streams alone; they name the same correlator. A control connection that names it
 * again with a higher ordinal has newer credentials: it takes over, and what is under way on the old one ends there.
 *
 * A correlator is no secret. Nobody joins a link by naming it who isn't the same router with the same certificate, and
 * nobody takes it over whose certificate has another name: a renewed one differs in all else.
 */

import type { Attach, Open } from "../../agent/amqp/codec/types.ts";
import type { Link } from "../../agent/amqp/link_table.ts";
import { TendrilError } from "../../agent/lib/errors.ts";
import { CONNECTION_TRUNKING, type ConnectionRole, hasSymbol, openProperty } from "../../agent/router/capabilities.ts";
import type { Peer } from "../../agent/router/peer.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import { takeStreams } from "./data_connection.ts";
import { CORRELATOR_PROPERTY, DATA_ROLE, ORDINAL_PROPERTY, ROLE_PROPERTY } from "./interior_options.ts";
import type { Neighbour } from "./neighbour.ts";
import type { LinkCost, Transit } from "./transit.ts";

/** What an accepted connection turned out to be. */
export interface Member {
  /** What it is for. */
  readonly role: ConnectionRole;
  /** The peer opens a link. */
  onAttach(link: Link, attach: Attach): void;
  /** The connection is gone. */
  gone(): void;
}

/** The connections of one link, with one generation of credentials. */
interface Group {
  /** Whose link it is, and which; see {@link linkKey}. */
  readonly key: string;
  readonly ordinal: number;
  /** Of the certificate that its connections have in common. */
  readonly fingerprint: string | undefined;
  control: Neighbour | undefined;
  readonly data: Set<Peer>;
}

/** See the head of the file. */
export class ConnectionGroups {
  /** Where messages go. */
  readonly router: Router;
  readonly #transit: Transit;
  readonly #logger: Logger;
  /** By link; the newest last. */
  readonly #groups = new Map<string, Group[]>();

  /** No connection yet. */
  constructor(router: Router, transit: Transit, logger: Logger) {
    this.router = router;
    this.#transit = transit;
    this.#logger = logger;
  }

  /** How many generations of links have a connection. */
  get size(): number {
    let size = 0;
    for (const groups of this.#groups.values()) size += groups.length;
    return size;
  }

  /** Takes an open connection in, or says why it can't be. `cost` is that of the port. */
  admit(peer: Peer, remote: Open, cost: LinkCost): Member | TendrilError {
    const objection = this.#transit.objection(remote);
    if (objection !== undefined) return objection;
    const correlator = openProperty(remote, CORRELATOR_PROPERTY);
    const data = openProperty(remote, ROLE_PROPERTY) === DATA_ROLE;
    if (typeof correlator !== "string") {
      return data ? this.#data(peer, undefined) : this.#control(peer, undefined, cost);
    }
    const key = linkKey(peer, remote.containerId, correlator);
    const ordinal = ordinalOf(remote);
    if (data) {
      // Whoever can't read streams of ours from such a connection gets none.
      const both = hasSymbol(remote.offeredCapabilities, CONNECTION_TRUNKING);
      return this.#data(peer, both ? this.#group(key, ordinal, peer) : undefined);
    }
    const newest = this.#groups.get(key)?.findLast(({ control }) => control !== undefined);
    if (newest !== undefined && newest.ordinal >= ordinal) {
      return new TendrilError("LINK_TAKEN", `the link ${correlator} of ${remote.containerId} is up already`, {
        hint: "A link is renewed by credentials with a higher ordinal.",
      });
    }
    const member = this.#control(peer, this.#group(key, ordinal, peer), cost);
    if (newest?.control !== undefined) this.#transit.supersede(newest.control);
    return member;
  }

  /** For the log: `peer` was not taken in. */
  refused(peer: Peer, reason: TendrilError): void {
    const { code, message } = reason;
    this.#logger.warn("peer refused", {
      peer: peer.containerId,
      address: peer.channel.peer.address,
      code,
      reason: message,
    });
  }

  #control(peer: Peer, group: Group | undefined, cost: LinkCost): Member {
    const neighbour = this.#transit.adopt(peer, false, cost);
    if (group !== undefined) {
      group.control = neighbour;
      for (const data of group.data) neighbour.streams.add(data);
    }
    return {
      role: "inter-router",
      onAttach: (link, attach) => neighbour.onAttach(link, attach),
      gone: () => {
        this.#transit.lost(neighbour);
        if (group === undefined) return;
        group.control = undefined;
        this.#drop(group);
      },
    };
  }

  #data(peer: Peer, group: Group | undefined): Member {
    group?.data.add(peer);
    group?.control?.streams.add(peer);
    return {
      role: "inter-router-data",
      onAttach: (link) => takeStreams(link, peer, this.#transit.route),
      gone: () => {
        if (group === undefined) return;
        group.data.delete(peer);
        group.control?.streams.remove(peer);
        this.#drop(group);
      },
    };
  }

  /** The group that `peer` is of; whoever asks joins it. */
  #group(key: string, ordinal: number, { channel: { peer: { fingerprint } } }: Peer): Group {
    const groups = this.#groups.get(key) ?? [];
    const known = groups.find((group) => group.ordinal === ordinal && group.fingerprint === fingerprint);
    if (known !== undefined) return known;
    const group: Group = { key, ordinal, fingerprint, control: undefined, data: new Set() };
    this.#groups.set(key, [...groups, group].sort((one, other) => one.ordinal - other.ordinal));
    return group;
  }

  #drop(gone: Group): void {
    if (gone.control !== undefined || gone.data.size > 0) return;
    const left = (this.#groups.get(gone.key) ?? []).filter((group) => group !== gone);
    if (left.length > 0) this.#groups.set(gone.key, left);
    else this.#groups.delete(gone.key);
  }
}

/** Links of those whose certificates have different names have nothing to do with each other. */
function linkKey({ channel: { peer: { commonName, subject } } }: Peer, id: string, correlator: string): string {
  return JSON.stringify([id, correlator, commonName ?? { subject }]);
}

function ordinalOf(remote: Open): number {
  const ordinal = openProperty(remote, ORDINAL_PROPERTY);
  return typeof ordinal === "number" ? ordinal : 0;
}
