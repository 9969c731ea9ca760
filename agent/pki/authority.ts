/**
 * Certificate authorities and the certificates they issue, as Skupper's own look (control-plane 1.17): RSA with PKCS#1
 * keys by default, server and client usage, every host as DNS name and, where it is an address, as IP address too.
 *
 * The X.509 library is loaded only when something is issued: an edge never pays for it.
 */

import { createPrivateKey } from "node:crypto";
import { isIP } from "node:net";
import type { TlsCredentials } from "../transport/channel.ts";
import { canonicalHost } from "./inspect.ts";

/** Key types that can be asked for. Skupper's controller reads nothing but RSA. */
export type KeyAlgorithm = "rsa" | "ecdsa";

/** What a new authority is to be. */
export interface AuthorityOptions {
  /** Common name of the subject, taken as it is. */
  readonly commonName: string;
  /** RSA unless asked otherwise. */
  readonly algorithm?: KeyAlgorithm;
  /** Years until it expires. */
  readonly years: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a new certificate is to say. */
export interface CertificateOptions {
  /** Certificate and key of the authority, PEM. */
  readonly authority: { readonly cert: string; readonly key: string };
  /** Common name of the subject, taken as it is. */
  readonly commonName: string;
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  /** True when the holder may stand as a client. Skupper's certificates allow both, whatever they are for. */
  readonly client: boolean;
  /** True when the holder may stand as a server. */
  readonly server: boolean;
  /** RSA unless asked otherwise; the authority's own key may be of the other type. */
  readonly algorithm?: KeyAlgorithm;
  /** Years until it expires, but never later than the authority does. */
  readonly years: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type X509 = typeof import("@peculiar/x509");
type X509Certificate = import("@peculiar/x509").X509Certificate;

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
/** Clocks of peers may be behind, those of small devices by much. */
const BACKDATE_MS = 60 * 60 * 1000;

/** Makes a self-signed authority. */
export async function createAuthority(options: AuthorityOptions): Promise<TlsCredentials> {
  const { algorithm = "rsa", commonName, now, years } = options;
  const x509 = await loadX509();
  const keys = await generateKeys(algorithm);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + years * YEAR_MS),
    signingAlgorithm: ALGORITHMS[algorithm],
    keys,
    extensions: [
      ...authorityRights(x509),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = withNewline(certificate.toString("pem"));
  return { ca: pem, cert: pem, key: await privatePem(keys.privateKey, algorithm) };
}

/** Issues a certificate with a new key. The authority's own key may be RSA, or ECDSA on P-256 or P-384. */
export async function issue(options: CertificateOptions): Promise<TlsCredentials> {
  const { algorithm = "rsa", hosts, now } = options;
  const x509 = await loadX509();
  const authority = new x509.X509Certificate(options.authority.cert);
  const signing = await importKey(options.authority.key);
  const keys = await generateKeys(algorithm);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [options.commonName] }],
    // The name object, not its text: verifiers compare the issuer byte by byte, and text can be encoded in several ways.
    issuer: authority.subjectName,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(Math.min(now + options.years * YEAR_MS, authority.notAfter.getTime())),
    signingAlgorithm: signing.algorithm,
    publicKey: keys.publicKey,
    signingKey: signing.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      usage(x509, options.server, options.client),
      await issuedWith(x509, authority),
      ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names(hosts))]),
    ],
  });
  return {
    ca: options.authority.cert,
    cert: withNewline(certificate.toString("pem")),
    key: await privatePem(keys.privateKey, algorithm),
  };
}

/**
 * Certifies the key of the authority `next` by the authority `by`, which it follows: whoever trusts `by` alone then
 * trusts what `next` issues, as long as this certificate comes along (RFC 4210, 4.4: "new with old"). PEM.
 */
export async function bridge(
  next: { readonly cert: string },
  by: { readonly cert: string; readonly key: string },
  now: number,
): Promise<string> {
  const x509 = await loadX509();
  const [subject, issuer] = [new x509.X509Certificate(next.cert), new x509.X509Certificate(by.cert)];
  const signing = await importKey(by.key);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: subject.subjectName,
    issuer: issuer.subjectName,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: issuer.notAfter,
    signingAlgorithm: signing.algorithm,
    publicKey: subject.publicKey,
    signingKey: signing.key,
    extensions: [
      ...authorityRights(x509),
      await issuedWith(x509, issuer),
      // What the next authority issues names its key as its own certificate does.
      keyIdentifier(x509, subject) ?? await x509.SubjectKeyIdentifierExtension.create(subject.publicKey),
    ],
  });
  return withNewline(certificate.toString("pem"));
}

/** What an authority may do. */
function authorityRights(x509: X509) {
  const { digitalSignature, keyEncipherment, keyCertSign } = x509.KeyUsageFlags;
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(digitalSignature | keyEncipherment | keyCertSign, true),
    usage(x509, true, true),
  ];
}

/** Which key of the authority `by` has signed, as its own certificate names it: verifiers compare the two. */
async function issuedWith(x509: X509, by: X509Certificate) {
  const keyId = keyIdentifier(x509, by)?.keyId;
  // That name is whatever its maker chose; SHA-1 of the key is only the most common one (RFC 5280, 4.2.1.2; RFC 7093).
  return keyId === undefined
    ? await x509.AuthorityKeyIdentifierExtension.create(by)
    : new x509.AuthorityKeyIdentifierExtension(keyId);
}

function keyIdentifier(x509: X509, { extensions }: X509Certificate) {
  return extensions.find((extension) => extension instanceof x509.SubjectKeyIdentifierExtension);
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
  const algorithm = key.asymmetricKeyType === "rsa"
    ? ALGORITHMS.rsa
    : key.asymmetricKeyDetails?.namedCurve === "secp384r1"
    ? { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" }
    : ALGORITHMS.ecdsa;
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
  // Routers in C look for an address among the DNS names, everybody else among the addresses. The encoder reads
  // addresses with dots inside IPv6 wrongly, so it gets the canonical form.
  return [...new Set(hosts)].flatMap((value) => [
    { type: "dns" as const, value },
    ...(isIP(value) === 0 ? [] : [{ type: "ip" as const, value: canonicalHost(value) }]),
  ]);
}

function usage(x509: X509, server: boolean, client: boolean) {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  return new x509.ExtendedKeyUsageExtension([...(server ? [serverAuth] : []), ...(client ? [clientAuth] : [])]);
}

/** 128 random bits; the encoder adds a byte when the number would look negative. */
function serial(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

function withNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
