/** Dials the targets of Connectors that have TLS: trusts whom the Secret names, or whom this machine trusts. */

import type { DialSecure, SecureTarget } from "../bridge/connector.ts";
import { TendrilError } from "../lib/errors.ts";
import { splitPem } from "../pki/inspect.ts";
import { pemCertificates, readCertificate } from "../transport/certificate.ts";
import type { ServerTrust, TlsCredentials } from "../transport/channel.ts";
import { dialTarget } from "../transport/target.ts";
import type { TargetTls } from "./spec.ts";

/** Where systems keep the authorities that they trust, in the order of how common that is. */
export const SYSTEM_ROOTS: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** What is made of a Connector's TLS, once: its credentials are looked at the first time that they are used. */
const known = new WeakMap<TargetTls, TlsCredentials | ServerTrust>();

/** See the head of the file. Throws what {@link dialTarget} does, and TARGET_TLS_CA when there is nobody to trust. */
export async function dialSecureTarget(
  { tls, ...target }: SecureTarget,
  signal: AbortSignal,
): ReturnType<DialSecure> {
  const trusted = known.get(tls) ?? await credentialsOf(tls);
  known.set(tls, trusted);
  return await dialTarget({ ...target, tls: trusted, verifyHostname: tls.verifyHostname }, signal);
}

async function credentialsOf({ ca, identity }: TargetTls): Promise<TlsCredentials | ServerTrust> {
  const trust = { ca: ca === "" ? await systemRoots() : ca };
  return identity === undefined ? trust : { ...trust, ...identity };
}

async function systemRoots(): Promise<string> {
  for (const path of SYSTEM_ROOTS) {
    // Asked first: without an answer in advance Deno would ask whoever sits at the terminal.
    const { state } = await Deno.permissions.query({ name: "read", path });
    if (state !== "granted") continue;
    try {
      return splitPem(await Deno.readTextFile(path)).filter(isReadable).join("");
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

/** One that can't be read vouches for nobody, and must not take the others along. */
function isReadable(pem: string): boolean {
  try {
    return pemCertificates(pem).map(readCertificate).length === 1;
  } catch {
    return false;
  }
}
