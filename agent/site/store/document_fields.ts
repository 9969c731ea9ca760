/** Sets and removes fields of a resource in YAML: all else that is written in it stays as it means, comments too. */

import { type Alias, type Document, isAlias, isMap, isNode, isScalar, type Node, visit, YAMLMap } from "yaml";

/** Sets `field` in the map `map` of `document`; one that is not there, or is no map, is made. */
export function setField(
  document: Document,
  map: string,
  field: string,
  value: string | number | boolean | object,
): void {
  const fields = mapAt(document, map);
  const old = fields.get(field, true);
  writeOutAliases(document, fields, old);
  // A scalar is set in place, so that a comment beside it stays.
  if (isScalar(old) && typeof value !== "object") return fields.set(field, value);
  const node = document.createNode(value);
  if (isAlias(old)) takeComments(node, old);
  fields.set(field, node);
}

/** Takes `field` out of the map `map` of `document`, and a map in which nothing is left. */
export function removeField(document: Document, map: string, field: string): void {
  if (!document.has(map)) return;
  const fields = mapAt(document, map);
  writeOutAliases(document, fields, fields.get(field, true));
  fields.delete(field);
  if (fields.items.length === 0) document.delete(map);
}

/** The text of `document`; lines that were long are not broken. */
export function textOf(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

function mapAt(document: Document, key: string): YAMLMap {
  const old = document.get(key, true);
  if (isMap(old)) return old;
  const written = isAlias(old) ? copyFor(document, old) : undefined;
  const map = isMap(written) ? written : new YAMLMap();
  if (isScalar(old)) {
    writeOutAliases(document, undefined, old);
    const comment = old.comment ?? old.commentBefore;
    if (comment) map.commentBefore = comment;
  }
  document.set(key, map);
  return map;
}

/** Has what refers to `map`, or to anything in `old`, say it itself: both are about to become something else. */
function writeOutAliases(document: Document, map: YAMLMap | undefined, old: unknown): void {
  const anchored = new Set<Node>();
  if (map?.anchor !== undefined) anchored.add(map);
  if (isNode(old)) {
    visit(old, {
      Value(_, node) {
        if (node.anchor !== undefined) anchored.add(node);
      },
    });
  }
  if (anchored.size === 0) return;
  visit(document, {
    Alias(_, alias) {
      const source = alias.resolve(document);
      return source !== undefined && anchored.has(source) ? copyFor(document, alias) : undefined;
    },
  });
}

/** What stands in for `alias`; undefined where it refers to nothing. */
function copyFor(document: Document, alias: Alias): Node | undefined {
  const copy = alias.resolve(document)?.clone() as Node | undefined;
  if (copy === undefined) return undefined;
  visit(copy, {
    Value(_, node) {
      delete node.anchor;
    },
  });
  takeComments(copy, alias);
  return copy;
}

function takeComments(node: Node, { comment, commentBefore, spaceBefore }: Node): void {
  Object.assign(node, { comment, commentBefore, spaceBefore });
}
