/** What `expose` and `forward` both take, need and may end with: they differ in what they offer alone. */

import { PROTOCOLS } from "../site/spec.ts";
import type { FlagValues } from "./command.ts";
import type { ExitName } from "./exit_codes.ts";
import { GRACE_FLAG, MAX_MEMORY_FLAG, PRINT_PERMISSIONS_FLAG } from "./flags.ts";
import type { PermissionNeed } from "./permissions.ts";

/** The flags of both. */
export const ONE_LINER_FLAGS = {
  protocol: {
    kind: "choice",
    choices: PROTOCOLS,
    default: "tcp",
    help:
      "What is spoken; http1 and http2 route each request by itself, auto does so where a client speaks either. Both ends must " +
      "say the same, but for http1 and http2.",
  },
  link: {
    kind: "text",
    placeholder: "FILE",
    env: "TENDRIL_LINK",
    help: "Link file made by `tendril link generate` or `skupper link generate`; `-` reads stdin.",
  },
  token: {
    kind: "text",
    placeholder: "FILE",
    help:
      "Instead of a link file: a token made by `tendril token issue` or `skupper token issue`; spends one use per start.",
  },
  wait: {
    kind: "integer",
    placeholder: "SECONDS",
    min: 1,
    max: 86_400,
    help: "Give up with exit code 4 when no link is up by then; without it, keep trying.",
  },
  grace: GRACE_FLAG,
  "max-memory": MAX_MEMORY_FLAG,
  "print-permissions": PRINT_PERMISSIONS_FLAG,
} as const;

/** Their values. */
export type OneLinerFlags = FlagValues<typeof ONE_LINER_FLAGS>;

/** What the `index`th service of such a command is called among the parts of its site. */
export function partName(command: "expose" | "forward", index: number): string {
  return index === 0 ? command : `${command}-${index + 1}`;
}

/** What both need to get their link. */
export const LINK_NEEDS: readonly PermissionNeed[] = [
  { kind: "read", scope: "FILE", why: "the link file, or the token" },
  { kind: "net", scope: "LINK_HOST:PORT", why: "each endpoint of the link" },
  { kind: "net", scope: "GRANT_HOST:PORT", why: "with --token: the site that issued it", optional: true },
];

/** How both may end. */
export const ONE_LINER_EXITS: readonly ExitName[] = ["configuration", "network", "hungUp", "interrupted", "terminated"];
