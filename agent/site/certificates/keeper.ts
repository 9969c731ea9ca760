/**
 * Looks after the certificates of a running site: what it made itself is renewed at two thirds of its life, its authority
 * included; whom ports trust follows the handover between authorities; and what others have to renew is warned of well
 * before it expires.
 */

import { type Clock, SYSTEM_CLOCK } from "../../lib/clock.ts";
import { messageOf, TendrilError } from "../../lib/errors.ts";
import { renewalTime } from "../../pki/inspect.ts";
import type { Logger } from "../../telemetry/log.ts";
import { renewGrantServer } from "../grants/access.ts";
import { loadResources } from "../load.ts";
import { makeCertificates } from "./declared.ts";
import { certificateState, isOwn, type SiteCertificate, siteCertificates } from "./list.ts";
import { nextRenewal, type Renewal, renewCertificates } from "./renew.ts";
import { madeAuthorities, rotateAuthority } from "./rotate.ts";

/** How often the certificates are looked at, at least, in ms. */
const LOOK_MS = 3_600_000;
/** And at most. */
const MIN_LOOK_MS = 1000;
/** Pause after a renewal that failed, in ms: the attempt itself may touch the folder, which is why we look again. */
const RETRY_MS = 60_000;
/** How often the same certificate is warned of, in ms. */
const WARN_MS = 24 * 3_600_000;

/** See the head of the file. */
export class CertificateKeeper {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #today: () => number;
  /** When each complaint was last made, in ms since the epoch. */
  readonly #told = new Map<string, number>();
  #retryAt = -Infinity;
  #cancel = () => {};
  #busy = Promise.resolve();
  #stopped = false;

  /** Looks after the site in `dir` once {@link CertificateKeeper.look} was called; `today` in ms since the epoch. */
  constructor(dir: string, logger: Logger, clock: Clock = SYSTEM_CLOCK, today: () => number = Date.now) {
    this.#dir = dir;
    this.#logger = logger;
    this.#clock = clock;
    this.#today = today;
  }

  /** Looks now, and again when something is due; returns at once. */
  look(): void {
    this.#busy = this.#busy.then(() => this.#look());
  }

  /** Resolves when everything that was to be looked at so far has been. */
  get idle(): Promise<void> {
    return this.#busy;
  }

  /** Looks no more; resolves when nothing is being written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#busy;
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    this.#cancel();
    const now = this.#today();
    let next = now + LOOK_MS;
    try {
      if (now >= this.#retryAt) await this.#renew(now);
      const resources = await loadResources(this.#dir);
      for (const certificate of siteCertificates(resources)) this.#warn(certificate, now);
      // What is due now and was not done is tried again in its time.
      const due = nextRenewal(resources);
      if (due > now) next = Math.min(next, due);
    } catch (error) {
      // A folder that can't be read is told of by whoever runs the site; so is a certificate that comes of that.
      this.#logger.debug("certificates were not looked at", { reason: messageOf(error) });
    }
    if (!this.#stopped) this.#cancel = this.#clock.after(Math.max(next - now, MIN_LOOK_MS), () => this.look());
  }

  async #renew(now: number): Promise<void> {
    this.#retryAt = now + RETRY_MS;
    const renewals: Renewal[] = [];
    for (const authority of await madeAuthorities(this.#dir, await loadResources(this.#dir))) {
      const isDue = now >= renewalTime(authority) && now <= authority.notAfter;
      if (isDue) renewals.push(...await this.#rotate(authority.name, now));
    }
    renewals.push(...await makeCertificates(this.#dir, await loadResources(this.#dir), now));
    renewals.push(...await renewCertificates(this.#dir, now));
    for (const renewal of renewals) this.#tell(renewal, now);
    const grants = await renewGrantServer(this.#dir, now);
    if (grants !== undefined) this.#tell(grants, now);
    if (renewals.every(({ error }) => error === undefined)) this.#retryAt = now;
  }

  async #rotate(name: string, now: number): Promise<readonly Renewal[]> {
    try {
      const { fingerprint, until, renewals } = await rotateAuthority(this.#dir, now, Infinity, name);
      const lastOneUntil = new Date(until).toISOString();
      this.#logger.info("the site has a new authority", { name, fingerprint, lastOneUntil });
      return renewals;
    } catch (error) {
      const failure = error instanceof TendrilError ? error : new TendrilError("SITE_WRITE", messageOf(error), {
        hint: "Let the site write its folder.",
      });
      return [{ name, notAfter: 0, error: failure }];
    }
  }

  #tell({ name, notAfter, error }: Renewal, now: number): void {
    // What could not be made has no end.
    const fields = { name, ...(notAfter === 0 ? {} : { expires: new Date(notAfter).toISOString() }) };
    if (error === undefined) return this.#logger.info("certificate renewed", fields);
    if (!this.#isNews(`${name} ${error.message}`, now)) return;
    const { code, message, hint } = error;
    this.#logger.error("a certificate was not renewed", { ...fields, code, reason: message, next: hint });
  }

  #warn(certificate: SiteCertificate, now: number): void {
    const { name, use, subject, notAfter, fingerprint } = certificate;
    const state = certificateState(certificate, now);
    if (use === "unused" || state === "ok" || (isOwn(certificate) && state === "due")) return;
    if (!this.#isNews(`${fingerprint} ${state}`, now)) return;
    const problem = expiryOf(certificate, state);
    const expires = new Date(notAfter).toISOString();
    const fields = { name, subject, expires, code: problem.code, next: problem.hint };
    if (state === "expired") this.#logger.error(problem.message, fields);
    else this.#logger.warn(problem.message, fields);
  }

  #isNews(complaint: string, now: number): boolean {
    const told = this.#told.get(complaint);
    if (told !== undefined && now - told < WARN_MS) return false;
    this.#told.set(complaint, now);
    return true;
  }
}

/** What there is to say of a certificate that the site can't renew, or has not. */
function expiryOf({ name, use }: SiteCertificate, state: string): TendrilError {
  const early = state === "not yet valid";
  const hint = early
    ? "Set the clock of this machine; where it is right, have another certificate issued."
    : use === "authority"
    ? `Have another one follow it in good time: \`tendril certificate rotate-ca --name ${name}\`, or replace its files.`
    : use === "link"
    ? "Have the site that it leads to issue another token or link file, and replace the Secret."
    : use === "service"
    ? "Have another one issued, and put it in the place of this one: with `tendril certificate import`, or as its files."
    : "Replace the Secret.";
  const what = state === "expired"
    ? "a certificate has expired"
    : early
    ? "a certificate is not valid yet: check the clock"
    : "a certificate expires";
  return new TendrilError("CERTIFICATE_EXPIRES", what, { hint });
}
