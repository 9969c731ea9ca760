/** Policy: who may link to a site, what it may offer and consume there, and which plugins are loaded; a kind of our own. */

import { z } from "zod";
import type { PolicyPeer, PolicyPlugin, PolicyRule, PolicySpec } from "../spec.ts";
import { adaptorDigest, publicKey } from "./adaptor.ts";
import { field, metadata, type ResourceKind, TENDRIL_API } from "./schema.ts";

const glob = z.string().min(1);
const FINGERPRINT = /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/;

/** As `openssl x509 -fingerprint -sha256` prints it, or without colons, or in lower case. */
const fingerprint = z.string().transform((text, context) => {
  const plain = text.replaceAll(":", "").toUpperCase();
  const told = plain.match(/../g)?.join(":") ?? "";
  if (plain.length === 64 && FINGERPRINT.test(told)) return told;
  context.addIssue({ code: "custom", message: "must be a SHA-256 fingerprint, 64 hexadecimal digits" });
  return z.NEVER;
});

// Unknown fields are refused: a misspelt one would leave open what was meant to be shut.
const peer = z.strictObject({
  commonName: field(glob.optional(), "acting", "Common name of its certificate"),
  site: field(glob.optional(), "acting", "Name that it gives itself, where its certificate has the same common name"),
  fingerprint: field(fingerprint.optional(), "acting", "SHA-256 of its certificate"),
}).refine((peer) => Object.keys(peer).length > 0, "must have commonName, site or fingerprint")
  .transform((peer) => peer as PolicyPeer);

const plugin = z.strictObject({
  name: field(glob.optional(), "acting", "Name of the Adaptor"),
  source: field(glob.optional(), "acting", "Its spec.source"),
  sha256: field(adaptorDigest.optional(), "acting", "SHA-256 of the module"),
  signer: field(publicKey.optional(), "acting", "Ed25519 public key by which it is signed"),
}).refine((plugin) => Object.keys(plugin).length > 0, "must have name, source, sha256 or signer")
  .transform((plugin) => plugin as PolicyPlugin);

const rule = z.strictObject({
  name: field(glob.optional(), "acting", "What explanations call the rule; else its number"),
  peers: field(z.array(peer).min(1).optional(), "acting", "Whom it is for; else for all, also without a certificate"),
  effect: field(z.enum(["allow", "deny"]).default("allow"), "acting", "What it does with what it names; else allow"),
  link: field(
    z.array(z.enum(["edge", "inter-router", "client"])).default([]),
    "acting",
    "Roles in which the peer links: edge, inter-router, client",
  ),
  offer: field(z.array(glob).default([]), "acting", "Routing keys that the peer serves; * stands for any characters"),
  consume: field(z.array(glob).default([]), "acting", "Routing keys that the peer sends to, in the same way"),
  manage: field(z.boolean().optional(), "acting", "The rule is about changing this router by AMQP management"),
  push: field(z.boolean().optional(), "acting", "The rule is about storing plugins, which nobody may without one"),
  load: field(
    z.array(plugin).default([]),
    "acting",
    "Plugins that the peer fetches from here, or without peers also those of this site's own Adaptors",
  ),
}).refine(
  ({ link, offer, consume, manage, push, load }) =>
    link.length + offer.length + consume.length + load.length > 0 || manage === true || push === true,
  "must have at least one of link, offer, consume, manage, push and load",
).refine(
  ({ peers, load }) => peers === undefined || load.every((plugin) => Object.keys(plugin).join() === "sha256"),
  { path: ["load"], message: "must have sha256 alone beside peers: nothing else is known of what they fetch" },
);

const schema = z.looseObject({
  metadata,
  spec: z.strictObject({
    default: field(
      z.enum(["allow", "deny"]).default("allow"),
      "acting",
      "What holds for what no rule names; else allow",
    ),
    rules: field(z.array(rule).default([]), "acting", "The first one that names something decides"),
  }).transform((spec): Omit<PolicySpec, "name"> => ({
    default: spec.default,
    rules: spec.rules.map(({ name, peers, manage, push, load, ...rest }, at): PolicyRule => ({
      name: name ?? `rule ${at + 1}`,
      ...rest,
      ...(manage === true ? { manage } : {}),
      ...(push === true ? { push } : {}),
      ...(load.length === 0 ? {} : { load }),
      ...(peers === undefined ? {} : { peers }),
    })),
  })),
});

/** See the head of the file. */
export const policyKind: ResourceKind<typeof schema> = {
  kind: "Policy",
  apiVersion: TENDRIL_API,
  schema,
  summary:
    "Who may link to this site in which role, offer and consume which routing keys there, and load which plugins.",
  hint:
    "A Policy has spec.default, allow or deny, and spec.rules, each with link, offer, consume, manage, push or load.",
};
