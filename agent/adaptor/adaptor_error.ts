/** Failures of loading and running adaptors. What each code means is listed in `docs/reference/adaptor-abi.md`. */

import { type ErrorDetails, TendrilError } from "../lib/errors.ts";

/** Why a module was not loaded. */
export type AdaptorLoadCode =
  | "ADAPTOR_UNKNOWN"
  | "ADAPTOR_SIZE"
  | "ADAPTOR_DIGEST"
  | "ADAPTOR_UNSIGNED"
  | "ADAPTOR_SIGNATURE"
  | "ADAPTOR_KEY"
  | "ADAPTOR_WASM"
  | "ADAPTOR_FEATURE"
  | "ADAPTOR_IMPORT"
  | "ADAPTOR_START"
  | "ADAPTOR_MEMORY"
  | "ADAPTOR_TABLE"
  | "ADAPTOR_EXPORT"
  | "ADAPTOR_VERSION"
  | "ADAPTOR_DESCRIBE";

/** Why a running instance, and with it its connection, was given up. */
export type AdaptorRunCode =
  | "ADAPTOR_INSTANTIATE"
  | "ADAPTOR_ROLE"
  | "ADAPTOR_EVENT"
  | "ADAPTOR_MALFORMED"
  | "ADAPTOR_LIMIT"
  | "ADAPTOR_UNSUPPORTED"
  | "ADAPTOR_STATE"
  | "ADAPTOR_STATUS"
  | "ADAPTOR_RECORD"
  | "ADAPTOR_ORDER"
  | "ADAPTOR_CONSUMED"
  | "ADAPTOR_OUTPUT"
  | "ADAPTOR_RUNAWAY"
  | "ADAPTOR_FUEL"
  | "ADAPTOR_TRAP"
  | "ADAPTOR_QUARANTINED"
  | "ADAPTOR_POISONED"
  | "ADAPTOR_CLOSED";

/** Every code an {@link AdaptorError} can have. */
export type AdaptorErrorCode = AdaptorLoadCode | AdaptorRunCode;

/** An adaptor that can't be loaded, or an instance that broke the ABI. */
export class AdaptorError extends TendrilError {
  /** `AdaptorError`. */
  override readonly name: string = "AdaptorError";
  /** Stable code; it never changes its meaning. */
  declare readonly code: AdaptorErrorCode;

  /** Makes an error; `message` names the fault and the value at fault, never text that the module made up. */
  constructor(code: AdaptorErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}
