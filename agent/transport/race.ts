/**
 * Dials every endpoint of a link at once; the first to get through wins and the others are dropped. In: endpoints. Out:
 * one channel and the endpoint it leads to, or one error that lists why each endpoint failed.
 */

import { TendrilError } from "../lib/errors.ts";
import { scopeOf } from "./abort.ts";
import type { Channel } from "./channel.ts";
import { dial, type DialOptions } from "./dial.ts";
import { formatAddress } from "./tcp_connect.ts";

/** The least an endpoint must say; that of a link's spec says more, and comes back whole. */
export interface Endpoint {
  /** Name or IP address. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
}

/** What all endpoints of a link have in common. */
export type RaceOptions = Omit<DialOptions, "host" | "port">;

/** Who won. */
export interface Winner<E extends Endpoint> {
  /** The connection. */
  readonly channel: Channel;
  /** The endpoint it leads to, as it was given. */
  readonly endpoint: E;
}

/**
 * Dials `endpoints` (at least one) in parallel. When the promise settles, nothing but the winner is left open. Throws
 * the error of the only endpoint, or `LINK_ALL_FAILED` with the errors of all in an `AggregateError` as its cause.
 */
export async function dialAny<E extends Endpoint>(
  endpoints: readonly E[],
  options: RaceOptions,
  signal: AbortSignal,
): Promise<Winner<E>> {
  const scope = scopeOf(signal);
  let winner: Winner<E> | undefined;
  const failures: unknown[] = [];
  await Promise.all(endpoints.map(async (endpoint, i) => {
    try {
      const channel = await dial({ ...options, host: endpoint.host, port: endpoint.port }, scope.signal);
      if (winner !== undefined) {
        channel.destroy();
        return;
      }
      winner = { channel, endpoint };
      scope.abort("another endpoint was faster");
    } catch (error) {
      failures[i] = error;
    }
  }));
  scope.release();
  if (winner !== undefined) return winner;
  if (endpoints.length === 1) throw failures[0];
  throw allFailed(endpoints, failures);
}

function allFailed(endpoints: readonly Endpoint[], failures: readonly unknown[]): TendrilError {
  const known = failures.map((error) => error instanceof TendrilError ? error : undefined);
  const aborted = known.find((error) => error?.code === "LINK_ABORTED");
  if (aborted !== undefined) return aborted;
  const list = endpoints.map(({ host, port }, i) => {
    const error = known[i];
    return `${formatAddress(host, port)} [${error?.code ?? "LINK_FAILED"}] ${error?.message ?? String(failures[i])}`;
  });
  const hint = known.find((error) => error?.hint !== undefined)?.hint;
  const cause = new AggregateError(failures, "no endpoint could be reached");
  const message = endpoints.length === 0
    ? "The link has no endpoint to dial."
    : `None of the ${endpoints.length} endpoints of the link could be reached: ${list.join("; ")}`;
  return new TendrilError("LINK_ALL_FAILED", message, hint === undefined ? { cause } : { cause, hint });
}
