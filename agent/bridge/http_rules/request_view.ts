/**
 * A request as rules see it, read from the head of its message (`docs/decisions/0009-http-requests-are-messages.md`). The
 * path is compared in the normal form of RFC 3986, 6.2.2, so that another spelling is no way around a rule.
 */

import type { MessageHead } from "../../adaptor/action.ts";

const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** See the head of the file. */
export class RequestView {
  /** As it came. */
  readonly head: MessageHead;
  /** The method. */
  readonly method: string;
  /** Path in normal form, without the query; empty for a target that has none (`*`, CONNECT). */
  readonly path: string;
  /** What follows the first `?` of the target, that included; empty for none. */
  readonly query: string;
  /** Lower case, without a port; empty for none. */
  readonly host: string;
  #params: URLSearchParams | undefined;

  /** Reads `head`. */
  constructor(head: MessageHead) {
    this.head = head;
    this.method = head.subject ?? "";
    const target = originForm(targetOf(head));
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    this.path = path.startsWith("/") ? normalPath(path) : "";
    this.query = mark < 0 ? "" : target.slice(mark);
    this.host = hostName(fieldOf(head, "host") ?? "");
  }

  /** Whether a field of that name, in lower case, has a value that `test` holds for. */
  someField(name: string, test: (value: string) => boolean): boolean {
    return this.head.properties.some(([key, { type, value }]) =>
      type === "field" && key.length === name.length && key.toLowerCase() === name && test(value)
    );
  }

  /** Whether a parameter of the query of that name has a value that `test` holds for. */
  someParam(name: string, test: (value: string) => boolean): boolean {
    this.#params ??= new URLSearchParams(this.query);
    return this.#params.getAll(name).some(test);
  }
}

/** The target as the client wrote it. */
export function targetOf(head: MessageHead): string {
  for (const [key, { type, value }] of head.properties) if (key === ":path" && type === "string") return value;
  return "";
}

/** The first field of a name in lower case. */
export function fieldOf(head: MessageHead, name: string): string | undefined {
  for (const [key, { type, value }] of head.properties) {
    if (type === "field" && key.length === name.length && key.toLowerCase() === name) return value;
  }
  return undefined;
}

/** A target in absolute form without its scheme and authority; others as they are. */
export function originForm(target: string): string {
  const scheme = /^https?:\/\//i.exec(target);
  if (scheme === null) return target;
  const rest = target.slice(scheme[0].length);
  const end = rest.search(/[/?]/);
  if (end < 0) return "/";
  return rest[end] === "?" ? `/${rest.slice(end)}` : rest.slice(end);
}

/** An absolute `path` with what need not be encoded decoded, digits of encodings in upper case, and no dot segments. */
export function normalPath(path: string): string {
  const decoded = !path.includes("%") ? path : path.replace(/%([0-9A-Fa-f]{2})/g, (code, digits: string) => {
    const char = String.fromCharCode(parseInt(digits, 16));
    return UNRESERVED.test(char) ? char : code.toUpperCase();
  });
  if (!decoded.includes("/.")) return decoded;
  const kept: string[] = [];
  const segments = decoded.split("/").slice(1);
  for (const [at, segment] of segments.entries()) {
    if (segment === "..") kept.pop();
    if (segment !== "." && segment !== "..") kept.push(segment);
    else if (at === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}`;
}

function hostName(authority: string): string {
  const bare = authority.startsWith("[") ? authority.slice(1).split("]")[0]! : authority.replace(/:\d*$/, "");
  return bare.toLowerCase().replace(/\.$/, "");
}
