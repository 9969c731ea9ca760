/** What status and log of a listener or connector say besides the message, when there is more to say. */

import { TendrilError } from "../lib/errors.ts";

/** See the head of the file. */
export function refusalFacts(refusal: unknown): { code?: string; hint?: string } {
  if (!(refusal instanceof TendrilError)) return {};
  const { code, hint } = refusal;
  return { code, ...(hint === undefined ? {} : { hint }) };
}
