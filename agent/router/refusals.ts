/** What the interior does not let this edge do, by routing key: for the status of listeners and connectors. */

import { TendrilError } from "../lib/errors.ts";

/** What was refused: to serve a key, or to send to it. */
export type RefusedAction = "offer" | "consume";

/** See the head of the file. */
export class Refusals {
  readonly #found = new Map<string, TendrilError>();
  /** Hears of every change. */
  onChange: () => void = () => {};

  /** Why `action` on the address with this lookup key was refused, if it was. */
  get(action: RefusedAction, key: string): TendrilError | undefined {
    return this.#found.get(`${action} ${key}`);
  }

  /** `action` on `key` was refused by the interior `remote` for `reason`, or not any more. */
  set(action: RefusedAction, key: string, remote: string | undefined, reason: string | undefined): void {
    const id = `${action} ${key}`;
    if (reason === this.#found.get(id)?.message) return;
    if (reason === undefined) this.#found.delete(id);
    else {
      this.#found.set(
        id,
        new TendrilError("POLICY_REFUSED", reason, {
          hint: `Ask whoever runs ${
            remote ?? "the interior"
          } to allow it in a Policy there; it is tried again by itself.`,
        }),
      );
    }
    this.onChange();
  }
}
