/**
 * TLS of `expose` and `forward`: PEM files that flags name in, what a Connector or Listener has from its Secret out
 * (`docs/tls.md`). The files are read once, when the command starts.
 */

import type { ServerIdentity } from "../transport/channel.ts";
import type { TargetTls } from "../site/spec.ts";
import { usage } from "./args.ts";
import type { FlagValues } from "./command.ts";
import { readPem } from "./pem_file.ts";
import type { PermissionNeed } from "./permissions.ts";
import { type Reach, systemRoots } from "./site_reach.ts";

const certFlag = { kind: "text", placeholder: "CERT" } as const;
const keyFlag = { kind: "text", placeholder: "KEY", help: "Its private key, PEM, not encrypted." } as const;

/** Flags of `forward`. */
export const PORT_TLS_FLAGS = {
  "tls-cert": { ...certFlag, help: "Speak TLS at the local ports, and show this certificate, PEM." },
  "tls-key": keyFlag,
} as const;

/** Flags of `expose`. */
export const TARGET_TLS_FLAGS = {
  tls: {
    kind: "switch",
    help: "Speak TLS to the targets; the other flags about that mean this one, too.",
  },
  "tls-ca": { kind: "text", placeholder: "CA", help: "Authorities to trust, PEM; else those of this machine." },
  "tls-cert": { ...certFlag, help: "Show this certificate to the targets, PEM; else none." },
  "tls-key": keyFlag,
  "any-hostname": { kind: "switch", help: "Take a certificate of a target for any name, not just for its host." },
} as const;

const IDENTITY_NEEDS: readonly PermissionNeed[] = [
  { kind: "read", scope: "CERT", why: "with --tls-cert: the certificate", optional: true },
  { kind: "read", scope: "KEY", why: "with --tls-key: its key", optional: true },
];

/** What the flags of `forward` need. */
export const PORT_TLS_NEEDS: readonly PermissionNeed[] = IDENTITY_NEEDS;

/** What the flags of `expose` need. */
export const TARGET_TLS_NEEDS: readonly PermissionNeed[] = [
  { kind: "read", scope: "CA", why: "with --tls-ca: the authorities", optional: true },
  { kind: "read", scope: "ROOTS", why: "with --tls and no --tls-ca: the CAs that the machine trusts", optional: true },
  ...IDENTITY_NEEDS,
];

/** Values of {@link PORT_TLS_FLAGS}. */
export type PortFlags = FlagValues<typeof PORT_TLS_FLAGS>;
/** Values of {@link TARGET_TLS_FLAGS}. */
export type TargetFlags = FlagValues<typeof TARGET_TLS_FLAGS>;

/** Who the ports of `forward` are; nothing where they are in the clear. Throws USAGE_FLAG_MISSING, `INPUT_*`, SITE_SECRET. */
export async function portTls(flags: PortFlags): Promise<{ tls?: ServerIdentity }> {
  const identity = await identityOf(flags, "forward");
  return identity === undefined ? {} : { tls: identity };
}

/** How `expose` speaks TLS to its targets; nothing where it does not. Throws as {@link portTls} does. */
export async function exposedTls(flags: TargetFlags): Promise<{ tls?: TargetTls }> {
  const { "tls-ca": path, "any-hostname": anyHostname } = flags;
  const identity = await identityOf(flags, "expose");
  if (!speaksTls(flags)) return {};
  const { targetTls } = await import("../site/secrets.ts");
  const values = new Map(path === undefined ? [] : [["ca.crt", await readPem(path)]]);
  const how = { useClientCert: false, verifyHostname: !anyHostname };
  const tls = targetTls(values, path ?? "", how);
  return { tls: identity === undefined ? tls : { ...tls, identity } };
}

/** Files that the flags of `forward` have read. */
export function portTlsReach({ "tls-cert": cert, "tls-key": key }: PortFlags): Reach {
  return { CERT: given(cert), KEY: given(key) };
}

/** Files that those of `expose` have. */
export async function exposedTlsReach(flags: TargetFlags): Promise<Reach> {
  const ca = flags["tls-ca"];
  const roots = speaksTls(flags) && ca === undefined ? [await systemRoots()] : [];
  return { CA: given(ca), ROOTS: roots, ...portTlsReach(flags) };
}

function speaksTls({ tls, "tls-ca": ca, "tls-cert": cert, "any-hostname": anyHostname }: TargetFlags): boolean {
  return tls || anyHostname || ca !== undefined || cert !== undefined;
}

async function identityOf(
  { "tls-cert": cert, "tls-key": key }: PortFlags,
  command: string,
): Promise<ServerIdentity | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? "--tls-cert" : "--tls-key";
    throw usage("USAGE_FLAG_MISSING", `${missing} is missing`, command, "Give --tls-cert and --tls-key together.");
  }
  const { serverIdentity } = await import("../site/secrets.ts");
  return serverIdentity(
    new Map([["tls.crt", await readPem(cert)], ["tls.key", await readPem(key)]]),
    `${cert}, ${key}`,
  );
}

function given(path: string | undefined): string[] {
  return path === undefined ? [] : [path];
}
