/** Redeems tokens at Tendril and Skupper sites (control-plane 1.15, 1.16): a token in, links with credentials out. */

import { TendrilError } from "../../lib/errors.ts";
import { readCredentials } from "../../transport/credentials.ts";
import { type HttpsAnswer, requestHttps } from "../../transport/http_client.ts";
import { linkYaml, parseLinkFile, secretYaml } from "../link_file.ts";
import type { LinkSpec } from "../spec.ts";
import { parseToken, type RedeemableToken, type Token } from "./token_file.ts";

/** For connecting, and again for the exchange, in ms: as long as Skupper waits. */
const TIMEOUT_MS = 10_000;
/** Largest answer, in octets; real ones have less than 20,000. */
const MAX_ANSWER = 256 * 1024;

/** What a token became. */
export interface Redeemed {
  /** Name of the Secret, and of the first Link. */
  readonly name: string;
  /** At least one. */
  readonly links: readonly LinkSpec[];
}

/**
 * Redeems `token` for the site `subject`. A use is spent as soon as the other site has answered. Throws a `TOKEN_*`
 * error that says why not.
 */
export async function redeemToken(token: Token, subject: string): Promise<Redeemed> {
  if (token.kind === "certificate") return { name: token.name, links: [token.link] };
  const answer = await post(token, subject).catch((error) => Promise.reject(unreached(token, error)));
  if (answer.status !== 200) throw refused(answer);
  try {
    const links = linksOf(token, answer.text);
    for (const { tls } of links) readCredentials(tls);
    const cost = token.cost;
    return { name: token.name, links: cost === undefined ? links : links.map((link) => ({ ...link, cost })) };
  } catch (error) {
    if (!(error instanceof TendrilError)) throw error;
    throw new TendrilError("TOKEN_ANSWER", "the other site accepted the token, but its answer is not a usable link", {
      cause: error,
      hint: "See the log of the other site, and have another token issued: this use is spent.",
    });
  }
}

/** The links as a link file: one Secret, then the Links. */
export function redeemedYaml({ name, links }: Redeemed): string {
  const [first] = links;
  return links.reduce(
    (text, link) => text + linkYaml(link, name),
    first === undefined ? "" : secretYaml(name, first.tls),
  );
}

function linksOf(token: RedeemableToken, text: string): readonly LinkSpec[] {
  const file = "the answer";
  if (token.kind === "access-token") return parseLinkFile(text, file);
  const made = parseToken(text, file);
  if (made.kind === "certificate") return [{ ...made.link, name: token.name }];
  throw new TendrilError("SITE_INVALID", "the answer is no connection token");
}

async function post(token: RedeemableToken, subject: string): Promise<HttpsAnswer> {
  const url = new URL(token.url);
  const claim = token.kind === "claim";
  if (claim) url.searchParams.set("site-version", token.siteVersion ?? "");
  const headers: Record<string, string> = claim ? { "skupper-site-name": subject } : { name: token.name, subject };
  const body = new TextEncoder().encode(token.code);
  return await requestHttps({
    url,
    ca: token.ca,
    method: "POST",
    headers,
    body,
    maxBody: MAX_ANSWER,
    timeoutMs: TIMEOUT_MS,
  });
}

/** Why the other site was not asked. */
function unreached({ url }: RedeemableToken, cause: unknown): unknown {
  if (!(cause instanceof TendrilError)) return cause;
  const failed = (code: string, message: string, hint: string) => new TendrilError(code, message, { cause, hint });
  switch (cause.code) {
    case "LINK_TLS_NOT_YET_VALID":
    case "LINK_TLS_EXPIRED":
      return failed(
        "TOKEN_CLOCK",
        `the certificate of ${url.host} is not valid at the time of this machine, ${new Date().toISOString()}`,
        "Set the clocks of both machines; if they are right, have another token issued.",
      );
    case "LINK_TLS_CREDENTIALS":
      return failed("TOKEN_CA", "the CA certificate in the token can't be read", "Copy the token file anew, whole.");
    case "LINK_TLS_NAME":
      return failed(
        "TOKEN_HOST",
        `${url.host} has a certificate for another name`,
        "Have the token issued with --grant-host and the name by which this machine reaches the site.",
      );
    case "HTTP_ANSWER":
      return failed(
        "TOKEN_ANSWER",
        `${url.host} gave no answer that can be read, and may have counted a use all the same`,
        "Check what listens there and see its log; try again, or have another token issued.",
      );
    case "LINK_PERMISSION":
      return cause;
    default:
      return cause.code.startsWith("LINK_TLS_")
        ? failed(
          "TOKEN_CA",
          `${url.host} is not the site that issued the token: its certificate is not of the token's CA`,
          "Check what listens there; have another token issued if that site was made anew.",
        )
        : failed(
          "TOKEN_UNREACHABLE",
          `the site that issued the token can't be reached at ${url.host}`,
          "Check that it runs, and that this port is open from here; the token is still unused.",
        );
  }
}

/** Tendril's codes in an answer, else what Skupper's status means. */
function refused({ status, text }: HttpsAnswer): TendrilError {
  const reason = text.trim().slice(0, 300);
  const said = /\[(GRANT_[A-Z_]+)\]/.exec(reason)?.[1];
  const failed = (code: string, message: string, hint: string) =>
    new TendrilError(code, message, { cause: `the other site answered ${status}: ${reason || "nothing more"}`, hint });
  const another = "Have another token issued.";
  if (said === "GRANT_EXPIRED") return failed("TOKEN_EXPIRED", "the token has expired", another);
  if (said === "GRANT_USED_UP" || (status === 404 && /no such access granted/i.test(reason))) {
    return failed("TOKEN_USED_UP", "the token was redeemed as often as it allows", another);
  }
  if (status === 403) {
    return failed(
      "TOKEN_CODE",
      "the other site says that the code of the token is wrong",
      "Copy the token file anew, whole.",
    );
  }
  if (status === 404) {
    return failed("TOKEN_UNKNOWN", "the other site does not know the token, or it has expired", another);
  }
  if (status === 429) {
    return failed(
      "TOKEN_RATE",
      "the other site has had too many failed attempts from here",
      "Wait a minute, then try again.",
    );
  }
  return failed("TOKEN_REFUSED", "the other site could not redeem the token", "See the log of the other site.");
}
