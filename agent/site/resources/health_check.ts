/** How a Connector's target is checked: an extension of ours, with the names and defaults of Kubernetes' probes. */

import { z } from "zod";
import type { HealthCheckSpec } from "../spec.ts";
import { host, optionalPort } from "./schema.ts";

const DEFAULTS = { intervalSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
const MIN_SECONDS = 0.1;
const MAX_SECONDS = 86_400;
const MAX_THRESHOLD = 1000;

const seconds = z.number().min(MIN_SECONDS).max(MAX_SECONDS).nullish();
const threshold = z.number().int().min(1).max(MAX_THRESHOLD).nullish();
const status = z.number().int().min(100).max(599);
/** What stands in a request line must not end it. */
const path = z.string().regex(/^\/[\x21-\x7e]*$/, "must begin with / and have no spaces");
const place = { host: host.optional(), port: optionalPort };

/** Unknown fields are refused: a misspelt one would leave a target unchecked. */
export const healthCheck = z.strictObject({
  tcp: z.strictObject(place).nullish(),
  http: z.strictObject({
    path: path.nullish().transform((path) => path ?? "/"),
    ...place,
    expectedStatus: z.union([status, z.array(status).min(1)], "must be a status, such as 200, or a list of them")
      .nullish(),
  }).nullish(),
  command: z.array(z.string().min(1)).min(1).nullish(),
  intervalSeconds: seconds,
  timeoutSeconds: seconds,
  successThreshold: threshold,
  failureThreshold: threshold,
}).refine(
  ({ tcp, http, command }) => [tcp, http, command].filter((way) => way !== undefined && way !== null).length === 1,
  "must have one of tcp, http and command",
).transform((check): HealthCheckSpec => {
  const { tcp, http, command } = check;
  return {
    ...(tcp === undefined || tcp === null ? {} : { tcp: placeOf(tcp) }),
    ...(http === undefined || http === null ? {} : { http: { path: http.path, ...placeOf(http), ...statuses(http) } }),
    ...(command === undefined || command === null ? {} : { command }),
    intervalSeconds: check.intervalSeconds ?? DEFAULTS.intervalSeconds,
    timeoutSeconds: check.timeoutSeconds ?? DEFAULTS.timeoutSeconds,
    successThreshold: check.successThreshold ?? DEFAULTS.successThreshold,
    failureThreshold: check.failureThreshold ?? DEFAULTS.failureThreshold,
  };
});

function placeOf({ host, port }: { host?: string | undefined; port?: number | undefined }) {
  return { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}

function statuses({ expectedStatus }: { expectedStatus?: number | number[] | null | undefined }) {
  return expectedStatus === undefined || expectedStatus === null ? {} : { expectedStatus: [expectedStatus].flat() };
}
