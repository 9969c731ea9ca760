/** Ports for servers of tests: free ones, of which files that run at the same time never pick the same. */

/** From the first port to the one behind the last. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Ports that no system hands out to outgoing connections, which would take them before they are opened. */
export const FREE_PORTS: PortRange = { from: 16_384, to: 32_768 };
/** Where a process is told its range, as `FROM-TO`; without it all of {@link FREE_PORTS} are its own. */
export const PORTS_VARIABLE = "TENDRIL_TEST_PORTS";

/** The `number`th of `shares` equal parts of `range`. */
export function shareOf({ from, to }: PortRange, number: number, shares: number): PortRange {
  const size = Math.floor((to - from) / shares);
  return { from: from + number * size, to: from + (number + 1) * size };
}

/** Ports that were given away and may not be open yet. */
const given = new Set<number>();

/** A loopback port that is free now. */
export function freePort(): number {
  const { from, to } = ownRange();
  for (;;) {
    const port = from + Math.floor(Math.random() * (to - from));
    if (given.has(port)) continue;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      given.add(port);
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

function ownRange(): PortRange {
  const [from, to] = (Deno.env.get(PORTS_VARIABLE) ?? "").split("-").map(Number);
  return from !== undefined && to !== undefined && to > from ? { from, to } : FREE_PORTS;
}
