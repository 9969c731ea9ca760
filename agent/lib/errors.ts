/**
 * The one error family of Tendril.
 *
 * Every failure that can reach a user carries a stable `code` (never reused, listed in `docs/errors.md`), says what
 * happened in its message, keeps the cause, and names the next step in `hint`.
 */

/** Extra facts of a {@link TendrilError}. */
export interface ErrorDetails {
  /** The failure underneath, if any. */
  cause?: unknown;
  /** What the user can do next, as a full sentence. */
  hint?: string;
}

/** An expected failure with a stable code. Programmer errors stay plain `Error`s. */
export class TendrilError extends Error {
  /** The class, for traces. */
  override readonly name: string = "TendrilError";
  /** Stable, upper-case identifier such as `LINK_TLS_REFUSED`. */
  readonly code: string;
  /** The next step for the user, if one is known. */
  readonly hint: string | undefined;

  /** Makes an error; `message` says what went wrong and with what value. */
  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
