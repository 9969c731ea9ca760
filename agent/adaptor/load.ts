/**
 * The load pipeline: from bytes that somebody handed over to a module that connections may use.
 *
 * The steps are in the order in which they protect each other: size, digest, policy on the original module, metering of
 * what has passed, compiling, description.
 */

import { AdaptorError } from "./adaptor_error.ts";
import { describe } from "./description.ts";
import { type AdaptorLimits, defaultLimits } from "./limits.ts";
import { checkDigest } from "./intake.ts";
import { meter } from "./meter.ts";
import { instantiateAbi, WasmAdaptorModule } from "./module.ts";
import { checkPolicy, checkSize } from "./policy.ts";

/** A module to load. */
export interface AdaptorSource {
  /** What it goes by here. */
  readonly name: string;
  /** True for a module that may describe itself with another name. */
  readonly foreign?: boolean;
  /** The module as distributed. */
  readonly bytes: Uint8Array;
  /** `sha256:<hex>` that the bytes must have. */
  readonly digest: string;
}

/**
 * Loads a module; `now` is the clock of its health, in ms. Throws an AdaptorError with a load code, or ADAPTOR_INSTANTIATE.
 */
export async function loadAdaptor(
  source: AdaptorSource,
  limits: AdaptorLimits = defaultLimits,
  now: () => number = () => performance.now(),
): Promise<WasmAdaptorModule> {
  checkSize(source.bytes, limits);
  // A copy of our own: what was verified is what gets compiled, whatever the caller does meanwhile.
  const bytes = new Uint8Array(source.bytes);
  checkDigest("sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(), source.digest);
  checkPolicy(bytes, limits);
  const module = await WebAssembly.compile(meter(bytes));
  const abi = instantiateAbi(module);
  abi.tendril_fuel(limits.fuel);
  const description = describe(abi);
  if (description.name !== source.name && source.foreign !== true) {
    throw new AdaptorError(
      "ADAPTOR_DESCRIBE",
      `the module for adaptor ${source.name} calls itself ${description.name}`,
    );
  }
  return new WasmAdaptorModule(module, { ...description, name: source.name }, source.digest, limits, now);
}
