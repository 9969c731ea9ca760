/**
 * The grants that AccessGrants in the folder of a running site ask for: each is made when it is first seen, follows its
 * resource, and goes with it. What is kept of it, its code and its count, is a file as that of any grant.
 */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { parseGoDuration } from "../../lib/go_duration.ts";
import { canonicalHost } from "../../pki/inspect.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { GrantSpec } from "../spec.ts";
import type { GrantStatus } from "../status.ts";
import { replaceFile } from "../write_files.ts";
import { type Grant, grantFile, grantsFolder, timestamp, writeGrant } from "./grant.ts";
import { makeGrant, placeGrant } from "./issue_token.ts";
import { GrantLedger } from "./ledger.ts";
import { grantState, listGrants } from "./list.ts";

/** What keeps a grant from being made. */
interface Failure {
  readonly message: string;
  readonly hint: string | undefined;
}

/** See the head of the file. */
export class DeclaredGrants {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #ledger: GrantLedger;
  #wanted: readonly GrantSpec[] = [];
  #isBroken: (name: string) => boolean = () => false;
  #made = new Map<string, Grant>();
  readonly #failures = new Map<string, Failure>();
  #busy = Promise.resolve();

  /** Of the site in `dir`; `onChange` hears that {@link DeclaredGrants.status} is another. */
  constructor(dir: string, logger: Logger, onChange: () => void) {
    this.#dir = dir;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#ledger = new GrantLedger(dir);
  }

  /**
   * Makes `specs` be there, and no others that were asked for before but those that `isBroken` names, which are as they
   * were: tokens of theirs are out. Resolves when that is done. Never rejects.
   */
  apply(specs: readonly GrantSpec[], isBroken: (name: string) => boolean): Promise<void> {
    this.#wanted = specs;
    this.#isBroken = isBroken;
    return this.refresh();
  }

  /** Reads the grants again, after one was redeemed. Never rejects. */
  refresh(): Promise<void> {
    this.#busy = this.#busy.then(async () => {
      const before = JSON.stringify(this.status());
      await this.#settle();
      if (JSON.stringify(this.status()) !== before) this.#onChange();
    });
    return this.#busy;
  }

  /** One per AccessGrant. */
  status(): GrantStatus[] {
    return this.#wanted.map(({ name, allowed }) => {
      const grant = this.#made.get(name);
      const failure = this.#failures.get(name);
      const told = {
        name,
        message: failure?.message ?? (grant === undefined ? "Not Processed" : "OK"),
        ...(failure?.hint === undefined ? {} : { hint: failure.hint }),
      };
      if (grant === undefined) {
        return { ...told, state: "pending", url: "", ca: "", redemptions: 0, allowed, expires: "" };
      }
      const { url, ca, redemptions, expires } = grant;
      const state = grantState(grant, Date.now());
      return { ...told, state, url, ca, redemptions, allowed: grant.allowed, expires: timestamp(expires) };
    });
  }

  async #settle(): Promise<void> {
    try {
      const declared = (await listGrants(this.#dir)).filter((grant) => grant.declared === true);
      const made = new Map<string, Grant>();
      for (const spec of this.#wanted) {
        const known = declared.find(({ name }) => name === spec.name);
        const grant = await this.#attempt(spec, known);
        if (grant !== undefined) made.set(spec.name, grant);
      }
      for (const { name, uid } of declared) {
        if (this.#isBroken(name) || this.#wanted.some((spec) => spec.name === name)) continue;
        await this.#ledger.delete(uid);
        this.#logger.info("grant removed", { grant: name });
      }
      this.#made = made;
    } catch (error) {
      this.#logger.error("grants can't be looked after", { reason: messageOf(error) });
    }
  }

  async #attempt(spec: GrantSpec, known: Grant | undefined): Promise<Grant | undefined> {
    try {
      const grant = known === undefined ? await this.#make(spec) : await this.#follow(spec, known);
      this.#failures.delete(spec.name);
      return grant;
    } catch (error) {
      const hint = error instanceof TendrilError ? error.hint : undefined;
      const message = messageOf(error);
      if (this.#failures.get(spec.name)?.message !== message) {
        this.#logger.error("a grant can't be made", { grant: spec.name, reason: message, next: hint });
      }
      this.#failures.set(spec.name, { message, hint });
      return known;
    }
  }

  async #make({ name, allowed, window, code, host }: GrantSpec): Promise<Grant> {
    const options = {
      dir: this.#dir,
      name,
      redemptions: allowed,
      window,
      code,
      ...(host === undefined ? {} : { host }),
    };
    const grant: Grant = { ...(await makeGrant(options)).grant, declared: true };
    await replaceFile(grantsFolder(this.#dir), grantFile(grant.uid), writeGrant(grant));
    this.#logger.info("grant made", { grant: name, url: new URL(grant.url).origin, expires: timestamp(grant.expires) });
    return grant;
  }

  /** The window counts from when the grant was made, whatever it is now. */
  async #follow({ allowed, window, code, host }: GrantSpec, known: Grant): Promise<Grant> {
    const stays = host === undefined || canonicalHost(host) === known.linkHost;
    const same = known.allowed === allowed && known.window === window && (code === "" || code === known.code);
    if (stays && same) return known;
    const place = stays ? {} : (await placeGrant(this.#dir, known.uid, { host }, Date.now())).place;
    return await this.#ledger.edit(known.uid, (grant) => ({
      ...grant,
      ...place,
      allowed,
      window,
      expires: grant.expires - (parseGoDuration(grant.window) ?? 0) + (parseGoDuration(window) ?? 0),
      code: code || grant.code,
    }));
  }
}
