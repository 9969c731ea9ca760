/**
 * Token files in every form that Skupper's tools write (control-plane 1.14, 1.16): the AccessToken of version 2, and of
 * version 1 the claim, which is redeemed as well, and the certificate token, which is a link already.
 */

import { TendrilError } from "../../lib/errors.ts";
import { assemble } from "../assemble.ts";
import { title } from "../check.ts";
import { type ResourceDocument, scanDocuments } from "../documents.ts";
import { Problem, problemsError } from "../problems.ts";
import { accessTokenKind, redeemUrl } from "../resources/access_token.ts";
import { host as hostSchema, port as portSchema } from "../resources/schema.ts";
import { type SecretValues, tlsCredentials } from "../secrets.ts";
import type { LinkSpec } from "../spec.ts";

/** A token that has to be redeemed. */
export interface RedeemableToken {
  /** Which protocol redeems it. */
  readonly kind: "access-token" | "claim";
  /** Of the link that comes out of it. */
  readonly name: string;
  /** Where it is redeemed; always https. */
  readonly url: URL;
  /** The secret. */
  readonly code: string;
  /** The only CA that may vouch for the server, PEM. */
  readonly ca: string;
  /** Cost of the link, if the token says one. */
  readonly cost: number | undefined;
  /** When it expires, as it says itself: only claims do. */
  readonly expires: string | undefined;
  /** Version of the site that issued it: only claims say. */
  readonly siteVersion: string | undefined;
}

/** What a token file holds. */
export type Token = RedeemableToken | {
  /** No redemption is needed. */
  readonly kind: "certificate";
  /** Of the link. */
  readonly name: string;
  /** The link itself. */
  readonly link: LinkSpec;
};

const TYPE = "skupper.io/type";

/**
 * Reads a token file; `fileName` is how messages name it. Throws SITE_SYNTAX, SITE_TOO_LARGE, SITE_SECRET or
 * SITE_INVALID, none of which shows the code.
 */
export function parseToken(text: string, fileName: string): Token {
  const scanned = scanDocuments(text, fileName);
  const problems = [...scanned.problems];
  const tokens = scanned.documents.flatMap((document) => readToken(document, scanned.documents, problems) ?? []);
  if (problems.length > 0) throw problemsError(`${fileName} can't be used as a token`, problems);
  const [token, another] = tokens;
  if (token !== undefined && another === undefined) return token;
  const what = token === undefined ? "is not a token: there is no AccessToken in it" : "holds several tokens";
  throw new TendrilError("SITE_INVALID", `${fileName} ${what}`, {
    hint: token === undefined && scanned.documents.some(({ kind }) => kind === "Link")
      ? "It is a link file: use it with --link, or put it into the site's folder."
      : "Make one with 'tendril token issue' or 'skupper token issue'.",
  });
}

function readToken(
  document: ResourceDocument,
  all: readonly ResourceDocument[],
  problems: Problem[],
): Token | undefined {
  if (document.kind === "AccessToken") {
    if (document.apiVersion !== accessTokenKind.apiVersion) {
      const what = `${document.at(["apiVersion"])}: ${title(document.kind, document)} is of another apiVersion`;
      problems.push(new Problem("SITE_INVALID", what, `Write apiVersion: ${accessTokenKind.apiVersion}.`));
      return undefined;
    }
    const { tokens: [token], problems: faults } = assemble([{ documents: [document], problems: [] }]);
    problems.push(...faults);
    return token;
  }
  const type = document.kind === "Secret" ? textAt(document, "labels", TYPE) : undefined;
  if (type !== "token-claim" && type !== "connection-token") return undefined;
  const { secrets, problems: faults } = assemble([{
    documents: all.filter((each) => each === document),
    problems: [],
  }]);
  problems.push(...faults);
  const values = secrets.get(document.name);
  if (values === undefined) return undefined;
  return type === "token-claim" ? claim(document, values, problems) : certificate(document, values, problems);
}

function claim(document: ResourceDocument, values: SecretValues, problems: Problem[]): Token | undefined {
  const annotation = (key: string) => textAt(document, "annotations", `skupper.io/${key}`);
  const url = redeemUrl.safeParse(annotation("url"));
  const [code, ca] = [values.get("password"), values.get("ca.crt")];
  if (!url.success || code === undefined || code === "" || ca === undefined || ca === "") {
    const what = url.success ? "has no password or ca.crt" : "has no annotation skupper.io/url with an https URL";
    problems.push(fault(document, `the claim ${what}`));
    return undefined;
  }
  return {
    kind: "claim",
    name: document.name,
    url: new URL(url.data),
    code,
    ca,
    cost: costOf(annotation("cost")),
    expires: annotation("claim-expiration"),
    siteVersion: annotation("site-version"),
  };
}

/** The link in a connection token of version 1, which is also what redeeming a claim gives. */
function certificate(document: ResourceDocument, values: SecretValues, problems: Problem[]): Token | undefined {
  const endpoints = (["inter-router", "edge"] as const).flatMap((role) => {
    const host = hostSchema.safeParse(textAt(document, "annotations", `${role}-host`));
    const port = portSchema.safeParse(textAt(document, "annotations", `${role}-port`));
    return host.success && port.success ? [{ role, host: host.data, port: port.data, group: "" }] : [];
  });
  if (endpoints.length === 0) {
    problems.push(fault(document, "the token has no annotations edge-host and edge-port, or inter-router ones"));
    return undefined;
  }
  try {
    const tls = tlsCredentials(values, `${document.at(["data"])}: ${title("Secret", document)}`);
    const cost = costOf(textAt(document, "annotations", "skupper.io/cost")) ?? 1;
    const link = { name: document.name, cost, measured: false, endpoints, tls, websocket: false };
    return { kind: "certificate", name: document.name, link };
  } catch (error) {
    if (!(error instanceof TendrilError)) throw error;
    problems.push(new Problem("SITE_SECRET", error.message, error.hint ?? ""));
    return undefined;
  }
}

function costOf(text: string | undefined): number | undefined {
  const cost = Number(text);
  return Number.isInteger(cost) && cost > 0 ? cost : undefined;
}

function textAt({ value: { metadata } }: ResourceDocument, map: "labels" | "annotations", key: string) {
  const entries = (metadata as Readonly<Record<string, unknown>> | null | undefined)?.[map];
  const value = typeof entries === "object" && entries !== null && Object.hasOwn(entries, key)
    ? Reflect.get(entries, key)
    : undefined;
  return typeof value === "string" ? value : undefined;
}

function fault(document: ResourceDocument, what: string): Problem {
  return new Problem(
    "SITE_INVALID",
    `${document.at(["metadata"])}: ${title("Secret", document)}: ${what}`,
    "Get a new token.",
  );
}
