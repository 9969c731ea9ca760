/** What `expose` prints for others: the line with which they reach a key, and what they need for it. Pure. */

import type { OneLinerFlags } from "./one_liner_flags.ts";
import { programLine } from "./program_line.ts";
import { forwardedWord } from "./services.ts";

/** What the lines depend on, as it was given to `expose`. */
export type Given = Pick<OneLinerFlags, "link" | "token" | "protocol">;

/** Stands for a file that only the reader knows. */
const FILE = "FILE";
/** What `token issue` calls the CA of the port that hands out the program. */
const CA_FILE = "ca.crt";

/** The line that reaches `key`, by the program from `entry`. */
export function forwardLine(entry: string, key: string, { link, token, protocol }: Given): string {
  // The token that was given is spent by now; whoever comes next needs a use of their own.
  const [flag, file] = token !== undefined ? ["--token", FILE] : ["--link", link === "-" ? FILE : link ?? FILE];
  const permissions = [...trust(entry), "--ignore-env", "--allow-net", `--allow-read=${file}`];
  const spoken = protocol === "tcp" ? [] : ["--protocol", protocol];
  return programLine(entry, permissions, ["forward", forwardedWord(key), flag, file, ...spoken]);
}

/** What has to be said about these lines, once for all of them. */
export function forwardNotes(entry: string, { token }: Given): string[] {
  return [
    ...token === undefined ? [] : [`${FILE} is another token, or this one if it has uses left: each start spends one.`],
    ...trust(entry).length === 0 ? [] : [`${CA_FILE} is the CA that vouches for where the program comes from.`],
  ];
}

/**
 * What Deno has to be told to load the program from a site, which has a certificate of its own authority: unlike who publishes it
 * for everybody, it serves it at a port that has to be named.
 */
function trust(entry: string): string[] {
  return /^https:\/\/[^/]+:\d+\//.test(entry) ? ["--cert", CA_FILE] : [];
}
