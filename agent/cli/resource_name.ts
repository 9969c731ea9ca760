/** Names of new resources, checked by themselves: what is wrong with one is no matter of the spec. */

import { TendrilError } from "../lib/errors.ts";

/** Throws SITE_NAME when no `kind` can be called `name`. */
export async function checkResourceName(kind: string, name: string): Promise<void> {
  const { isResourceName } = await import("../site/resources/schema.ts");
  if (isResourceName(name)) return;
  throw new TendrilError("SITE_NAME", `${JSON.stringify(name)} can't be the name of a ${kind}`, {
    hint: "Use lower-case letters, digits and dashes, in parts with dots between them, such as web-1.",
  });
}
