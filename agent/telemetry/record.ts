/** One log record and its two forms: a line for people and a line of JSON for machines. */

import type { LogFields } from "./log.ts";
import type { LogLevel } from "./level.ts";
import { redactField, redactText } from "./redact.ts";

/** One thing that was logged. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** How grave it is. */
  readonly level: LogLevel;
  /** What happened, for people; the same words each time, so that it can be searched for. */
  readonly message: string;
  /** The facts of this time. */
  readonly fields: LogFields;
}

/** How a line for people looks. */
export interface TextStyle {
  /** ANSI colours; only for a terminal. */
  readonly colors: boolean;
  /** The whole UTC date instead of the local time of day: right for files, noise on a terminal. */
  readonly fullTime: boolean;
}

/** The record as one line of JSON: `time`, `level`, `message`, then the fields under their own names. */
export function formatJson(record: LogRecord): string {
  const line: Record<string, unknown> = {
    time: new Date(record.time).toISOString(),
    level: record.level,
    message: redactText(record.message),
  };
  for (const [name, value] of Object.entries(record.fields)) {
    // A field can't pose as one of the three fixed members.
    line[name in line ? `${name}_` : name] = redactField(name, value);
  }
  return JSON.stringify(line);
}

/** The record as `time LEVEL message name=value …`, safe to send to a terminal. */
export function formatText(record: LogRecord, style: TextStyle): string {
  const paint = style.colors ? color : (text: string) => text;
  const time = style.fullTime ? new Date(record.time).toISOString() : timeOfDay(new Date(record.time));
  const level = record.level.toUpperCase().padEnd(5);
  const begin = `${paint(time, DIM)} ${paint(level, LEVEL_COLOR[record.level])} `;
  return begin + recordText(record.message, record.fields, (name) => paint(name, DIM));
}

/** `message name=value …`, safe to send to a terminal; `paint` may colour what says `name=`. */
export function recordText(
  message: string,
  fields: LogFields,
  paint: (name: string) => string = (name) => name,
): string {
  let line = printable(redactText(message));
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    line += ` ${paint(`${printable(name)}=`)}${fieldText(redactField(name, value))}`;
  }
  return line;
}

/** A value as one word, or in quotes when it would not be one. */
function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  const safe = printable(text);
  return typeof value === "string" && /^$|[\s"=]/.test(safe) ? `"${safe.replaceAll('"', '\\"')}"` : safe;
}

/**
 * `text` with control characters spelled out. Names and reasons come from peers: one that holds a line break or an
 * escape sequence could forge a log line or drive the operator's terminal.
 */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (char) => {
    if (char === "\n") return "\\n";
    if (char === "\t") return "\\t";
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const DIM = 2;
const LEVEL_COLOR: Readonly<Record<LogLevel, number>> = { debug: 90, info: 32, warn: 33, error: 31 };

function color(text: string, code: number): string {
  return `\x1b[${code}m${text}\x1b[0m`;
}

function timeOfDay(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const millis = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}
