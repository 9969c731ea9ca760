/** How long routing messages are inside interiors, as their metrics tell it (docs/metrics.md). */

/** Messages by the time that they were inside: upper bounds of the buckets that hold the percentiles, in ms. */
export interface DelayInside {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Share of those that took 5 ms at most. */
  readonly within5Ms: number;
  readonly count: number;
}

/** Messages that took no longer than a bound, in seconds, by bound; `Infinity` has all. */
export type DelayCounts = ReadonlyMap<number, number>;

const BUCKET = /^tendril_control_delay_seconds_bucket\{le="(\S+)"\} (\d+)$/gm;
const LIMIT_SECONDS = 0.005;
const MS = 1000;

/** What the interiors whose metrics are at `ports` have counted, all together. */
export async function delayCounts(ports: readonly number[]): Promise<DelayCounts> {
  const texts = await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()));
  const counts = new Map<number, number>();
  for (const [, bound, count] of texts.flatMap((text) => [...text.matchAll(BUCKET)])) {
    const seconds = bound === "+Inf" ? Infinity : Number(bound);
    counts.set(seconds, (counts.get(seconds) ?? 0) + Number(count));
  }
  return counts;
}

/** What has been counted between `before` and `after`; undefined when nothing has. */
export function delayInside(before: DelayCounts, after: DelayCounts): DelayInside | undefined {
  const grown = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const count = grown.find(([bound]) => bound === Infinity)?.[1] ?? 0;
  if (count === 0) return undefined;
  const at = (share: number) => grown.find(([, passed]) => passed >= count * share)![0] * MS;
  const within = grown.find(([bound]) => bound === LIMIT_SECONDS)?.[1] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), within5Ms: within / count, count };
}
