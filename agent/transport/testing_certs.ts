/**
 * TEST SUPPORT, never imported by the product: makes certificate authorities and certificates on the spot, good ones
 * and every kind of bad one that the transport must refuse.
 */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { TlsCredentials } from "./channel.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** What a test certificate is to say. */
export interface TestCertificateOptions {
  /** Common name of the subject. */
  readonly name?: string;
  /** `dNSName` entries of the subject alternative name. */
  readonly dns?: readonly string[];
  /** `iPAddress` entries of the subject alternative name. */
  readonly ips?: readonly string[];
  /** Start of validity, default yesterday. */
  readonly notBefore?: Date;
  /** End of validity, default tomorrow. */
  readonly notAfter?: Date;
  /** True for a certificate that may issue others. */
  readonly ca?: boolean;
  /** Extended key usages; none are written by default, which permits all. */
  readonly purposes?: readonly ("server" | "client")[];
}

/** A certificate authority that lives as long as a test. */
export class TestAuthority {
  /** The authority's certificate as PEM. */
  readonly pem: string;
  readonly #issuer: string;
  readonly #keys: CryptoKeyPair;

  private constructor(pem: string, issuer: string, keys: CryptoKeyPair) {
    this.pem = pem;
    this.#issuer = issuer;
    this.#keys = keys;
  }

  /** Makes a self-signed authority called `name`. */
  static async create(name: string): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await generate({ name, ca: true }, keys.publicKey, `CN=${name}`, keys.privateKey);
    return new TestAuthority(certificate.toString("pem"), `CN=${name}`, keys);
  }

  /** Issues a certificate with a fresh key; the credentials trust this authority unless `trust` says otherwise. */
  async issue(options: TestCertificateOptions, trust: string = this.pem): Promise<TlsCredentials> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await generate(options, keys.publicKey, this.#issuer, this.#keys.privateKey);
    return { ca: trust, cert: certificate.toString("pem"), key: await privatePem(keys.privateKey) };
  }

  /** Issues an authority below this one; `{ ca: false }` makes one that signs although it may not. */
  async issueAuthority(name: string, options: TestCertificateOptions = {}): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await generate(
      { name, ca: true, ...options },
      keys.publicKey,
      this.#issuer,
      this.#keys.privateKey,
    );
    return new TestAuthority(certificate.toString("pem"), `CN=${name}`, keys);
  }
}

/** Which encoding fault a forged certificate carries. */
export type Forgery = "version 1" | "trailing garbage in an extension";

/**
 * A certificate that names `issuer` as its issuer but is signed by a key of its own: what somebody in the middle of a
 * connection can make out of public knowledge.
 */
export async function forge(
  issuer: string,
  options: TestCertificateOptions,
  fault: Forgery,
): Promise<Omit<TlsCredentials, "ca">> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const honest = await generate(options, keys.publicKey, `CN=${issuer}`, keys.privateKey);
  const tbs = children(content(new Uint8Array(honest.rawData)))[0]!;
  const fields = children(content(tbs));
  if (fault === "version 1") fields.shift();
  else fields[fields.length - 1] = spoilExtensions(fields[fields.length - 1]!);
  const forged = wrap(0x30, ...fields);
  const signature = derSignature(new Uint8Array(await crypto.subtle.sign(ALGORITHM, keys.privateKey, forged)));
  const algorithm = children(content(new Uint8Array(honest.rawData)))[1]!;
  const certificate = wrap(0x30, forged, algorithm, wrap(0x03, Uint8Array.of(0), signature));
  return { cert: x509.PemConverter.encode(certificate, "CERTIFICATE"), key: await privatePem(keys.privateKey) };
}

function generate(
  options: TestCertificateOptions,
  publicKey: CryptoKey,
  issuer: string,
  signingKey: CryptoKey,
): Promise<x509.X509Certificate> {
  const names: x509.JsonGeneralName[] = [
    ...(options.dns ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(options.ips ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(options.ca ?? false, undefined, true)];
  if (options.purposes !== undefined) {
    const usages = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth };
    extensions.push(new x509.ExtendedKeyUsageExtension(options.purposes.map((purpose) => usages[purpose])));
  }
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  return x509.X509CertificateGenerator.create({
    serialNumber: crypto.randomUUID().replaceAll("-", ""),
    subject: `CN=${options.name ?? "test"}`,
    issuer,
    notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey,
    extensions,
  });
}

async function privatePem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** Appends one byte to the value of the last extension, which a strict reader refuses and a lax one overlooks. */
function spoilExtensions(field: Uint8Array): Uint8Array {
  const extensions = children(content(children(content(field))[0] ?? field));
  const last = children(content(extensions[extensions.length - 1]!));
  extensions[extensions.length - 1] = wrap(0x30, ...last, Uint8Array.of(0x05, 0x00));
  return wrap(0xa3, wrap(0x30, ...extensions));
}

function header(element: Uint8Array): number {
  const first = element[1]!;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function content(element: Uint8Array): Uint8Array {
  return element.subarray(header(element), sizeOf(element));
}

function sizeOf(element: Uint8Array): number {
  const start = header(element);
  if (start === 2) return 2 + element[1]!;
  let length = 0;
  for (let i = 2; i < start; i++) length = length * 256 + element[i]!;
  return start + length;
}

function children(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let rest = bytes; rest.length > 0; rest = rest.subarray(sizeOf(rest))) {
    found.push(rest.subarray(0, sizeOf(rest)));
  }
  return found;
}

function wrap(tag: number, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let at = head.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** ECDSA r||s of WebCrypto as the DER pair X.509 wants. */
function derSignature(raw: Uint8Array): Uint8Array {
  return wrap(0x30, integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
}

function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return digits[0]! >= 0x80 ? wrap(0x02, Uint8Array.of(0), digits) : wrap(0x02, digits);
}
