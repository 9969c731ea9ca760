/** Logs what became of certificates that a command renewed. */

import type { Renewal } from "../site/certificates/renew.ts";
import type { Logger } from "../telemetry/log.ts";

/** Tells of `renewals`; false when one of them failed. */
export function tellRenewals(renewals: readonly Renewal[], logger: Logger): boolean {
  for (const { name, notAfter, error } of renewals) {
    const fields = { name, expires: new Date(notAfter).toISOString() };
    if (error === undefined) logger.info("certificate renewed", fields);
    else {
      const { code, message, hint } = error;
      logger.error("a certificate was not renewed", { ...fields, code, reason: message, next: hint });
    }
  }
  return renewals.every(({ error }) => error === undefined);
}
