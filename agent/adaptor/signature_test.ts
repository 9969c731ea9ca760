import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { checkSignature, signDigest } from "./signature.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

function keyPair(): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicPem: publicKey.export({ format: "pem", type: "spki" }).toString(),
  };
}

const author = keyPair();
const other = keyPair();

Deno.test("signature: what a key has signed is accepted by it, in either form, among others", async () => {
  const { signature, publicKey } = await signDigest(DIGEST, author.privatePem);
  await checkSignature(DIGEST, signature, [publicKey]);
  await checkSignature(DIGEST, signature, [other.publicPem, author.publicPem]);
});

Deno.test("signature: another key, another digest or a changed signature is refused, and so is none", async () => {
  const { signature, publicKey } = await signDigest(DIGEST, author.privatePem);
  const changed = Uint8Array.fromBase64(signature);
  changed[10]! ^= 1;
  const code = "ADAPTOR_SIGNATURE";
  await assert.rejects(checkSignature(DIGEST, signature, [other.publicPem]), { code });
  await assert.rejects(checkSignature(DIGEST.replace("ab", "ac"), signature, [publicKey]), { code });
  await assert.rejects(checkSignature(DIGEST, changed.toBase64(), [publicKey]), { code });
  await assert.rejects(checkSignature(DIGEST, undefined, [publicKey]), { code: "ADAPTOR_UNSIGNED" });
});

Deno.test("signature: a signature of the bare digest, made for something else, does not fit", async () => {
  const content = author.privatePem.replace(/-----[^-]+-----/g, "");
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.fromBase64(content), "Ed25519", false, ["sign"]);
  const bare = new Uint8Array(await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(DIGEST)));
  await assert.rejects(checkSignature(DIGEST, bare.toBase64(), [author.publicPem]), { code: "ADAPTOR_SIGNATURE" });
});

Deno.test("signature: what is not base64 is no signature", async () => {
  for (const text of ["8b5jFs0q==", "not base64!"]) {
    await assert.rejects(checkSignature(DIGEST, text, [author.publicPem]), { code: "ADAPTOR_SIGNATURE" });
  }
});

Deno.test("signature: a key of another kind, or none at all, is refused with what it should be", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pkcs8 = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const spki = publicKey.export({ format: "pem", type: "spki" }).toString();
  for (const pem of [pkcs8, "", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]) {
    await assert.rejects(signDigest(DIGEST, pem), { code: "ADAPTOR_KEY" });
  }
  const { signature } = await signDigest(DIGEST, author.privatePem);
  for (const key of [spki, "AAAA", "?"]) {
    await assert.rejects(checkSignature(DIGEST, signature, [key]), { code: "ADAPTOR_KEY" });
  }
});
