/**
 * Reads resource files: YAML with one or more documents, or JSON objects one after the other, into plain values that
 * remember where they stood. No schema is applied here.
 */

import { LineCounter, parseAllDocuments } from "yaml";
import { messageOf, TendrilError } from "../lib/errors.ts";

/** Largest resource file, in characters: certificates included, real ones stay below 20,000. */
export const MAX_FILE_CHARACTERS = 1024 * 1024;
/** Aliases one document may expand to, so that a small file can't become a large value. */
const MAX_ALIASES = 100;

/** One resource as it was written. */
export interface ResourceDocument {
  readonly apiVersion: string;
  readonly kind: string;
  /** metadata.name, or empty. */
  readonly name: string;
  /** The whole document. */
  readonly value: Readonly<Record<string, unknown>>;
  /** `file:line`, for messages. */
  readonly where: string;
}

/** Splits `text` into resources. Throws SITE_SYNTAX with the position, or SITE_TOO_LARGE. */
export function readDocuments(text: string, file: string): ResourceDocument[] {
  if (text.length > MAX_FILE_CHARACTERS) {
    throw new TendrilError("SITE_TOO_LARGE", `${file} has more than ${MAX_FILE_CHARACTERS} characters`, {
      hint: "Split it into one file per resource.",
    });
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(separateJson(text), { lineCounter: lines, prettyErrors: true });
  const resources: ResourceDocument[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors;
    const line = lines.linePos(document.contents?.range?.[0] ?? document.range[0]).line;
    if (error !== undefined) {
      const at = error.linePos?.[0];
      throw new TendrilError(
        "SITE_SYNTAX",
        `${file}:${at?.line ?? line}:${at?.col ?? 1}: ${error.message.split("\n")[0]}`,
        {
          hint: "Correct the YAML at this place.",
        },
      );
    }
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (cause) {
      throw new TendrilError("SITE_SYNTAX", `${file}:${line}: ${messageOf(cause)}`, {
        hint: "Write it without aliases.",
      });
    }
    if (value === null || value === undefined) continue;
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new TendrilError("SITE_SYNTAX", `${file}:${line}: a resource must be a mapping`, {
        hint: "Start it with apiVersion, kind, metadata and spec.",
      });
    }
    const record = value as Record<string, unknown>;
    const metadata = (record.metadata ?? {}) as Record<string, unknown>;
    resources.push({
      apiVersion: textOf(record.apiVersion),
      kind: textOf(record.kind),
      name: textOf(metadata.name),
      value: record,
      where: `${file}:${line}`,
    });
  }
  return resources;
}

/** JSON objects that follow each other, as `-o json` of other tools prints them, become YAML documents. */
function separateJson(text: string): string {
  return text.trimStart().startsWith("{") ? text.replace(/^\}\s*\{/gm, "}\n---\n{") : text;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
