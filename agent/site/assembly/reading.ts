/** What every kind of resource is read with: the documents of a site, its Secrets, its ports, and what is found out. */

import type { z } from "zod";
import { title } from "../check.ts";
import type { FieldPath, ResourceDocument } from "../documents.ts";
import { PlaceTable } from "../places.ts";
import type { ResourceKind } from "../resources/schema.ts";
import type { Findings } from "./findings.ts";
import { SecretTable } from "./secret_table.ts";

/** See the head of the file. */
export class Reading {
  /** All of kinds that are known. */
  readonly documents: readonly ResourceDocument[];
  /** What is found out. */
  readonly findings: Findings;
  /** Others refer to them, wherever they stand. */
  readonly secrets: SecretTable;
  readonly #places = new PlaceTable();

  /** Reads the Secrets at once. */
  constructor(documents: readonly ResourceDocument[], findings: Findings) {
    this.documents = documents;
    this.findings = findings;
    this.secrets = new SecretTable(documents, findings);
  }

  /** Calls `read` for every document of `kind` that is in order, then for those of `more`. */
  each<S extends z.ZodType>(
    kind: ResourceKind<S>,
    read: (value: z.output<S>, document: ResourceDocument) => void,
    more: readonly ResourceDocument[] = [],
  ): void {
    this.findings.each([...this.documents, ...more], kind, read);
  }

  /** True when `host`:`port` is now the place of `document`, which names it at `path`; a problem when it is another's. */
  take(host: string, port: number, document: ResourceDocument, path: FieldPath): boolean {
    const other = this.#places.take(host, port, title(document.kind, document));
    if (other === undefined) return true;
    this.findings.problem(document, path, `${host}:${port} is taken by ${other}`, "Choose another port.");
    return false;
  }
}
