/**
 * Redeems the AccessTokens in the folder of a running site, as Skupper's hosts do: a token whose link is not there yet is
 * redeemed and the link written beside it, where the running site finds it. What may pass is tried again.
 */

import { type Clock, SYSTEM_CLOCK } from "../../lib/clock.ts";
import { TendrilError } from "../../lib/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import { loadResources } from "../load.ts";
import type { RedeemableToken } from "./token_file.ts";

/** Pause before a site that could not be reached is tried again, in ms. */
const RETRY_MS = 30_000;

/** Failures that a later attempt may not have. */
const PASSING = ["TOKEN_UNREACHABLE", "TOKEN_RATE", "TOKEN_CLOCK", "TOKEN_REFUSED", "SITE_WRITE"];

/** See the head of the file. */
export class PendingTokens {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** When a token that failed may be tried again, by all that it says: an edited one is another one. */
  readonly #waiting = new Map<string, number>();
  #cancel = () => {};
  #busy = Promise.resolve();
  #stopped = false;

  /** Looks after the tokens in `dir`. */
  constructor(dir: string, logger: Logger, clock: Clock = SYSTEM_CLOCK) {
    this.#dir = dir;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Redeems what is there to be redeemed, one after the other; returns at once. */
  look(): void {
    this.#busy = this.#busy.then(() => this.#redeemAll());
  }

  /** Begins nothing any more; what is under way ends by itself or with the process. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #redeemAll(): Promise<void> {
    // A folder that can't be read is told of by whoever runs the site.
    const resources = await loadResources(this.#dir).catch(() => undefined);
    const linked = new Set(resources?.links.map(({ name }) => name));
    for (const token of resources?.tokens ?? []) {
      const done = linked.has(token.name) || linked.has(`${token.name}-1`);
      // Trying writes to the folder, which may be why we look again.
      const wait = this.#clock.now() < (this.#waiting.get(identityOf(token)) ?? 0);
      if (!done && !wait && !this.#stopped) await this.#redeem(token);
    }
  }

  async #redeem(token: RedeemableToken): Promise<void> {
    const { redeemInto } = await import("./store.ts");
    try {
      const { file } = await redeemInto(this.#dir, token);
      this.#logger.info("token redeemed", { name: token.name, file });
    } catch (error) {
      const { code, message, hint } = error instanceof TendrilError ? error : {
        code: "SITE_WRITE",
        message: String(error),
        hint: "Let the site write to its folder, or redeem the token by hand.",
      };
      this.#logger.error("token was not redeemed", { name: token.name, code, reason: message, next: hint });
      const passing = PASSING.includes(code);
      this.#waiting.set(identityOf(token), passing ? this.#clock.now() + RETRY_MS : Infinity);
      if (!passing || this.#stopped) return;
      // One timer for all: the others have waited long enough, too, when this one has.
      this.#cancel();
      this.#cancel = this.#clock.after(RETRY_MS, () => this.look());
    }
  }
}

function identityOf({ name, url, code, ca }: RedeemableToken): string {
  return JSON.stringify([name, url.href, code, ca]);
}
