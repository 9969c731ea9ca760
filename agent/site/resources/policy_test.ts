import assert from "node:assert/strict";
import { assemble, type Assembled } from "../assemble.ts";
import { scanDocuments } from "../documents.ts";

function read(spec: string): Assembled {
  const text = `apiVersion: tendril.dev/v1alpha1\nkind: Policy\nmetadata: {name: p}\nspec: ${spec}\n`;
  return assemble([scanDocuments(text, "policy.yaml")]);
}

Deno.test("policy: fingerprints are read in each form that tools print, and what is not said has its default", () => {
  const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
  for (const told of ["ab".repeat(32), fingerprint]) {
    const { policies } = read(`{default: deny, rules: [{peers: [{fingerprint: "${told}"}], offer: [web]}]}`);
    assert.deepEqual(policies, [{
      name: "p",
      default: "deny",
      rules: [{ name: "rule 1", effect: "allow", peers: [{ fingerprint }], link: [], offer: ["web"], consume: [] }],
    }]);
  }
});

/** The public key `spki`, as it stands in a text in double quotes. */
function pem(spki: Uint8Array): string {
  return `-----BEGIN PUBLIC KEY-----\\n${spki.toBase64()}\\n-----END PUBLIC KEY-----\\n`;
}

const [ED25519, P256] = await Promise.all(
  ["Ed25519", { name: "ECDSA", namedCurve: "P-256" }].map(async (algorithm) => {
    const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
    return new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  }),
) as [Uint8Array, Uint8Array];

Deno.test("policy: a signer is an Ed25519 key in PEM", () => {
  assert.deepEqual(read(`{rules: [{load: [{signer: "${pem(ED25519)}"}]}]}`).problems, []);
});

Deno.test("policy: what is wrong is said where it stands", () => {
  for (
    const [spec, fault] of [
      ["{default: no}", /spec.default must be allow or deny/],
      ["{defualt: deny}", /spec has no field defualt/],
      ["{rules: [{ofer: [web]}]}", /spec.rules.0 has no field ofer/],
      ["{rules: [{peers: [{site: a}]}]}", /must have at least one of link, offer, consume, manage, push and load/],
      ["{rules: [{load: [{}]}]}", /must have name, source, sha256 or signer/],
      ["{rules: [{load: [{sha256: AB}]}]}", /load.0.sha256 must be sha256: and 64/],
      ["{rules: [{load: [{signer: AB}]}]}", /load.0.signer must be an Ed25519 key/],
      [`{rules: [{load: [{signer: "${pem(P256)}"}]}]}`, /load.0.signer must be an Ed25519 key/],
      [`{rules: [{load: [{signer: "${pem(ED25519.slice(0, -1))}"}]}]}`, /load.0.signer must be an Ed25519 key/],
      ["{rules: [{peers: [{site: a}], load: [{name: a}]}]}", /load must have sha256 alone beside peers/],
      ["{rules: [{peers: [], offer: [a]}]}", /spec.rules.0.peers must not be empty/],
      ["{rules: [{peers: [{}], offer: [a]}]}", /must have commonName, site or fingerprint/],
      ["{rules: [{peers: [{fingerprint: AB:CD}], offer: [a]}]}", /must be a SHA-256 fingerprint/],
      ["{rules: [{link: [router]}]}", /link.0 must be edge or inter-router or client/],
    ] as const
  ) {
    const { problems } = read(spec);
    assert.match(String(problems[0]), fault);
    assert.match(String(problems[0]), /^policy\.yaml:4:\d+ /);
  }
});
