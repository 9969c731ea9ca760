/**
 * Keeps a site running in the foreground until it is told to stop: narrates its changes, drains on the first signal,
 * stops at once on the second, gives up when `--wait` passes without a link.
 */

import { TendrilError } from "../lib/errors.ts";
import type { RunningSite, SiteStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import { EXIT } from "./exit_codes.ts";
import { narrate } from "./narrate.ts";
import { exitCodeOfSignal, type StopSignals } from "./signals.ts";

/** What {@link runForeground} needs. */
export interface ForegroundOptions {
  /** Where changes are told. */
  readonly logger: Logger;
  /** Where stop requests come from; already listening before the site was started. */
  readonly signals: StopSignals;
  /** How long open connections may take to end, in milliseconds. */
  readonly graceMs: number;
  /** Fail with `WAIT_TIMEOUT` when no link is up after this many milliseconds; undefined waits for ever. */
  readonly waitMs?: number | undefined;
  /** Told of every snapshot after the log was, the first one included. */
  readonly onStatus?: (status: SiteStatus) => void;
}

/** How long an immediate stop may take before the process leaves anyway, in milliseconds. */
const STOP_LIMIT_MS = 2_000;

/**
 * Starts a site with `start` and runs it until a signal; resolves to the exit code. A signal that comes before the
 * site is up ends the command at once.
 */
export async function runForeground(start: () => Promise<RunningSite>, options: ForegroundOptions): Promise<number> {
  const firstSignal = options.signals.next();
  const starting = start();
  const begun = await Promise.race([starting, firstSignal]);
  if (typeof begun === "string") {
    options.logger.info("stopped before the site was up", { signal: begun });
    starting.then((site) => site.stop(), () => {});
    return exitCodeOfSignal(begun);
  }
  const stopTelling = tellChanges(begun, options);
  try {
    const end = await waitForEnd(begun, firstSignal, options.waitMs);
    if (end === "no link") {
      await within(begun.stop(), STOP_LIMIT_MS);
      throw noLink(begun.status(), options.waitMs ?? 0);
    }
    options.logger.info("draining", { signal: end, graceSeconds: options.graceMs / 1000 });
    return await drain(begun, options);
  } finally {
    stopTelling();
  }
}

/** Narrates the site's state now and after each change; returns how to stop that. */
function tellChanges(site: RunningSite, options: ForegroundOptions): () => void {
  let last: SiteStatus | undefined;
  const look = () => {
    const status = site.status();
    for (const { level, message, fields } of narrate(last, status)) options.logger[level](message, fields);
    last = status;
    options.onStatus?.(status);
  };
  look();
  return site.onChange(look);
}

/** Resolves to the signal, or to `no link` when `waitMs` passed without one. */
async function waitForEnd(
  site: RunningSite,
  signal: Promise<string>,
  waitMs: number | undefined,
): Promise<string> {
  if (waitMs === undefined || isLinked(site.status())) return await signal;
  const { promise: decided, resolve } = Promise.withResolvers<"linked" | "no link">();
  const unsubscribe = site.onChange(() => isLinked(site.status()) && resolve("linked"));
  const timer = setTimeout(() => resolve(isLinked(site.status()) ? "linked" : "no link"), waitMs);
  try {
    const first = await Promise.race([signal, decided]);
    return first === "linked" ? await signal : first;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

/** Drains; a second signal meanwhile stops at once and decides the exit code. */
async function drain(site: RunningSite, options: ForegroundOptions): Promise<number> {
  const drained = site.drain(options.graceMs);
  const second = await Promise.race([drained.then(() => undefined), options.signals.next()]);
  if (second === undefined) {
    options.logger.info("stopped");
    return EXIT.ok;
  }
  options.logger.warn("stopping at once", { signal: second });
  drained.catch(() => {});
  await within(site.stop(), STOP_LIMIT_MS);
  return exitCodeOfSignal(second);
}

/** True when any link carries or could carry traffic. */
export function isLinked(status: SiteStatus): boolean {
  return status.links.some((link) => link.state === "active" || link.state === "standby");
}

function noLink(status: SiteStatus, waitMs: number): TendrilError {
  const reasons = status.links.map(({ name, endpoint, message }) =>
    `${name} (${endpoint}): ${message === "connecting" ? "no answer so far" : message}`
  );
  const hints = [...new Set(status.links.map(({ hint }) => hint).filter((hint) => hint !== undefined))];
  return new TendrilError("WAIT_TIMEOUT", `no link came up within ${waitMs / 1000} s`, {
    cause: reasons.join("; ") || "the site has no link",
    hint: hints.join(" ") ||
      "Check that the other site runs and that its port is reachable from here, or allow more time with --wait.",
  });
}

/** Waits for `work`, but no longer than `limitMs`. */
async function within(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
