/** Resources as texts, without a folder. */

import { check } from "../check.ts";
import { readDocuments } from "../documents.ts";
import { type Problem, problemsError, type ResourceRef } from "../problems.ts";
import { KINDS } from "../resources/kinds.ts";
import { resourceText, type SpecFields } from "./edit_fields.ts";

/** The resource `ref` with `spec` as YAML. Throws SITE_INVALID when a site would refuse it. */
export function checkedResource(ref: ResourceRef, spec: SpecFields): string {
  const text = resourceText(ref, spec);
  const kind = KINDS.find(({ kind }) => kind === ref.kind);
  const problems: Problem[] = [];
  for (const document of readDocuments(text, `${ref.kind} ${ref.name}`)) {
    if (kind !== undefined) check(kind, document, problems);
  }
  if (problems.length > 0) throw problemsError("a site would refuse this", problems);
  return text;
}
