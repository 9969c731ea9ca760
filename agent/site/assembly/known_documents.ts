/** Which documents are resources that a site knows, each of them once: by kind, version, namespace and name. */

import type { z } from "zod";
import { check, title } from "../check.ts";
import type { ResourceDocument } from "../documents.ts";
import { type Problem, shown } from "../problems.ts";
import { strayFields } from "../resources/fields.ts";
import { KINDS } from "../resources/kinds.ts";
import type { ResourceKind } from "../resources/schema.ts";
import type { Findings } from "./findings.ts";

/** Those of `documents` that are of a kind and version we know; warns about or refuses the others. */
export function knownDocuments(documents: readonly ResourceDocument[], findings: Findings): ResourceDocument[] {
  const seen = new Map<string, string>();
  let namespace = "";
  return documents.filter((document) => {
    const { kind, apiVersion, name } = document;
    const known = kindOf(document);
    if (known === undefined) {
      const what = kind === "" ? "a document without a kind" : `kind ${shown(kind)} of ${shown(apiVersion)}`;
      findings.warn(document, ["kind"], `${what} is not used and was ignored`);
      return false;
    }
    for (const { path, what } of known.unused === undefined ? strayFields(known, document.value) : []) {
      findings.warn(document, path, `${title(kind, document)}: ${shown(path.join("."))} ${what}`);
    }
    if (apiVersion !== known.apiVersion) {
      const fault = apiVersion === "" ? "apiVersion is missing" : `apiVersion ${shown(apiVersion)} is not known`;
      findings.problem(document, ["apiVersion"], fault, `Write apiVersion: ${known.apiVersion}.`);
      return false;
    }
    const owner = namespaceOf(document);
    if (owner !== "" && namespace !== "" && owner !== namespace) {
      findings.warn(document, ["metadata", "namespace"], `${title(kind, document)} is of another namespace`);
    }
    if (owner !== "") namespace = owner;
    const other = seen.get(`${kind} ${name}`);
    // Equal Secrets may come with several link files; several Sites have a problem of their own.
    if (other !== undefined && name !== "" && kind !== "Secret" && kind !== "Site") {
      const fault = `the name is taken, see ${other}`;
      findings.problem(document, ["metadata", "name"], fault, "Rename or remove one of them.");
      return false;
    }
    seen.set(`${kind} ${name}`, document.at());
    if (known.unused !== undefined) passOver(known, document, known.unused, findings);
    return known.unused === undefined;
  });
}

/** The kind that `document` is of, whichever version of it. */
export function kindOf({ kind, apiVersion }: ResourceDocument): ResourceKind<z.ZodType> | undefined {
  const known = KINDS.find((candidate) => candidate.kind === kind);
  const group = known?.apiVersion.split("/")[0];
  return apiVersion === "" || apiVersion.split("/")[0] === group ? known : undefined;
}

/** A resource of a kind that is not used: what is wrong with it is told, and does no harm. */
function passOver(kind: ResourceKind<z.ZodType>, document: ResourceDocument, why: string, findings: Findings): void {
  const faults: Problem[] = [];
  check(kind, document, faults);
  findings.warnings.push(...faults.map(({ text }) => text));
  findings.warn(document, ["kind"], `kind ${kind.kind} of ${kind.apiVersion} is not used and was ignored. ${why}`);
  const message = `${document.at()}: not used`;
  findings.broken.push({
    kind: kind.kind,
    name: document.name,
    status: "Pending",
    code: undefined,
    message,
    hint: why,
  });
}

function namespaceOf({ value: { metadata } }: ResourceDocument): string {
  const owner = typeof metadata === "object" && metadata !== null && "namespace" in metadata ? metadata.namespace : "";
  return typeof owner === "string" ? owner : "";
}
