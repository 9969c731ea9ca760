/** What was asked of one version of a plugin, and how often it went wrong. */

import type { AdaptorError, AdaptorErrorCode } from "./adaptor_error.ts";

/** What ends the module's code before it has answered. */
const TRAPS: readonly AdaptorErrorCode[] = ["ADAPTOR_TRAP", "ADAPTOR_FUEL"];

/** See the head of the file. */
export class PluginCounts {
  /** Inputs that its module was given; those that were answered from memory aside. */
  calls = 0;
  /** Connections that it ended with an error, of its own words or for breaking the rules; traps aside. */
  errors = 0;
  /** Connections that it ended by a trap, or by running for too long. */
  traps = 0;

  /** An instance has failed. */
  failed({ code }: AdaptorError): void {
    if (TRAPS.includes(code)) this.traps++;
    else this.errors++;
  }
}
