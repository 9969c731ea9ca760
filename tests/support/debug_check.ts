/** `tendril debug check` as a user types it, and what it says. */

import assert from "node:assert/strict";
import type { Step, StepName } from "../../agent/site/diagnosis/checklist.ts";
import { tendril } from "./tendril.ts";

/** What a check came to. */
export interface Verdict {
  readonly code: number;
  readonly broken: Step | null;
  readonly steps: readonly Step[];
}

/** Runs it; fails where it does not hang together. */
export async function debugCheck(...words: string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await tendril("debug", "check", ...words, "-o", "json", "--timeout", "5");
  assert.notEqual(stdout, "", stderr);
  const { ok, broken, steps } = JSON.parse(stdout);
  assert.equal(ok, code === 0);
  for (const { result, next } of steps as Step[]) if (result === "failed") assert.match(next ?? "", /[.:`]$/);
  return { code, broken, steps };
}

/** The exit code, and which step was broken first. */
export function told({ code, broken }: Verdict): readonly unknown[] {
  return [code, broken?.step, broken?.code];
}

/** The step of that name whose subject begins with `subject`. */
export function stepOf({ steps }: Verdict, name: StepName, subject = ""): Step {
  const found = steps.find((each) => each.step === name && each.subject.startsWith(subject));
  assert.ok(found, `no step ${name} ${subject} in ${JSON.stringify(steps)}`);
  return found;
}
