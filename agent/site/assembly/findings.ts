/** What is found out about resource files: what is wrong in them, what it breaks, and what was passed over. */

import type { z } from "zod";
import { TendrilError } from "../../lib/errors.ts";
import { check, title } from "../check.ts";
import type { FieldPath, ResourceDocument } from "../documents.ts";
import { type BrokenResource, Problem } from "../problems.ts";
import type { ResourceKind } from "../resources/schema.ts";

/** See the head of the file. */
export class Findings {
  /** Everything that is wrong, in the order in which it was found. */
  readonly problems: Problem[];
  /** Resources that the site goes on without. */
  readonly broken: BrokenResource[] = [];
  /** One line per thing that was passed over. */
  readonly warnings: string[] = [];

  /** `problems`: of the files themselves. */
  constructor(problems: readonly Problem[]) {
    this.problems = [...problems];
  }

  /** Something at `path` of `document` breaks it. */
  problem(document: ResourceDocument, path: FieldPath, fault: string, hint: string): void {
    const { kind, name } = document;
    const text = `${document.at(path)}: ${title(kind, document)}: ${fault}`;
    this.problems.push(new Problem("SITE_INVALID", text, hint, { kind, name }));
  }

  /** Takes back a problem that turned out to be none. */
  withdraw(problem: Problem): void {
    this.problems.splice(this.problems.indexOf(problem), 1);
  }

  /** What is at `path` of `document` has no effect, or another one than somebody may think. */
  warn(document: ResourceDocument, path: FieldPath, what: string): void {
    this.warnings.push(`${document.at(path)}: ${what}`);
  }

  /** The result of `action`; undefined after a TendrilError, which is a problem of `document`. */
  attempt<T>({ kind, name }: ResourceDocument, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof TendrilError)) throw error;
      this.problems.push(new Problem("SITE_SECRET", error.message, error.hint ?? "", { kind, name }));
      return undefined;
    }
  }

  /** Calls `read` for every document of `kind` that fits its schema; a TendrilError it throws becomes a problem. */
  each<S extends z.ZodType>(
    documents: readonly ResourceDocument[],
    kind: ResourceKind<S>,
    read: (value: z.output<S>, document: ResourceDocument) => void,
  ): void {
    for (const document of documents) {
      if (document.kind !== kind.kind) continue;
      const value = check(kind, document, this.problems);
      if (value !== undefined) this.attempt(document, () => read(value, document));
    }
  }

  /** Adds the resources that the problems are about to the broken ones, each once, with all that is wrong with it. */
  conclude(): void {
    for (const { about, status, code, text, hint } of this.problems) {
      if (about === undefined) continue;
      const at = this.broken.findIndex(({ kind, name }) => kind === about.kind && name === about.name);
      const known = this.broken[at];
      if (known === undefined) this.broken.push({ ...about, status, code, message: text, hint });
      else {
        const worst = known.status === "Error" ? "Error" : status;
        this.broken[at] = { ...known, status: worst, message: `${known.message}; ${text}` };
      }
    }
  }
}
