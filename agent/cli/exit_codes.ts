/** The exit codes of every command, and which failure ends in which; `docs/errors.md` and `--help` list them. */

import { TendrilError } from "../lib/errors.ts";

/** What the process says to its caller when it ends. */
export const EXIT = {
  /** Done; also a foreground command that was asked to end and did so in order. */
  ok: 0,
  /** It failed for a reason that none of the others names. */
  failure: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** A file, a link or another resource is missing or wrong; nothing was started. */
  configuration: 3,
  /** The network was not there in time. */
  network: 4,
  /** The terminal was closed. */
  hungUp: 129,
  /** Stopped at once by a second Ctrl-C, or by one before anything ran. */
  interrupted: 130,
  /** The same by SIGTERM. */
  terminated: 143,
} as const;

/** One of {@link EXIT}'s names. */
export type ExitName = keyof typeof EXIT;

/** What `--help` says about each code. */
export const EXIT_MEANING: Readonly<Record<ExitName, string>> = {
  ok: "done; for commands that stay in the foreground: ended in order after Ctrl-C or SIGTERM",
  failure: "failed; the error on stderr says why",
  usage: "wrong command line",
  configuration: "a file, link or resource is missing or wrong",
  network: "no link, or not within the time that --wait allows",
  hungUp: "the terminal was closed: ended at once, unless nohup keeps it",
  interrupted: "stopped at once by a second Ctrl-C",
  terminated: "stopped at once by a second SIGTERM",
};

/** The exit code a command ends with when it threw `error`. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TendrilError)) return EXIT.failure;
  if (error.code.startsWith("USAGE_")) return EXIT.usage;
  if (error.code === "WAIT_TIMEOUT") return EXIT.network;
  if (CONFIGURATION.some((prefix) => error.code.startsWith(prefix))) return EXIT.configuration;
  return EXIT.failure;
}

/** Codes that begin like this are about what the user supplied. */
const CONFIGURATION = [
  "SITE_",
  "GRANT_UNKNOWN",
  "TOKEN_FILE",
  "TOKEN_REDEEMED",
  "LINK_FILE_",
  "LINK_TLS_CREDENTIALS",
  "INPUT_",
  "OUTPUT_FILE",
  "SYSTEM_PROGRAM",
  "ADAPTOR_FILE",
  "ADAPTOR_KEY",
  "ADAPTOR_NAME",
  "ADAPTOR_SOURCE",
  "ADAPTOR_COMPILE",
  "ADAPTOR_TRANSCRIPT",
  "ACCEPT_PLAIN_REMOTE",
];
