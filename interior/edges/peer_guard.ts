/** What one accepted peer may do, by the Policies that hold: answers are remembered until those change. */

import type { PolicyRole, PolicyRule, PolicySpec } from "../../agent/mod.ts";
import { addressKey, MANAGEMENT_ADDRESS, PLUGIN_STORE_ADDRESS } from "../../agent/router/address.ts";
import type { Guard } from "../../agent/router/guard.ts";
import type { PeerIdentity } from "../../agent/transport/channel.ts";
import { objection, policiesFor, type PolicyAction } from "./policy.ts";
import type { PolicyBook } from "./policy_book.ts";

/** Answers that are remembered for one peer. */
const MAX_REMEMBERED = 1024;
/** The management of any router, however it is addressed. */
const MANAGEMENT = /(^|\/)\$management[./]*$/;
/** Where plugins are stored, however it is addressed; what is stored has longer addresses. */
const PLUGIN_STORE = /(^|\/)_tendril\/adaptors[./]*$/;
/** The key of a plugin in a store. */
const PLUGIN_KEY = /^M_tendril\/adaptors\/([0-9a-f]{64})$/;
/** Addresses for answers, which nobody can guess: whoever was told one may send there. */
const REPLY_KEY = "Ltemp.";

/** See the head of the file. */
export class PeerGuard implements Guard {
  onChange: () => void = () => {};
  readonly #book: PolicyBook;
  readonly #role: PolicyRole;
  readonly #access: string;
  readonly #peer: PeerIdentity;
  readonly #onClose: () => void;
  #id = "";
  /** What is about this peer; undefined while there are no Policies at all. */
  #policies: readonly PolicySpec[] | undefined;
  /** By action and name; null: no objection. */
  readonly #known = new Map<string, string | null>();
  /** Refusals since the last one that was logged. */
  #untold = 0;

  /** Made by the book. */
  constructor(book: PolicyBook, role: PolicyRole, access: string, peer: PeerIdentity, onClose: () => void) {
    this.#book = book;
    this.#role = role;
    this.#access = access;
    this.#peer = peer;
    this.#onClose = onClose;
    this.#read();
  }

  /** See {@link Guard}. */
  admits(id: string): string | undefined {
    this.#id = id;
    this.#read();
    return this.#judge("link", this.#role);
  }

  /** See {@link Guard}. */
  offers(key: string): string | undefined {
    if (this.#policies === undefined || key.startsWith(REPLY_KEY)) return undefined;
    // What is sent to an edge by its name is for nobody else.
    if (key[0] === "H" && key.slice(1) === this.#id) return undefined;
    return this.#judge("offer", key.slice(1));
  }

  /** See {@link Guard}. */
  consumes(address: string): string | undefined {
    if (PLUGIN_STORE.test(address)) return this.#pushes();
    if (this.#policies === undefined) return undefined;
    const key = addressKey(address, this.#book.identity);
    const plugin = PLUGIN_KEY.exec(key)?.[1];
    if (plugin !== undefined) return this.#judge("load", `sha256:${plugin}`);
    if (key[0] === "M") return this.#judge("consume", key.slice(1));
    return MANAGEMENT.test(address) ? this.#judge("consume", MANAGEMENT_ADDRESS) : undefined;
  }

  /**
   * See {@link Guard}. A client of a plain port, which is of this machine, may unless a Policy denies it, as with Skupper's
   * routers; one with a certificate only where a rule names it.
   */
  manages(): string | undefined {
    if (this.#peer.tls !== undefined && !(this.#policies ?? []).some(({ rules }) => rules.some(allowsManagement))) {
      return `${this.#book.identity.id} lets clients with a certificate change it only by a rule of a Policy`;
    }
    return this.#judge("manage", MANAGEMENT_ADDRESS);
  }

  /** To store code for others needs a rule that says so: what nobody has thought of is nobody's right. */
  #pushes(): string | undefined {
    if ((this.#policies ?? []).some(({ rules }) => rules.some(allowsPush))) {
      return this.#judge("push", PLUGIN_STORE_ADDRESS);
    }
    const reason = `${this.#book.identity.id} lets peers store plugins only by a rule of a Policy`;
    this.#tell("push", PLUGIN_STORE_ADDRESS, reason);
    return reason;
  }

  /** The Policies have changed. */
  judgeAnew(): void {
    this.#read();
    this.onChange();
  }

  /** See {@link Guard}. */
  close(): void {
    this.#onClose();
  }

  #read(): void {
    const { policies } = this.#book;
    const { commonName, fingerprint } = this.#peer;
    this.#known.clear();
    this.#policies = policies.length === 0
      ? undefined
      : policiesFor(policies, { commonName, fingerprint, id: this.#id });
  }

  #judge(action: PolicyAction, name: string): string | undefined {
    if (this.#policies === undefined) return undefined;
    const key = `${action} ${name}`;
    let answer = this.#known.get(key);
    if (answer === undefined) {
      answer = this.#answer(action, name);
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
      this.#known.set(key, answer);
    }
    if (answer === null) return undefined;
    this.#tell(action, name, answer);
    return answer;
  }

  #answer(action: PolicyAction, name: string): string | null {
    const found = objection(this.#policies ?? [], action, name);
    if (found === undefined) return null;
    const what = phrase(action, name);
    const who = this.#peer.commonName === undefined ? "peers without a certificate" : this.#peer.commonName;
    const why = found.rule === undefined
      ? `no rule of Policy ${found.policy} allows it`
      : `${found.rule} of Policy ${found.policy} denies it`;
    return `${this.#book.identity.id} does not let ${who} ${what}: ${why}`;
  }

  #tell(action: PolicyAction, name: string, reason: string): void {
    this.#book.count(action);
    const { address, commonName, fingerprint } = this.#peer;
    const written = this.#book.audit(fingerprint ?? address.replace(/:\d+$/, ""), {
      action,
      [FIELDS[action] ?? "routingKey"]: name,
      peer: this.#id,
      commonName,
      fingerprint,
      address,
      access: this.#access,
      reason,
      ...(this.#untold === 0 ? {} : { before: this.#untold }),
    });
    this.#untold = written ? 0 : this.#untold + 1;
  }
}

/** What the log calls that which is refused, where it is no routing key. */
const FIELDS: Readonly<Partial<Record<PolicyAction, string>>> = { link: "role", load: "plugin" };

function phrase(action: PolicyAction, name: string): string {
  switch (action) {
    case "link":
      return `link as ${name}`;
    case "offer":
      return `offer ${name}`;
    case "consume":
      return `send to ${name}`;
    case "manage":
      return "change it";
    case "push":
      return "store plugins";
    case "load":
      return `load the plugin ${name}`;
  }
}

function allowsManagement({ manage, effect }: PolicyRule): boolean {
  return manage === true && effect === "allow";
}

function allowsPush({ push, effect }: PolicyRule): boolean {
  return push === true && effect === "allow";
}
