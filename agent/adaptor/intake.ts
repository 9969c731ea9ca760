/** Takes a module in, piece by piece, from whoever sends it: bounded, and hashed while it comes. */

import { createHash } from "node:crypto";
import { AdaptorError } from "./adaptor_error.ts";

/** A module that came in whole. */
export interface TakenModule {
  /** Its octets. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `sha256:<hex>` of them. */
  readonly digest: string;
}

/** Reads all of `pieces`. Throws ADAPTOR_SIZE as soon as there are more than `maxOctets`, and what the source throws. */
export async function takeIn(pieces: AsyncIterable<Uint8Array>, maxOctets: number): Promise<TakenModule> {
  const hash = createHash("sha256");
  const taken: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > maxOctets) throw tooLarge(maxOctets);
    hash.update(piece);
    taken.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of taken) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, digest: `sha256:${hash.digest("hex")}` };
}

/** Demands that `digest` is the one that is expected. Throws ADAPTOR_DIGEST. */
export function checkDigest(digest: string, expected: string): void {
  if (digest === expected) return;
  throw new AdaptorError("ADAPTOR_DIGEST", `the module has the digest ${digest}, not ${expected}`, {
    hint: "Get the module again from its source, or pin the digest of the version you mean.",
  });
}

function tooLarge(maxOctets: number): AdaptorError {
  return new AdaptorError("ADAPTOR_SIZE", `the module has more than ${maxOctets} octets`, {
    hint: "Build it smaller, or raise spec.limits.moduleOctets.",
  });
}
