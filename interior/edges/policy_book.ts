/** The Policies of this interior, and a guard for each of its accepted peers that asks them. */

import { RateLimit } from "../../agent/lib/rate_limit.ts";
import type { PolicyRole, PolicySpec, RosterChange } from "../../agent/mod.ts";
import type { RouterIdentity } from "../../agent/router/address.ts";
import type { Admissions } from "../../agent/router/admissions.ts";
import type { Clock } from "../../agent/lib/clock.ts";
import type { Guard } from "../../agent/router/guard.ts";
import type { LogFields, Logger } from "../../agent/telemetry/log.ts";
import type { PeerIdentity } from "../../agent/transport/channel.ts";
import { PeerGuard } from "./peer_guard.ts";
import type { PolicyAction } from "./policy.ts";

/** Refusals of one peer that are logged at once. */
const AUDIT_BURST = 20;
/** Time until one more is, in ms. */
const AUDIT_REFILL_MS = 3000;

/** The parts of a router that Policies are about. */
export interface PolicyRouter {
  /** Who denies. */
  readonly identity: RouterIdentity;
  /** What refusals are dated by. */
  readonly clock: Clock;
  /** Where they are counted. */
  readonly admissions: Admissions;
}

/** See the head of the file. */
export class PolicyBook {
  /** The router whose peers are judged. */
  readonly identity: RouterIdentity;
  readonly #admissions: Admissions;
  #policies: readonly PolicySpec[] = [];
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #audit = new RateLimit(AUDIT_BURST, AUDIT_REFILL_MS);
  readonly #guards = new Set<PeerGuard>();

  /** Without Policies, for the peers of `router`. */
  constructor({ identity, clock, admissions }: PolicyRouter, logger: Logger) {
    this.identity = identity;
    this.#clock = clock;
    this.#admissions = admissions;
    this.#logger = logger;
  }

  /** What holds now. */
  get policies(): readonly PolicySpec[] {
    return this.#policies;
  }

  /** Makes `policies` hold, all at once: there is no moment at which fewer do. Peers are judged anew. */
  apply(policies: readonly PolicySpec[]): RosterChange[] {
    const changes = changesOf(this.#policies, policies);
    this.#policies = policies;
    this.#admissions.governed = policies.length > 0;
    if (changes.length > 0) { for (const guard of [...this.#guards]) guard.judgeAnew(); }
    return changes;
  }

  /** A guard for a peer that links in `role` at the port `access`; to be closed when it is gone. */
  guard(role: PolicyRole, access: string, peer: PeerIdentity): Guard {
    const guard: PeerGuard = new PeerGuard(this, role, access, peer, () => this.#guards.delete(guard));
    this.#guards.add(guard);
    return guard;
  }

  /** Counts a refusal. */
  count(action: PolicyAction): void {
    switch (action) {
      case "link":
        this.#admissions.denied++;
        break;
      case "consume":
        this.#admissions.sendersDenied++;
        break;
      case "offer":
        this.#admissions.receiversDenied++;
        break;
      default:
        this.#admissions.othersDenied++;
    }
  }

  /** Writes a refusal into the log, unless there are too many of `name`. True when it was written. */
  audit(name: string, fields: LogFields): boolean {
    const now = this.#clock.now();
    if (this.#audit.wait(name, now) > 0) return false;
    this.#audit.charge(name, now);
    this.#logger.warn("refused by policy", { code: "POLICY_REFUSED", ...fields });
    return true;
  }
}

function changesOf(before: readonly PolicySpec[], after: readonly PolicySpec[]): RosterChange[] {
  const texts = new Map(before.map((policy) => [policy.name, JSON.stringify(policy)]));
  const changes: RosterChange[] = [];
  for (const policy of after) {
    const text = texts.get(policy.name);
    texts.delete(policy.name);
    if (text !== JSON.stringify(policy)) {
      changes.push({ name: policy.name, action: text === undefined ? "added" : "changed" });
    }
  }
  return [...changes, ...[...texts.keys()].map((name) => ({ name, action: "removed" as const }))];
}
