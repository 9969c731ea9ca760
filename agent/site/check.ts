/** Applies the schema of a kind to a document, and says in plain words what doesn't fit. */

import type { z } from "zod";
import type { ResourceDocument } from "./documents.ts";
import { Problem, shown } from "./problems.ts";
import type { ResourceKind } from "./resources/schema.ts";

/** The value of `document` as its schema makes it, or undefined after adding to `problems`. */
export function check<S extends z.ZodType>(
  { kind, schema, hint }: ResourceKind<S>,
  document: ResourceDocument,
  problems: Problem[],
): z.output<S> | undefined {
  const parsed = schema.safeParse(document.value, { error: explain });
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    const text = `${document.at(path)}: ${title(kind, document)}: ${shown(path.map(String).join("."))} ${message}`;
    problems.push(new Problem("SITE_INVALID", text, hint, { kind, name: document.name }));
  }
  return undefined;
}

/** Kind and name of a document, for messages. */
export function title(kind: string, { name }: ResourceDocument): string {
  return `${kind} ${name === "" ? "without a name" : shown(name)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  array: "must be a list",
  boolean: "must be true or false",
  int: "must be a whole number",
  number: "must be a number",
  object: "must be a mapping",
  record: "must be a mapping",
  string: "must be text",
};

/** The words for what the schemas themselves don't explain; they never contain the value. */
function explain(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined || issue.input === null) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? `must be of type ${issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.filter((value) => value !== "").map(String).join(" or ")}`;
    case "too_small":
      return issue.origin === "number" ? `must be at least ${issue.minimum}` : "must not be empty";
    case "unrecognized_keys":
      return `has no field ${issue.keys.map(shown).join(" and no ")}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    default:
      return "is not valid";
  }
}
