/** Other values in a Secret that stands in a file: labels, comments and other values in it stay as somebody wrote them. */

import { parseDocument } from "yaml";
import { readDocuments } from "../documents.ts";
import { removeField, setField, textOf } from "./document_fields.ts";
import { editToApply, incoming } from "./edit.ts";

/**
 * The text of `file`, which holds one Secret, with `values` in it; an empty value goes. Throws SITE_SYNTAX or
 * SITE_TOO_LARGE for a text that is no resource.
 */
export function secretTextWith(text: string, file: string, values: Readonly<Record<string, string>>): string {
  const [source] = incoming(text, readDocuments(text, file));
  if (source === undefined) return text;
  const document = parseDocument(source.text);
  for (const [key, value] of Object.entries(values)) {
    // What is there would come before data.
    removeField(document, "stringData", key);
    if (value === "") removeField(document, "data", key);
    else setField(document, "data", key, new TextEncoder().encode(value).toBase64());
  }
  const edited = textOf(document);
  return editToApply(new Map([[file, text]]), incoming(edited, readDocuments(edited, file))).files.get(file) ?? text;
}
