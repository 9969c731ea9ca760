/** What a link is to be: where its messages come from and go to. */

import type { Terminus } from "./codec/types.ts";

/** Which termini and modes a new link is to have. */
export interface LinkOptions {
  /** Unique among the links of both peers in this direction. */
  readonly name: string;
  /** Where messages come from. */
  readonly source?: Terminus;
  /** Where messages go to; without an address the link is anonymous. */
  readonly target?: Terminus;
}
