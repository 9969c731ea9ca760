/** What the status of a listener or connector says besides the message when the interior does not allow it. */

import type { TendrilError } from "../lib/errors.ts";

/** See the head of the file. */
export function refusalFacts(refusal: TendrilError | undefined): { code?: string; hint?: string } {
  if (refusal === undefined) return {};
  const { code, hint } = refusal;
  return { code, ...(hint === undefined ? {} : { hint }) };
}
