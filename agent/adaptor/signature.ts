/**
 * Signatures of plugins: Ed25519, detached, over the digest of the module. In: digest, signature, keys that are trusted.
 * What is signed begins with a text of its own, so that no signature made for something else fits.
 */

import { AdaptorError } from "./adaptor_error.ts";

const PURPOSE = "tendril adaptor v1";
const ALGORITHM = "Ed25519";

/**
 * Demands that `signature` (base64) is that of `digest` (`sha256:…`) by one of `keys`, each PEM or 32 octets in base64.
 * Throws ADAPTOR_UNSIGNED or ADAPTOR_SIGNATURE.
 */
export async function checkSignature(
  digest: string,
  signature: string | undefined,
  keys: readonly string[],
): Promise<void> {
  if (signature === undefined) {
    throw new AdaptorError(
      "ADAPTOR_UNSIGNED",
      "the module has no signature, and keys are named that it must be signed by",
      {
        hint: "Add spec.signature, or remove spec.keys to trust the digest alone.",
      },
    );
  }
  for (const key of keys) if (await isSignedBy(digest, signature, key)) return;
  throw new AdaptorError(
    "ADAPTOR_SIGNATURE",
    `the signature is not one of ${digest} by any of the ${keys.length} keys`,
    {
      hint: "Ask the plugin's author for the signature of this very version, and for the key.",
    },
  );
}

/** Whether `signature` (base64) is that of `digest` by `key`. Throws ADAPTOR_KEY. */
export async function isSignedBy(digest: string, signature: string, key: string): Promise<boolean> {
  const octets = signatureOctets(signature);
  const verifier = await publicKey(key);
  return octets !== undefined && await crypto.subtle.verify(ALGORITHM, verifier, octets, statement(digest));
}

/** Signs `digest` with the private key in `pem` (PKCS #8). Throws ADAPTOR_KEY. */
export async function signDigest(digest: string, pem: string): Promise<{ signature: string; publicKey: string }> {
  const key = await importKey("pkcs8", pem, "PRIVATE KEY");
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, statement(digest)));
  const { x } = await crypto.subtle.exportKey("jwk", key);
  const octets = Uint8Array.fromBase64(x ?? "", { alphabet: "base64url" });
  return { signature: signature.toBase64(), publicKey: octets.toBase64() };
}

/** Undefined for what is not base64, and so no signature of anything. */
function signatureOctets(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

function statement(digest: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${PURPOSE}\n${digest}\n`);
}

async function publicKey(text: string): Promise<CryptoKey> {
  if (text.includes("-----BEGIN")) return await importKey("spki", text, "PUBLIC KEY");
  try {
    return await crypto.subtle.importKey("raw", Uint8Array.fromBase64(text.trim()), ALGORITHM, false, ["verify"]);
  } catch (cause) {
    throw unusable("the public key is not 32 octets in base64", cause);
  }
}

async function importKey(format: "spki" | "pkcs8", pem: string, label: string): Promise<CryptoKey> {
  const content = new RegExp(`-----BEGIN ${label}-----([\\sA-Za-z0-9+/=]+)-----END ${label}-----`).exec(pem)?.[1];
  if (content === undefined) throw unusable(`there is no ${label} in PEM`);
  try {
    const isPrivate = format === "pkcs8";
    const octets = Uint8Array.fromBase64(content);
    return await crypto.subtle.importKey(format, octets, ALGORITHM, isPrivate, [isPrivate ? "sign" : "verify"]);
  } catch (cause) {
    throw unusable(`the ${label} is not one of Ed25519`, cause);
  }
}

function unusable(what: string, cause?: unknown): AdaptorError {
  return new AdaptorError("ADAPTOR_KEY", what, {
    cause,
    hint: "Make a key with `openssl genpkey -algorithm ed25519`.",
  });
}
