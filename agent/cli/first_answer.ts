/** Tells of targets where nobody listens yet: asked until each has answered once. */

import { probe } from "../bridge/health/probe.ts";
import { formatEndpoint } from "../lib/endpoint.ts";
import { messageOf } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Endpoint } from "./endpoint.ts";

/** Between two attempts, in ms. */
const STEP_MS = 1000;
/** How long one may take, in ms. */
const LIMIT_MS = 1000;

/**
 * Warns of a target that does not answer, and says when it does; resolves when each was asked for the first time. Rejects
 * when Deno does not let it be asked. Ends with `signal`.
 */
export async function awaitTargets(
  targets: readonly (Endpoint & { readonly key: string })[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(targets.map(async (target) => {
    const fields = { target: formatEndpoint(target.host, target.port), routingKey: target.key };
    const reason = await answers(target);
    if (reason === undefined || signal.aborted) return;
    const next = "Start the service; clients are refused until then.";
    logger.warn("nobody answers at the target, which is waited for", { ...fields, reason, next });
    const timer = setInterval(async () => {
      if (await answers(target) !== undefined || signal.aborted) return;
      clearInterval(timer);
      logger.info("the target answers", fields);
    }, STEP_MS + LIMIT_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }));
}

/** Why it does not answer; undefined when it does. */
async function answers(target: Endpoint): Promise<string | undefined> {
  const spec = { tcp: {}, intervalSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 };
  try {
    await probe(spec, target, AbortSignal.timeout(LIMIT_MS));
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return messageOf(error);
  }
}
