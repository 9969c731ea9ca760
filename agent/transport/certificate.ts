/**
 * What the transport needs to know of an X.509 certificate (RFC 5280): DER in, facts out. Sans-IO, and strict: only
 * version 3, no byte more than the encoding allows, and the algorithm outside the signature equal to the one inside.
 *
 * It exists because the TLS client under us is lenient (see `trust.ts`), and because alternative names that went
 * through a text form can be forged by a comma.
 */

import { TendrilError } from "../lib/errors.ts";
import { type DerElement, DerError, DerReader, readerOf, sameBytes } from "./der.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const BOOLEAN = 0x01;
const SET = 0x31;
/** UTF8String, PrintableString, IA5String: the texts whose octets are UTF-8. */
const TEXTS = new Set([0x0c, 0x13, 0x16]);
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const VERSION_3 = Uint8Array.of(0xa0, 3, INTEGER, 1, 2);
const COMMON_NAME = "55 04 03";
const SUBJECT_ALT_NAME = "55 1d 11";
const BASIC_CONSTRAINTS = "55 1d 13";
const EXTENDED_KEY_USAGE = "55 1d 25";
const ANY_PURPOSE = "55 1d 25 00";
const PURPOSES = { server: "2b 06 01 05 05 07 03 01", client: "2b 06 01 05 05 07 03 02" } as const;

/** The facts of one certificate. */
export interface Certificate {
  /** The encoding everything was read from. */
  readonly der: Uint8Array;
  /** The part that is signed. */
  readonly signed: Uint8Array;
  /** Object identifier of the signature algorithm, as hex octets. */
  readonly algorithm: string;
  /** The signature over `signed`. */
  readonly signature: Uint8Array;
  /** Serial number as upper-case hex without zeros in front. */
  readonly serial: string;
  /** Encoded name of the issuer. */
  readonly issuer: Uint8Array;
  /** Encoded name of the subject. */
  readonly subject: Uint8Array;
  /** Common name of the subject; undefined unless there is exactly one, or where it is not text. */
  readonly commonName: string | undefined;
  /** Encoded SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** First moment of validity, milliseconds since the epoch. */
  readonly notBefore: number;
  /** Last moment of validity, milliseconds since the epoch. */
  readonly notAfter: number;
  /** True when the certificate may issue others. */
  readonly authority: boolean;
  /** True when the certificate may stand for the server, or client, end of a connection. */
  readonly purpose: { readonly server: boolean; readonly client: boolean };
  /** `dNSName` entries of the subject alternative name, as written. */
  readonly dnsNames: readonly string[];
  /** `iPAddress` entries of the subject alternative name: 4 or 16 octets each. */
  readonly addresses: readonly Uint8Array[];
}

/** Reads a certificate; throws `LINK_TLS_CERTIFICATE` for anything that is not a well-formed version 3 one. */
export function readCertificate(der: Uint8Array): Certificate {
  try {
    return read(der);
  } catch (error) {
    throw new TendrilError("LINK_TLS_CERTIFICATE", `The certificate is malformed: ${(error as Error).message}.`, {
      cause: error,
      hint: "Have the certificate issued anew; it must be X.509 version 3 in DER.",
    });
  }
}

/** All certificates of a PEM text, as DER; other PEM blocks are passed over. Throws `LINK_TLS_CERTIFICATE`. */
export function pemCertificates(pem: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const [, body] of pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)) {
    try {
      found.push(Uint8Array.from(atob(body!.replace(/\s+/g, "")), (char) => char.charCodeAt(0)));
    } catch (error) {
      throw new TendrilError("LINK_TLS_CERTIFICATE", "A PEM certificate is not valid Base64.", {
        cause: error,
        hint: "Check that the file was copied whole.",
      });
    }
  }
  return found;
}

