/** Answers that a listener gives itself: like those of the adaptors they name their site, in `Proxy-Status` (RFC 9209) and in words. */

import type { MessageHead, PropertyValue } from "../../adaptor/action.ts";
import { plain } from "../adaptor_config.ts";

/** What is answered, and why. */
export interface LocalAnswer {
  /** The status. */
  readonly status: number;
  /** A type of RFC 9209, section 2.3. */
  readonly error:
    | "destination_unavailable"
    | "connection_terminated"
    | "http_response_timeout"
    | "http_request_denied"
    | "proxy_internal_response";
  /** The reason in words: visible ASCII without quotes. */
  readonly why: string;
}

/** Who answers. */
export interface Answerer {
  /** Id of the router. */
  readonly site: string;
  /** Name of the HttpRoute. */
  readonly route: string;
  /** Name of its rule. */
  readonly rule: string;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  410: "Gone",
  429: "Too Many Requests",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The statuses that a rule may answer with. */
export const ANSWER_STATUSES: readonly number[] = Object.keys(REASONS).map(Number);

/** The message that says `answer` to a request of `method`. */
export function localMessage(
  { status, error, why }: LocalAnswer,
  { site, route, rule }: Answerer,
  method: string,
): { readonly head: MessageHead; readonly body: Uint8Array } {
  const reason = REASONS[status] ?? "";
  const body = new TextEncoder().encode(
    `${status} ${reason}: ${why}.\nSaid by the Tendril listener of site "${plain(site)}" for HttpRoute "${route}", ` +
      `rule "${rule}".\n`,
  );
  const field = (name: string, value: string): [string, PropertyValue] => [name, { type: "field", value }];
  const properties: [string, PropertyValue][] = [
    [":version", { type: "string", value: "1.1" }],
    [":reason", { type: "string", value: reason }],
    field("Proxy-Status", `"${plain(site)}"; error=${error}; details="${why}"`),
    field("Content-Type", "text/plain"),
    field("Content-Length", `${body.length}`),
  ];
  const head = { contentType: "", subject: `${status}`, properties };
  return { head, body: method === "HEAD" ? new Uint8Array(0) : body };
}
