/**
 * The last records of a running program's log, kept in memory within fixed bounds, so that they can be asked for
 * without a file. Secrets are removed before a record is kept.
 */

import type { LogLevel } from "./level.ts";
import type { LogFields, Logger } from "./log.ts";
import { redactField, redactText } from "./redact.ts";

/** Records that are kept. */
export const MAX_RECORDS = 2000;
/** Characters of JSON that are kept. */
export const MAX_CHARACTERS = 1024 * 1024;

/** One thing that happened. */
export interface KeptRecord {
  /** When, in ISO 8601. */
  readonly time: string;
  /** How grave it is. */
  readonly level: LogLevel;
  /** What. */
  readonly message: string;
  /** The facts, without secrets. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** See the head of the file. */
export class LogRing {
  readonly #now: () => number;
  /** JSON of each record, the oldest first. */
  #kept: string[] = [];
  #first = 0;
  #characters = 0;

  /** `now` tells ms since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Keeps a record; the oldest ones go. */
  add(level: LogLevel, message: string, fields: LogFields = {}): void {
    const clean = Object.entries(fields).filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, redactField(name, value)]);
    const time = new Date(this.#now()).toISOString();
    const record: KeptRecord = { time, level, message: redactText(message), fields: Object.fromEntries(clean) };
    const text = JSON.stringify(record);
    this.#kept.push(text);
    this.#characters += text.length;
    while (this.#kept.length - this.#first > MAX_RECORDS || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#kept[this.#first]!.length;
      this.#kept[this.#first++] = "";
    }
    // Now and then, so that a record costs the same however many there are.
    if (this.#first > MAX_RECORDS) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }

  /** All records as a JSON array of {@link KeptRecord}, the oldest first. */
  json(): string {
    return `[${this.#kept.slice(this.#first).join(",")}]`;
  }
}

/** `logger`, whose records are kept in `ring` as well, but for those of level debug: there may be many. */
export function keepingLogger(logger: Logger, ring: LogRing): Logger {
  const method = (level: Exclude<LogLevel, "debug">) => (message: string, fields?: LogFields) => {
    ring.add(level, message, fields);
    logger[level](message, fields);
  };
  const kept: Logger = {
    debug: (message, fields) => logger.debug(message, fields),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
  };
  if (logger.level === undefined) return kept;
  return Object.defineProperty(kept, "level", {
    get: () => logger.level,
    set: (level: LogLevel) => logger.level = level,
  });
}