function read(der: Uint8Array): Certificate {
  const certificate = readerOf(der, SEQUENCE);
  const signed = certificate.next(SEQUENCE);
  const algorithm = certificate.next(SEQUENCE);
  const signature = certificate.next(BIT_STRING);
  certificate.end();
  if (signature.content[0] !== 0) throw new DerError("the signature is not a whole number of octets");

  const fields = new DerReader(signed.content);
  if (!sameBytes(signed.content.subarray(0, VERSION_3.length), VERSION_3)) throw new DerError("it is not version 3");
  fields.next();
  const serial = canonicalSerial(hex(fields.next(INTEGER).content));
  if (!sameBytes(fields.next(SEQUENCE).whole, algorithm.whole)) throw new DerError("it names two signature algorithms");
  const issuer = fields.next(SEQUENCE).whole;
  const validity = new DerReader(fields.next(SEQUENCE).content);
  const notBefore = time(validity.next());
  const notAfter = time(validity.next());
  validity.end();
  const subject = fields.next(SEQUENCE).whole;
  const publicKey = fields.next(SEQUENCE).whole;
  fields.optional(0x81);
  fields.optional(0x82);
  const extensions = fields.optional(0xa3);
  fields.end();
  return {
    der,
    signed: signed.whole,
    algorithm: hex(new DerReader(algorithm.content).next(OID).content),
    signature: signature.content.subarray(1),
    serial,
    issuer,
    subject,
    commonName: commonNameOf(subject),
    publicKey,
    notBefore,
    notAfter,
    ...readExtensions(extensions),
  };
}

/** Who has two names could be taken for either: such a subject has none. */
function commonNameOf(subject: Uint8Array): string | undefined {
  const found: DerElement[] = [];
  for (const names = readerOf(subject, SEQUENCE); !names.done;) {
    for (const parts = new DerReader(names.next(SET).content); !parts.done;) {
      const part = new DerReader(parts.next(SEQUENCE).content);
      const id = hex(part.next(OID).content);
      const value = part.next();
      part.end();
      if (id === COMMON_NAME) found.push(value);
    }
  }
  const [name, ...others] = found;
  if (name === undefined || others.length > 0 || !TEXTS.has(name.tag)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name.content);
  } catch {
    return undefined;
  }
}

type ExtensionFacts = Pick<Certificate, "authority" | "purpose" | "dnsNames" | "addresses">;

function readExtensions(field: DerElement | undefined): ExtensionFacts {
  const dnsNames: string[] = [];
  const addresses: Uint8Array[] = [];
  let authority = false;
  let purpose = { server: true, client: true };
  const list = field === undefined ? undefined : readerOf(field.content, SEQUENCE);
  const seen = new Set<string>();
  while (list !== undefined && !list.done) {
    const extension = new DerReader(list.next(SEQUENCE).content);
    const id = hex(extension.next(OID).content);
    extension.optional(BOOLEAN);
    const value = extension.next(OCTET_STRING).content;
    extension.end();
    if (seen.has(id)) throw new DerError("an extension occurs twice");
    seen.add(id);
    if (id === BASIC_CONSTRAINTS) {
      const flag = readerOf(value, SEQUENCE).optional(BOOLEAN);
      authority = flag !== undefined && flag.content[0] === 0xff;
    } else if (id === EXTENDED_KEY_USAGE) {
      const ids = new Set<string>();
      for (const uses = readerOf(value, SEQUENCE); !uses.done;) ids.add(hex(uses.next(OID).content));
      const any = ids.has(ANY_PURPOSE);
      purpose = { server: any || ids.has(PURPOSES.server), client: any || ids.has(PURPOSES.client) };
    } else if (id === SUBJECT_ALT_NAME) {
      for (const names = readerOf(value, SEQUENCE); !names.done;) {
        const name = names.next();
        if (name.tag === DNS_NAME) dnsNames.push(ascii(name.content));
        else if (name.tag === IP_ADDRESS) addresses.push(name.content);
      }
    }
  }
  return { authority, purpose, dnsNames, addresses };
}

/** UTCTime or GeneralizedTime, both to the second and in UTC (RFC 5280, 4.1.2.5). */
function time(element: DerElement): number {
  const text = ascii(element.content);
  const match = element.tag === 0x17
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
    : element.tag === 0x18
    ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
    : null;
  if (match === null) throw new DerError("a time is not in the form RFC 5280 asks for");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const full = element.tag === 0x18 ? year : year < 50 ? 2000 + year : 1900 + year;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

/** A serial number in one form, whatever it was written with. */
export function canonicalSerial(hex: string): string {
  return hex.replace(/[\s:]/g, "").toUpperCase().replace(/^0+(?=.)/, "");
}

function ascii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte >= 0x80) throw new DerError("a text is not ASCII");
    text += String.fromCharCode(byte);
  }
  return text;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
