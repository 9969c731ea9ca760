/** The logging surface every room writes to; the sink behind it is chosen once, in `agent/cli/`. */

import type { LogLevel } from "./level.ts";

/** Structured facts that go with a message; values must be printable and never secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A leveled, structured logger. `debug` must be cheap when switched off. */
export interface Logger {
  /** Records below it are dropped. Setting it counts from the next record on; absent where it can't be changed. */
  level?: LogLevel;
  /** Detail for developers, off by default. */
  debug(message: string, fields?: LogFields): void;
  /** A change of state an operator wants to see. */
  info(message: string, fields?: LogFields): void;
  /** Something failed and is being handled. */
  warn(message: string, fields?: LogFields): void;
  /** Something failed that needs a person. */
  error(message: string, fields?: LogFields): void;
}

/** A logger that drops everything: the default of libraries and unit tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
