/** How a failure looks to the user: what, why, what next; on a terminal, in a file, as JSON. */

import { TendrilError } from "../lib/errors.ts";
import { formatJson, printable } from "../telemetry/record.ts";
import { redactText } from "../telemetry/redact.ts";

/** How to write the report. */
export interface ReportStyle {
  /** One line of JSON like the log's, or lines for people. */
  readonly format: "text" | "json";
  /** ANSI colours. */
  readonly colors: boolean;
  /** Milliseconds since the epoch, for JSON. */
  readonly now: number;
}

/** Causes below causes are followed this far. */
const MAX_CAUSES = 6;

/** The report of `error`, ending in a line feed, with secrets removed. */
export function reportError(error: unknown, style: ReportStyle): string {
  const known = asTendrilError(error);
  const why = causesOf(known);
  if (style.format === "json") {
    const fields = { code: known.code, why, ...(known.hint === undefined ? {} : { next: known.hint }) };
    return `${formatJson({ time: style.now, level: "error", message: known.message, fields })}\n`;
  }
  const paint = (text: string, code: number) => style.colors ? `\x1b[${code}m${text}\x1b[0m` : text;
  const lines = [`${paint(`error[${known.code}]:`, 31)} ${clean(known.message, "  ")}`];
  for (const cause of why) lines.push(`  ${paint("why:", 33)} ${clean(cause, "       ")}`);
  if (known.hint !== undefined) lines.push(`  ${paint("next:", 36)} ${clean(known.hint, "        ")}`);
  return `${lines.join("\n")}\n`;
}

/** Anything thrown as a `TendrilError`: a missing permission has a code of its own, the rest are faults of ours. */
export function asTendrilError(error: unknown): TendrilError {
  if (error instanceof TendrilError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new TendrilError("PERMISSION_MISSING", "Deno does not allow something this command needs", {
      cause: error,
      hint: "Add the permission to the `deno run` line; the command's --help lists the exact flags.",
    });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new TendrilError("INTERNAL_FAULT", `a fault in Tendril itself: ${message}`, {
    cause: error instanceof Error ? error.cause : undefined,
    hint: "Please report it with the command line and this text.",
  });
}

/** The messages underneath, outermost first, without repetition; of an AggregateError every member. */
function causesOf(error: Error): string[] {
  const found: string[] = [];
  const queue: unknown[] = [error.cause];
  // Causes may form a circle: each is looked at once.
  const seen = new Set<unknown>([error, undefined, null]);
  while (queue.length > 0 && found.length < MAX_CAUSES) {
    const cause = queue.shift();
    if (seen.has(cause)) continue;
    seen.add(cause);
    const text = cause instanceof Error
      ? cause instanceof TendrilError ? `${cause.message} [${cause.code}]` : cause.message || cause.name
      : String(cause);
    if (text !== error.message && !found.includes(text)) found.push(text);
    if (cause instanceof AggregateError) queue.push(...cause.errors.slice(0, MAX_CAUSES));
    if (cause instanceof Error) queue.push(cause.cause);
  }
  return found;
}

/** Redacted and printable; line breaks stay, indented. */
function clean(text: string, indent: string): string {
  return redactText(text).trimEnd().split("\n").map(printable).join(`\n${indent}`);
}
