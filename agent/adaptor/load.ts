/**
 * The load pipeline: from bytes that somebody handed over to a module that connections may use.
 *
 * The steps are in the order in which they protect each other: size, digest, policy on the original module, metering of
 * what has passed, compiling, description.
 */

import { AdaptorError } from "./adaptor_error.ts";
import { describe } from "./description.ts";
import { type AdaptorLimits, defaultLimits } from "./limits.ts";
import { meter } from "./meter.ts";
import { instantiateAbi, WasmAdaptorModule } from "./module.ts";
import { checkPolicy, checkSize } from "./policy.ts";

/** A module to load. */
export interface AdaptorSource {
  /** The name it must describe itself with. */
  readonly name: string;
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
  await checkDigest(bytes, source.digest);
  checkPolicy(bytes, limits);
  const module = await WebAssembly.compile(meter(bytes));
  const description = describe(instantiateAbi(module, limits.fuel));
  if (description.name !== source.name) {
    throw new AdaptorError(
      "ADAPTOR_DESCRIBE",
      `the module for adaptor ${source.name} calls itself ${description.name}`,
    );
  }
  return new WasmAdaptorModule(module, description, source.digest, limits, now);
}

async function checkDigest(bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  const digest = "sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest !== expected) {
    throw new AdaptorError("ADAPTOR_DIGEST", `the module has the digest ${digest}, not ${expected}`, {
      hint: "Get the module again from its source, or pin the digest of the version you mean.",
    });
  }
}
