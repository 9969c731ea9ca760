/** Whether a request fits the conditions of a rule. */

import { matchesGlob } from "../../lib/glob.ts";
import type { HttpMatch, PathMatch, TextMatch } from "../../site/http_route_spec.ts";
import type { RequestView } from "./request_view.ts";

/** The match of `matches` that `request` fits; undefined for none. */
export function fittingMatch(matches: readonly HttpMatch[], request: RequestView): HttpMatch | undefined {
  return matches.find((match) => fits(match, request));
}

function fits({ host, path, method, headers, queryParams }: HttpMatch, request: RequestView): boolean {
  return (method === undefined || method === request.method) &&
    (host === undefined || fitsHost(host, request.host)) &&
    (path === undefined || fitsPath(path, request.path)) &&
    headers.every((header) => request.someField(header.name, (value) => fitsText(header, value))) &&
    queryParams.every((param) => request.someParam(param.name, (value) => fitsText(param, value)));
}

function fitsHost(wanted: string, host: string): boolean {
  return wanted.startsWith("*.") ? host.length > wanted.length - 1 && host.endsWith(wanted.slice(1)) : host === wanted;
}

function fitsPath({ type, value }: PathMatch, path: string): boolean {
  switch (type) {
    case "Exact":
      return path === value;
    case "Pattern":
      return matchesGlob(value, path);
    case "PathPrefix": {
      const prefix = withoutSlash(value);
      return path.startsWith(prefix) && (path.length === prefix.length ? prefix !== "" : path[prefix.length] === "/");
    }
  }
}

function fitsText({ type, value }: TextMatch, given: string): boolean {
  return type === "Present" || (type === "Exact" ? given === value : matchesGlob(value, given));
}

/** A prefix as it is compared: whole segments, whether or not it ends with a slash. */
export function withoutSlash(prefix: string): string {
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}
