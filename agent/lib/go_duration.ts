/** Durations as Go writes them, which is what Skupper's resources hold: `15m`, `1h30m`, `1.5h`, `90s`. */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds, or undefined for what is no duration of at least one of them. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text) || text.length > 40) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNITS[unit ?? ""] ?? NaN);
  }
  return Number.isSafeInteger(Math.round(total)) && total >= 1 ? Math.round(total) : undefined;
}
