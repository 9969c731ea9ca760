/** A management request that can't be met. */

/** Thrown by whoever is asked; becomes the answer. */
export class Refusal extends Error {
  /** `description` is told to whoever asked; `status` is as in HTTP. */
  constructor(readonly status: 400 | 403 | 404 | 500 | 501 | 503, description: string) {
    super(description);
  }
}
