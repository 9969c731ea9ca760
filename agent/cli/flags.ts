/** Flags that more than one command has, so that they read the same everywhere. */

import { LOG_LEVELS } from "../telemetry/level.ts";
import { LOG_FORMATS } from "../telemetry/logger.ts";

/** Flags of every command. */
export const GLOBAL_FLAGS = {
  "log-level": {
    kind: "choice",
    choices: LOG_LEVELS,
    default: "info",
    env: "TENDRIL_LOG_LEVEL",
    help: "How much to log on stderr.",
  },
  "log-format": {
    kind: "choice",
    choices: LOG_FORMATS,
    default: "text",
    env: "TENDRIL_LOG_FORMAT",
    help: "Lines for people, or one JSON object per line; errors follow it too.",
  },
  help: { kind: "switch", short: "h", help: "Explain the command and stop." },
} as const;

/** What {@link siteFlag} makes. */
export interface SiteFlag {
  /** Its value is a path. */
  readonly kind: "text";
  /** What the help calls it. */
  readonly placeholder: "DIR";
  /** Nothing goes without it. */
  readonly required: true;
  /** The site must be there. */
  readonly site: "there";
  /** What the help says of it. */
  readonly help: string;
}

/** What may stand before the command as well: where and how it is done. Skupper's users type `-n` there. */
const LEADING = /^(--log-.*|--namespace(=.*)?|-n.*)$/;

/** How many of `words` are flags that stand before the command, with their values; more than all where one lacks its own. */
export function leadingFlags(words: readonly string[]): number {
  let at = 0;
  for (let word = words[at]; word !== undefined && LEADING.test(word); word = words[at]) {
    // A shell may cut `--flag=value` into three.
    at += word.includes("=") || /^-n./.test(word) ? 1 : words[at + 1] === "=" ? 3 : 2;
  }
  return at;
}

/** `--dir` of commands that want to be told which site is meant. */
export function siteFlag(help: string): SiteFlag {
  return { kind: "text", placeholder: "DIR", required: true, site: "there", help };
}

/** `-o`: the form of a result on stdout. */
export const OUTPUT_FLAG = {
  kind: "choice",
  choices: ["text", "json", "yaml"],
  default: "text",
  short: "o",
  help: "Form of the result on stdout.",
} as const;

/** `-o` of commands that have a table to show. */
export const FORMAT_FLAG = {
  kind: "choice",
  choices: ["table", "json", "yaml"],
  default: "table",
  short: "o",
  help: "Form of the result on stdout.",
} as const;

/** `-f` of commands that take resources. */
export const FILE_FLAG = {
  kind: "list",
  placeholder: "FILE|DIR|-",
  short: "f",
  help: "Resources: a file, a folder of files, or stdin.",
} as const;

/** `--dry-run`. */
export const DRY_RUN_FLAG = { kind: "switch", help: "Say what would be done, and do nothing." } as const;

/** `--max-memory` of commands that stay. */
export const MAX_MEMORY_FLAG = {
  kind: "text",
  placeholder: "SIZE",
  help:
    "Ceiling of memory, such as 256M or 2G: near it nothing new is let in, then the most backed up streams are ended.",
} as const;

/** `--metrics` of `run`. */
export const METRICS_FLAG = {
  kind: "text",
  placeholder: "[HOST:]PORT",
  help: "Serve metrics for Prometheus at /metrics of this port on loopback; without it there are none.",
} as const;

/** `--grace`: how long a drain may take. */
export const GRACE_FLAG = {
  kind: "integer",
  placeholder: "SECONDS",
  min: 0,
  max: 86_400,
  default: 10,
  help: "How long open connections may take to end after the first Ctrl-C or SIGTERM.",
} as const;

/** `--print-permissions` of commands that stay. */
export const PRINT_PERMISSIONS_FLAG = {
  kind: "switch",
  help: "Print the `deno run` line with the least permissions that this command line needs, and stop.",
} as const;
