/**
 * Which names of Secrets a site has taken. A link comes with a Secret whose name somebody else chose, who knows nothing of
 * the names here: the site's own certificate or authority must not become that of a link.
 */

import { TendrilError } from "../../lib/errors.ts";
import { factsOf } from "../../pki/inspect.ts";
import { type ResourceDocument, scanDocuments } from "../documents.ts";
import { impliedAccess, SERVICE_CA, SITE_CA } from "../port_access.ts";
import { shown } from "../problems.ts";
import { certificateKind } from "../resources/certificate.ts";
import { linkKind, PROXY_SETTING } from "../resources/link.ts";
import { routerAccessKind } from "../resources/router_access.ts";
import { secretKind } from "../resources/secret.ts";
import { type SecretValues, secretValues } from "../secrets.ts";
import { isSame } from "./edit.ts";
import { readFolder } from "./folder.ts";
import { readGivenSecrets } from "./given_secrets.ts";

/** Room for what tells names apart. */
const NAME_MAX = 240;

/**
 * Throws SITE_SECRET_USED when one of the Secrets in `put` that come with a Link, or one of `all` of them, would be another
 * one for something in `there` that is not in `put` itself, or is an authority there.
 */
export function refuseTakenSecrets(
  there: readonly ResourceDocument[],
  put: readonly ResourceDocument[],
  all = false,
): void {
  const links = put.filter(({ kind }) => kind === linkKind.kind);
  const secrets = put.filter((document) =>
    isSecret(document) && (all || links.some((link) => secretsOf(link).includes(document.name)))
  );
  if (secrets.length === 0) return;
  const others = there.filter((one) => !put.some((other) => one.kind === other.kind && one.name === other.name));
  for (const secret of secrets) {
    const { name } = secret;
    const known = there.filter((document) => isSecret(document) && document.name === name);
    if (known.length > 0 && known.every((document) => isSame(document, secret) || haveSameValues(document, secret))) {
      continue;
    }
    // Links may share one: only a stranger's file is not to change that of another link.
    const users = all ? others : others.filter(({ kind }) => kind !== linkKind.kind);
    const user = userOf(name, users) ?? (known.some(isAuthority) ? "the site, as an authority," : undefined);
    if (user === undefined) continue;
    throw new TendrilError("SITE_SECRET_USED", `Secret ${shown(name)} can't be that of a link: ${user} uses one`, {
      hint: "Have the other site make a link of another name, with `tendril link generate --name OTHER`.",
    });
  }
}

/** The resources of the site in `dir`, and what it is given as files. Throws SITE_FOLDER. */
export async function resourcesIn(dir: string): Promise<ResourceDocument[]> {
  const { files } = await readFolder(dir);
  const reads = [...files].map(([name, text]) => scanDocuments(text, `${dir}/${name}`));
  return [...reads, ...await readGivenSecrets(dir)].flatMap(({ documents }) => documents);
}

/** A name for a new Secret beside `documents`: `wanted`, or one that begins like it. */
export function freeSecretName(documents: readonly ResourceDocument[], wanted: string): string {
  for (let number = 0;; number++) {
    const name = number === 0 ? wanted : `${wanted.slice(0, NAME_MAX).replace(/[-.]+$/, "")}-${number}`;
    const isThere = documents.some((document) => isSecret(document) && document.name === name);
    if (!isThere && userOf(name, documents) === undefined) return name;
  }
}

/** Which of `documents` uses the Secret `name`, there or yet to be made; undefined for none. */
function userOf(name: string, documents: readonly ResourceDocument[]): string | undefined {
  if (name === SITE_CA || name === SERVICE_CA) return "the site, as an authority,";
  const user = [...documents, ...impliedAccess(documents)].find((document) => secretsOf(document).includes(name));
  return user === undefined ? undefined : `${user.kind} ${shown(user.name)}`;
}

/** The Secrets that a resource names, and the one that it means where it names none. */
function secretsOf({ kind, name, value }: ResourceDocument): unknown[] {
  const { tlsCredentials, issuer, defaultIssuer, ca, settings } = fieldsOf(value["spec"]);
  const named = [tlsCredentials, issuer, defaultIssuer, fieldsOf(settings)[PROXY_SETTING]];
  if (kind === certificateKind.kind) return [...named, name, ca];
  return kind === routerAccessKind.kind && !tlsCredentials ? [...named, name] : named;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function isSecret({ kind }: ResourceDocument): boolean {
  return kind === secretKind.kind;
}

function isAuthority(secret: ResourceDocument): boolean {
  try {
    return factsOf(valuesOf(secret).get("tls.crt") ?? "").authority;
  } catch {
    return false; // No certificate: whoever uses it complains.
  }
}

function haveSameValues(one: ResourceDocument, other: ResourceDocument): boolean {
  try {
    const [values, others] = [valuesOf(one), valuesOf(other)];
    return values.size === others.size && [...values].every(([key, value]) => others.get(key) === value);
  } catch {
    return false; // One of them can't be read.
  }
}

function valuesOf({ value }: ResourceDocument): SecretValues {
  const { data, stringData } = secretKind.schema.parse(value);
  return secretValues(data, stringData, "");
}
