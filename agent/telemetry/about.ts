/** Says of all that a part writes to the log what it is about. */

import type { LogFields, Logger } from "./log.ts";

/** Writes to `logger`, with `facts` beside those of each record. */
export function about(logger: Logger, facts: LogFields): Logger {
  return {
    debug: (message, fields) => logger.debug(message, { ...facts, ...fields }),
    info: (message, fields) => logger.info(message, { ...facts, ...fields }),
    warn: (message, fields) => logger.warn(message, { ...facts, ...fields }),
    error: (message, fields) => logger.error(message, { ...facts, ...fields }),
  };
}
