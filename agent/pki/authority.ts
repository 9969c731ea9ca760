/**
 * Certificate authorities and the certificates they issue, as Skupper's own look (control-plane 1.17): RSA with PKCS#1
 * keys by default, server and client usage, every host as DNS name and, where it is an address, as IP address too.
 *
 * The X.509 library is loaded only when something is issued: an edge never pays for it.
 */

import { createPrivateKey } from "node:crypto";
import { isIP } from "node:net";
import type { TlsCredentials } from "../transport/channel.ts";

/** Key types that can be asked for. Skupper's controller reads nothing but RSA. */
export type KeyAlgorithm = "rsa" | "ecdsa";

/** What a new authority is to be. */
export interface AuthorityOptions {
  readonly commonName: string;
  readonly algorithm: KeyAlgorithm;
  /** Years until it expires. */
  readonly years: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a new certificate is to say. */
export interface CertificateOptions {
  /** Certificate and key of the authority, PEM. */
  readonly authority: { readonly cert: string; readonly key: string };
  readonly commonName: string;
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly algorithm: KeyAlgorithm;
  readonly years: number;
  readonly now: number;
}

type X509 = typeof import("@peculiar/x509");

const ALGORITHMS = {
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
  ecdsa: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Clocks of peers may be a little behind. */
const BACKDATE_MS = 5 * 60 * 1000;

/** Makes a self-signed authority. */
export async function createAuthority(options: AuthorityOptions): Promise<TlsCredentials> {
  const x509 = await loadX509();
  const algorithm = ALGORITHMS[options.algorithm];
  const keys = await generateKeys(options.algorithm);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${options.commonName}`,
    ...validity(options),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      usage(x509),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = withNewline(certificate.toString("pem"));
  return { ca: pem, cert: pem, key: await privatePem(keys.privateKey, options.algorithm) };
}

/** Issues a certificate that may stand for a server of `hosts` as well as for a client. */
export async function issue(options: CertificateOptions): Promise<TlsCredentials> {
  const x509 = await loadX509();
  const authority = new x509.X509Certificate(options.authority.cert);
  const signing = await importKey(options.authority.key);
  const keys = await generateKeys(options.algorithm);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${options.commonName}`,
    issuer: authority.subject,
    ...validity(options),
    signingAlgorithm: signing.algorithm,
    publicKey: keys.publicKey,
    signingKey: signing.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      usage(x509),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
      ...(options.hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names(options.hosts))]),
    ],
  });
  return {
    ca: options.authority.cert,
    cert: withNewline(certificate.toString("pem")),
    key: await privatePem(keys.privateKey, options.algorithm),
  };
}

/** The names that a certificate (PEM) is for: DNS names and addresses, each once. */
export async function hostsOf(certificate: string): Promise<string[]> {
  const x509 = await loadX509();
  const extension = new x509.X509Certificate(certificate).getExtension(x509.SubjectAlternativeNameExtension);
  return [...new Set((extension?.names.items ?? []).map((name) => name.value))];
}

async function loadX509(): Promise<X509> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

function generateKeys(algorithm: KeyAlgorithm): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHMS[algorithm], true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

async function importKey(pem: string) {
  const key = createPrivateKey(pem);
  const algorithm = key.asymmetricKeyType === "rsa" ? ALGORITHMS.rsa : ALGORITHMS.ecdsa;
  const der = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
  return { algorithm, key: await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]) };
}

async function privatePem(key: CryptoKey, algorithm: KeyAlgorithm): Promise<string> {
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  const pem = `-----BEGIN PRIVATE KEY-----\n${
    der.toBase64().replace(/(.{64})/g, "$1\n").trimEnd()
  }\n-----END PRIVATE KEY-----\n`;
  return createPrivateKey(pem).export({ type: algorithm === "rsa" ? "pkcs1" : "sec1", format: "pem" }).toString();
}

function names(hosts: readonly string[]): { type: "dns" | "ip"; value: string }[] {
  // Routers in C look for an address among the DNS names, everybody else among the addresses.
  return [...new Set(hosts)].flatMap((value) => [
    { type: "dns" as const, value },
    ...(isIP(value) === 0 ? [] : [{ type: "ip" as const, value }]),
  ]);
}

function usage(x509: X509) {
  return new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]);
}

function validity({ now, years }: { now: number; years: number }) {
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + years * YEAR_MS) };
}

/** 128 random bits; the first is 0, so that the number is positive. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] &= 0x7f;
  return bytes.toHex();
}

function withNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
