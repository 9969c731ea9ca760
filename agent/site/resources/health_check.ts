/** How a Connector's target is checked: an extension of ours, with the names and defaults of Kubernetes' probes. */

import { z } from "zod";
import type { HealthCheckSpec } from "../spec.ts";
import { field, host, optionalPort } from "./schema.ts";

const DEFAULTS = { intervalSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
const MIN_SECONDS = 0.1;
const MAX_SECONDS = 86_400;
const MAX_THRESHOLD = 1000;

const seconds = z.number().min(MIN_SECONDS).max(MAX_SECONDS).nullish();
const threshold = z.number().int().min(1).max(MAX_THRESHOLD).nullish();
const status = z.number().int().min(100).max(599);
/** What stands in a request line must not end it. */
const path = z.string().regex(/^\/[\x21-\x7e]*$/, "must begin with / and have no spaces");
const place = {
  host: field(host.optional(), "acting", "Where the check goes; else the host of the target"),
  port: field(optionalPort, "acting", "Where the check goes; else the port of the target"),
};

/** Unknown fields are refused: a misspelt one would leave a target unchecked. */
export const healthCheck = z.strictObject({
  tcp: field(z.strictObject(place).nullish(), "acting", "It must accept a connection"),
  http: field(
    z.strictObject({
      path: field(path.nullish().transform((path) => path ?? "/"), "acting", "What is asked for; else /"),
      ...place,
      expectedStatus: field(
        z.union([status, z.array(status).min(1)], "must be a status, such as 200, or a list of them").nullish(),
        "acting",
        "The answers that count as healthy; else 200 to 399",
      ),
    }).nullish(),
    "acting",
    "It must answer a GET",
  ),
  command: field(
    z.array(z.string().min(1)).min(1).nullish(),
    "acting",
    "A program and its arguments, which must end with exit code 0",
  ),
  intervalSeconds: field(seconds, "acting", "From the begin of one check to that of the next; else 10"),
  timeoutSeconds: field(seconds, "acting", "Time after which a check has failed; else 1"),
  successThreshold: field(threshold, "acting", "Successes in a row that make it healthy; else 1"),
  failureThreshold: field(threshold, "acting", "Failures in a row that make it unhealthy; else 3"),
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
