/** What is wrong with resource files, collected so that one run shows all of it. Values of Secrets never get in here. */

import { TendrilError } from "../lib/errors.ts";

/** The codes a problem of a resource file may have; `docs/errors.md` explains them. */
export type ProblemCode = "SITE_FOLDER" | "SITE_SYNTAX" | "SITE_TOO_LARGE" | "SITE_INVALID" | "SITE_SECRET";

/** Which resource is meant. */
export interface ResourceRef {
  /** Its kind. */
  readonly kind: string;
  /** Its name; empty when it has none. */
  readonly name: string;
}

/** A resource that the site goes on without. */
export interface BrokenResource extends ResourceRef {
  /** `Pending`: nothing is wrong with it, but it can't be used here. */
  readonly status: "Error" | "Pending";
  /** Stable code of what is wrong, if it is wrong. */
  readonly code: ProblemCode | undefined;
  /** Why, with its place. */
  readonly message: string;
  /** What to do about it, as a full sentence. */
  readonly hint: string;
}

/** One problem; as text it is its place and fault. */
export class Problem {
  /** See {@link ProblemCode}. */
  readonly code: ProblemCode;
  /** Place and fault: `file:line:column (document n): what`. */
  readonly text: string;
  /** What to do about it, as a full sentence. */
  readonly hint: string;
  /** The one resource that is broken by it; undefined when what is broken can't be told. */
  readonly about: ResourceRef | undefined;
  /** `Pending`: nothing is wrong with the resource, but something else that it needs is missing. */
  readonly status: BrokenResource["status"];

  /** Takes the parts as they are. */
  constructor(
    code: ProblemCode,
    text: string,
    hint: string,
    about?: ResourceRef,
    status: BrokenResource["status"] = "Error",
  ) {
    this.code = code;
    this.text = text;
    this.hint = hint;
    this.about = about;
    this.status = status;
  }

  /** {@link Problem.text}. */
  toString(): string {
    return this.text;
  }
}

/** More than these are counted, not listed. */
const MAX_LISTED = 50;
const MAX_SHOWN_CHARACTERS = 60;

/**
 * One error for all of `problems`, of which there is at least one: a single problem is told as it is, several as a list
 * under `summary`. The code is the one that they share, else SITE_INVALID.
 */
export function problemsError(summary: string, problems: readonly Problem[]): TendrilError {
  const [first, ...others] = problems;
  if (first !== undefined && others.length === 0) {
    return new TendrilError(first.code, `${summary}: ${first.text}`, { hint: first.hint });
  }
  const shared = others.every(({ code }) => code === first?.code) ? first?.code : undefined;
  const lines = problems.slice(0, MAX_LISTED).map(({ text, hint }) => `  ${text}. ${hint}`);
  if (problems.length > MAX_LISTED) lines.push(`  and ${problems.length - MAX_LISTED} more`);
  const message = `${summary}, ${problems.length} problems:\n${lines.join("\n")}`;
  return new TendrilError(shared ?? "SITE_INVALID", message, { hint: "Correct them one by one, each line says how." });
}

/** `text` of a file in a form that is safe in a message: short, one line, no control characters. */
export function shown(text: string): string {
  if (text.length <= MAX_SHOWN_CHARACTERS && /^[\w./:-]+$/.test(text)) return text;
  const cut = text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
}
