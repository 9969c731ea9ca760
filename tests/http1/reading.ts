/** What the adaptor's listener made of a request, in the form in which the oracle tells of it. */

import type { ReadRequest } from "../../agent/adaptor/testing_http1.ts";
import type { OracleRequest } from "../support/node_http.ts";

/** A request with its chunks taken apart; what they are was checked by the adaptor. */
export function asOracle({ head, body }: ReadRequest): OracleRequest {
  const property = (wanted: string) =>
    head.properties.find(([key]) => key.toLowerCase() === wanted)?.[1].value as string | undefined;
  return {
    method: head.subject ?? "",
    path: property(":path") ?? "",
    body: property("transfer-encoding") === undefined ? body : unchunked(body),
  };
}

function unchunked(body: string): string {
  let data = "";
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = parseInt(body.slice(at, lineEnd), 16);
    if (size === 0) break;
    data += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  return data;
}
