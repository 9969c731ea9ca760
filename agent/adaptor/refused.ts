/** What a connection gets in place of an instance of a plugin that is quarantined: it can't be opened, and the error says why. */

import type { Action, AdaptorInstance } from "./action.ts";
import type { AdaptorError } from "./adaptor_error.ts";

/** See the head of the file. */
export class RefusedInstance implements AdaptorInstance {
  readonly #refusal: AdaptorError;

  /** Every call but {@link RefusedInstance.close} throws `refusal`. */
  constructor(refusal: AdaptorError) {
    this.#refusal = refusal;
  }

  /** See {@link AdaptorInstance.open}. */
  open(): Action[] {
    throw this.#refusal;
  }

  /** See {@link AdaptorInstance.socket}. */
  socket(): never {
    throw this.#refusal;
  }

  /** See {@link AdaptorInstance.spliced}. */
  spliced(): Action[] {
    throw this.#refusal;
  }

  /** See {@link AdaptorInstance.stream}. */
  stream(): Action[] {
    throw this.#refusal;
  }

  /** See {@link AdaptorInstance.offer}. */
  offer(): never {
    throw this.#refusal;
  }

  /** See {@link AdaptorInstance.tick}. */
  tick(): never {
    throw this.#refusal;
  }

  /** Nothing is held. */
  close(): void {}
}
