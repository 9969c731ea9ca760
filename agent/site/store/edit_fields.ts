/**
 * Edits of single resources: a new one from its fields, some fields of one that is there, a Link with what it alone
 * needs. Whatever else is written in a resource stays, comments too.
 */

import { parseDocument, stringify } from "yaml";
import { TendrilError } from "../../lib/errors.ts";
import { readDocuments, scanDocuments } from "../documents.ts";
import { type ResourceRef, shown } from "../problems.ts";
import { SKUPPER_API } from "../resources/schema.ts";
import { setField, textOf } from "./document_fields.ts";
import { type Edit, editToApply, editToDelete, incoming } from "./edit.ts";

/** Fields of `spec`, by name; undefined ones are left as they are, or out. */
export type SpecFields = Readonly<Record<string, string | number | boolean | object | undefined>>;

type Files = ReadonlyMap<string, string>;

/** Puts a new resource into `files`. Throws SITE_EXISTS when there is one of its kind and name. */
export function editToCreate(files: Files, { kind, name }: ResourceRef, spec: SpecFields): Edit {
  const there = find(files, { kind, name });
  if (there !== undefined) {
    throw new TendrilError("SITE_EXISTS", `there is a ${kind} ${shown(name)} already: ${there.document.at()}`, {
      hint: `Change it with \`tendril ${kind.toLowerCase()} update\`, or delete it first.`,
    });
  }
  const text = resourceText({ kind, name }, spec);
  return editToApply(files, incoming(text, readDocuments(text, `${kind} ${name}`)));
}

/** A new resource as YAML, right or wrong. */
export function resourceText({ kind, name }: ResourceRef, spec: SpecFields): string {
  return stringify({ apiVersion: SKUPPER_API, kind, metadata: { name }, spec: given(spec) });
}

/** Changes fields of a resource in `files`. Throws SITE_UNKNOWN when there is none of its kind and name. */
export function editToUpdate(files: Files, { kind, name }: ResourceRef, spec: SpecFields): Edit {
  const there = find(files, { kind, name });
  // Says what there is to say about a resource that is missing.
  if (there === undefined) return editToDelete(files, [{ kind, name }]);
  const [source] = incoming(there.text, [there.document]);
  const document = parseDocument(source!.text);
  for (const [field, value] of Object.entries(given(spec))) setField(document, "spec", field, value);
  const text = textOf(document);
  return editToApply(files, incoming(text, readDocuments(text, there.file)));
}

/** Takes a Link out of `files`, and its Secret with the private key if nothing else names it. Throws SITE_UNKNOWN. */
export function editToDeleteLink(files: Files, name: string): Edit {
  const link = { kind: "Link", name };
  const secret = specOf(find(files, link)?.document.value)["tlsCredentials"];
  // A RouterAccess may mean the Secret of its own name without saying so.
  const others = [...files].flatMap(([file, text]) => scanDocuments(text, file).documents)
    .filter(({ kind, name: other }) => !(kind === "Link" && other === name) && kind !== "Secret");
  const needed = others.some(({ name, value }) =>
    name === secret || JSON.stringify(specOf(value)).includes(`"${secret}"`)
  );
  const goes = typeof secret === "string" && !needed && find(files, { kind: "Secret", name: secret }) !== undefined;
  return editToDelete(files, goes ? [link, { kind: "Secret", name: secret }] : [link]);
}

function find(files: Files, { kind, name }: ResourceRef) {
  for (const [file, text] of files) {
    const document = scanDocuments(text, file).documents.find((other) => other.kind === kind && other.name === name);
    if (document !== undefined) return { file, text, document };
  }
  return undefined;
}

function given(spec: SpecFields): Record<string, string | number | boolean | object> {
  return Object.fromEntries(
    Object.entries(spec).filter((entry): entry is [string, string | number | boolean | object] =>
      entry[1] !== undefined
    ),
  );
}

function specOf(value: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  const spec = value?.["spec"];
  return typeof spec === "object" && spec !== null ? spec as Record<string, unknown> : {};
}
