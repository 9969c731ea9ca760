/** Reads the log of the C router. */

/** Lines of `log` at the level of a warning or above, without those that a target which refuses must cause. */
export function complaints(log: string): string[] {
  return log.split("\n").filter((line) => /\((warning|error|critical)\)/.test(line))
    .filter((line) => !/Connection refused|connection refused/.test(line));
}
