/** Adaptor: a plugin that Listeners and Connectors name as their `type` (design 4). A kind of Tendril's own. */

import { z } from "zod";
import { PROTOCOLS } from "../spec.ts";
import { field, metadata, name, optionalText, type ResourceKind, TENDRIL_API } from "./schema.ts";

/** Names that no plugin may have: those that mean adaptors that are built in. */
const RESERVED: readonly string[] = PROTOCOLS;

const FILE = "file:";
/** A name after it is for people: what is fetched is what the digest says. */
const VAN = /^van:[a-z][a-z0-9-]{0,62}$/;
const SHA256 = /^(?:sha256:)?([0-9a-f]{64})$/;
const SIGNATURE_OCTETS = 64;
const KEY_OCTETS = 32;
const MAX_KEYS = 16;
const PEM_KEY = /^-----BEGIN PUBLIC KEY-----([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----\s*$/;
/** What stands before the octets of such a key in PEM (RFC 8410, 4). */
const KEY_PREFIX = "302a300506032b6570032100";

/** Where a plugin may come from. */
export const adaptorSource = z.string().refine(
  (text) => isInFolder(text) || VAN.test(text) || (URL.canParse(text) && new URL(text).protocol === "https:"),
  "must be file:PATH, with a path inside the site's folder, van:NAME, or a URL that begins with https://",
);

function isInFolder(text: string): boolean {
  const path = text.slice(FILE.length);
  return text.startsWith(FILE) && path !== "" && !path.startsWith("/") && !path.split("/").includes("..");
}

/** A digest, with or without `sha256:`; with it afterwards. */
export const adaptorDigest = z.string().regex(SHA256, "must be sha256: and 64 lower-case hexadecimal digits")
  .transform((text) => `sha256:${SHA256.exec(text)![1]}`);

/** Undefined for what is not base64. */
function octetsOf(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text.trim());
  } catch {
    return undefined;
  }
}

function isKey(text: string): boolean {
  const pem = PEM_KEY.exec(text)?.[1];
  if (pem === undefined) return octetsOf(text)?.length === KEY_OCTETS;
  const hex = octetsOf(pem)?.toHex() ?? "";
  return hex.startsWith(KEY_PREFIX) && hex.length === KEY_PREFIX.length + KEY_OCTETS * 2;
}

/** An Ed25519 public key. */
export const publicKey = z.string().refine(isKey, "must be an Ed25519 key: a PEM text, or 32 octets in base64");

const bounded = (min: number, max: number) => z.number().int().min(min).max(max).optional();

const limits = z.strictObject({
  moduleOctets: field(bounded(1, 16 * 1024 * 1024), "acting", "Octets of the module, else 1 MiB"),
  memoryPages: field(bounded(1, 1024), "acting", "Pages of 64 KiB that each connection may use, else 16"),
  fuel: field(bounded(100_000, 1_000_000_000), "acting", "Instructions for one input, else 40,000,000"),
  outputOctets: field(bounded(4096, 4 * 1024 * 1024), "acting", "Octets of output for one input, else 256 KiB"),
});

const canary = z.strictObject({
  share: field(
    z.number().int().min(1).max(99).default(10),
    "acting",
    "Of 100 new connections those that get it, else 10",
  ),
  connections: field(
    z.number().int().min(1).max(1_000_000).default(100),
    "acting",
    "Connections that must have ended before all get it, else 100",
  ),
  failures: field(
    z.number().int().min(0).max(99).default(5),
    "acting",
    "Of 100 of those the most that may fail, else 5",
  ),
});

const schema = z.looseObject({
  metadata: metadata.extend({
    name: field(
      name.refine((text) => !RESERVED.includes(text), `must not be one of ${RESERVED.join(", ")}`),
      "acting",
      "What Listeners and Connectors write as their type",
    ),
  }),
  spec: z.looseObject({
    source: field(
      adaptorSource,
      "acting",
      "Where the module is: file:PATH in the site's folder, an https:// URL, or van:NAME in a plugin store of the network",
    ),
    sha256: field(
      adaptorDigest.nullish().transform((digest) => digest ?? undefined),
      "acting",
      "SHA-256 that the module must have; required unless it is a file",
    ),
    signature: field(
      z.string().refine((text) => octetsOf(text)?.length === SIGNATURE_OCTETS, "must be 64 octets in base64").nullish()
        .transform((text) => text?.trim()),
      "acting",
      "Signature of the module, as tendril adaptor sign prints it",
    ),
    keys: field(
      z.array(publicKey).max(MAX_KEYS).nullish().transform((keys) => keys ?? []),
      "acting",
      "Ed25519 public keys by one of which it must be signed; none: it need not be",
    ),
    ca: field(optionalText, "acting", "PEM of an authority that may vouch for the server, besides the public ones"),
    limits: field(limits.nullish().transform((given) => given ?? {}), "acting", "What it may use, where that differs"),
    canary: field(
      canary.nullish().transform((given) => given ?? undefined),
      "acting",
      "How another version is tried while the old one serves; without it all new connections get it at once",
    ),
  }).superRefine(({ source, sha256, signature, keys }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (/^(https|van):/.test(source) && sha256 === undefined) {
      issue("sha256", "is required unless the source is a file");
    }
    if (signature !== undefined && keys.length === 0) issue("keys", "is required with a signature");
  }),
});

/** See the head of the file. */
export const adaptorKind: ResourceKind<typeof schema> = {
  kind: "Adaptor",
  apiVersion: TENDRIL_API,
  schema,
  hint: "An Adaptor has spec.source and, unless that is a file, spec.sha256; see docs/adaptors.md.",
  summary: "A plugin that Listeners and Connectors name as their type; a kind of Tendril's own.",
};
