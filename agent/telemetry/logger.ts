/**
 * The one real {@link Logger}: filters by level, formats, redacts, and hands whole lines to a writer.
 * It stands where a logging library would; `docs/dependencies.md` says why it is not one.
 */

import { isEnabled, type LogLevel } from "./level.ts";
import type { LogFields, Logger } from "./log.ts";
import { formatJson, formatText } from "./record.ts";

/** The two forms of a log line. */
export const LOG_FORMATS = ["text", "json"] as const;

/** One of {@link LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What {@link createLogger} needs to know. */
export interface LoggerOptions {
  /** Records below this level cost one comparison. */
  readonly level: LogLevel;
  /** For people or for machines. */
  readonly format: LogFormat;
  /** True for an interactive terminal: short times, and colours when `colors` is set too. */
  readonly terminal: boolean;
  /** Whether colours are welcome on that terminal. */
  readonly colors: boolean;
  /** Takes one line that ends in a line feed. Must not throw. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the logger that `options` describe. */
export function createLogger(options: LoggerOptions): Logger {
  const style = { colors: options.terminal && options.colors, fullTime: !options.terminal };
  const write = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (!isEnabled(level, logger.level)) return;
    const record = { time: options.now(), level, message, fields };
    options.write(`${options.format === "json" ? formatJson(record) : formatText(record, style)}\n`);
  };
  const logger = {
    level: options.level,
    debug: (message: string, fields?: LogFields) => write("debug", message, fields),
    info: (message: string, fields?: LogFields) => write("info", message, fields),
    warn: (message: string, fields?: LogFields) => write("warn", message, fields),
    error: (message: string, fields?: LogFields) => write("error", message, fields),
  };
  return logger;
}
