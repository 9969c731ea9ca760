/** Dials the targets of Connectors that have TLS: trusts whom the Secret names, or whom this machine trusts. */

import type { DialSecure } from "../bridge/connector.ts";
import { TendrilError } from "../lib/errors.ts";
import { dialTarget } from "../transport/target.ts";

/** Where systems keep the authorities that they trust, in the order of how common that is. */
const SYSTEM_ROOTS = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** See the head of the file. Throws what {@link dialTarget} does, and TARGET_TLS_CA when there is nobody to trust. */
export const dialSecureTarget: DialSecure = async ({ tls, ...target }, signal) => {
  const { ca, identity, verifyHostname } = tls;
  const trusted = { ca: ca === "" ? await systemRoots() : ca, ...identity };
  return await dialTarget({ ...target, tls: trusted, verifyHostname }, signal);
};

async function systemRoots(): Promise<string> {
  for (const path of SYSTEM_ROOTS) {
    // Asked first: without an answer in advance Deno would ask whoever sits at the terminal.
    const { state } = await Deno.permissions.query({ name: "read", path });
    if (state !== "granted") continue;
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new TendrilError("TARGET_TLS_CA", "the CAs that this machine trusts can't be read", {
    hint: `Put ca.crt into the Secret that spec.tlsCredentials names, or start the site with --allow-read=${
      SYSTEM_ROOTS[0]
    }.`,
  });
}
