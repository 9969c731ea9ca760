/** Repeatable chance: a seed in, choices out (mulberry32). */

/** An integer from 0 to below `below`. */
export type Choose = (below: number) => number;

/** The choices that follow from `seed`. */
export function choices(seed: number): Choose {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 0x100000000 * below);
  };
}

/** Cuts `input` into chunks of chance sizes, some of them single octets. */
export function chunksOf(input: Uint8Array, choose: Choose): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const most = 1 + choose(choose(3) === 0 ? 4 : input.length + 1);
  for (let at = 0; at < input.length;) {
    const octets = 1 + choose(most);
    chunks.push(input.slice(at, at + octets));
    at += octets;
  }
  return chunks;
}
