/** Changes of heads of HTTP messages: fields, host and path. Heads come in, new ones go out. */

import type { MessageHead, PropertyValue } from "../../adaptor/action.ts";
import type { FieldEdits, HttpMatch, HttpRewrite } from "../../site/http_route_spec.ts";
import { withoutSlash } from "./matcher.ts";
import type { RequestView } from "./request_view.ts";

/** The parts of a head that are edited. */
export type Property = readonly [string, PropertyValue];

/** `properties` after `edits`. */
export function editFields(properties: readonly Property[], { set, add, remove }: FieldEdits): readonly Property[] {
  const gone = new Set([...remove, ...set.map(([name]) => name.toLowerCase())]);
  const kept = gone.size === 0
    ? [...properties]
    : properties.filter(([key, { type }]) => type !== "field" || !gone.has(key.toLowerCase()));
  for (const [name, value] of [...set, ...add]) kept.push([name, { type: "field", value }]);
  return kept;
}

/** Those of `request` as the server shall see them; `match` is what it fitted, if anything. */
export function rewritten(
  properties: readonly Property[],
  rewrite: HttpRewrite,
  match: HttpMatch | undefined,
  request: RequestView,
): readonly Property[] {
  const path = request.path === "" ? undefined : newPath(rewrite, match, request.path);
  return properties.map((property): Property => {
    const [key, { type }] = property;
    if (key === ":path" && type === "string") {
      // With another host, a target in absolute form would contradict it.
      const target = path ?? (rewrite.host !== undefined && request.path !== "" ? request.path : undefined);
      return target === undefined ? property : [key, { type, value: target + request.query }];
    }
    if (rewrite.host === undefined || type !== "field" || key.toLowerCase() !== "host") return property;
    return [key, { type, value: rewrite.host }];
  });
}

function newPath(
  { replaceFullPath, replacePrefixMatch }: HttpRewrite,
  match: HttpMatch | undefined,
  path: string,
): string | undefined {
  if (replaceFullPath !== undefined) return replaceFullPath;
  if (replacePrefixMatch === undefined) return undefined;
  const prefix = match?.path?.type === "PathPrefix" ? withoutSlash(match.path.value) : "";
  const rest = path.slice(prefix.length);
  return rest === "" ? replacePrefixMatch : withoutSlash(replacePrefixMatch) + rest;
}

/** `head` with other properties. */
export function withProperties(head: MessageHead, properties: readonly Property[]): MessageHead {
  return { ...head, properties };
}
