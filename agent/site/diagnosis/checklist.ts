/** The result of a diagnosis: steps in the order in which they were taken, each timed, each failure with its way out. */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { redactText } from "../../telemetry/redact.ts";

/** What a step is about; `docs/cli.md` explains each. */
export type StepName =
  | "folder"
  | "running"
  | "clock"
  | "access"
  | "credentials"
  | "dns"
  | "tcp"
  | "proxy"
  | "tls"
  | "chain"
  | "name"
  | "validity"
  | "websocket"
  | "admission"
  | "link"
  | "listener"
  | "target"
  | "key"
  | "consumer"
  | "end-to-end";

/** One step. */
export interface Step {
  /** What was checked. */
  readonly step: StepName;
  /** Of what: a resource, an endpoint, a key. */
  readonly subject: string;
  /** `skipped`: it can't be told, or a step before it failed. */
  readonly result: "ok" | "failed" | "skipped";
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What was found, or what is wrong. */
  readonly found: string;
  /** Stable code of what is wrong. */
  readonly code?: string;
  /** What to do about it. */
  readonly next?: string;
}

/** See the head of the file. */
export class Checklist {
  /** All so far. */
  readonly steps: Step[] = [];

  /** The first step that failed. */
  get broken(): Step | undefined {
    return this.steps.find(({ result }) => result === "failed");
  }

  /** Takes a step; what `body` resolves to, or undefined when it failed, which is noted. `tell` makes words of it. */
  async take<T>(
    step: StepName,
    subject: string,
    body: () => Promise<T> | T,
    tell: (found: T) => string,
  ): Promise<T | undefined> {
    const began = performance.now();
    try {
      const found = await body();
      this.pass(step, subject, tell(found), performance.now() - began);
      return found;
    } catch (error) {
      this.fail(step, subject, error, performance.now() - began);
      return undefined;
    }
  }

  /** Notes that all is well. */
  pass(step: StepName, subject: string, found: string, ms = 0): void {
    this.steps.push({ step, subject, result: "ok", ms: round(ms), found: redactText(found) });
  }

  /** Notes what is wrong. A missing permission is no finding: it is thrown on. */
  fail(step: StepName, subject: string, error: unknown, ms = 0): void {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (!(error instanceof TendrilError)) throw error;
    this.steps.push({
      step,
      subject,
      result: "failed",
      ms: round(ms),
      found: redactText(withCause(error)),
      code: error.code,
      ...(error.hint === undefined ? {} : { next: redactText(error.hint) }),
    });
  }

  /** Notes that a step was not taken, and why. */
  skip(step: StepName, subject: string, why: string): void {
    this.steps.push({ step, subject, result: "skipped", ms: 0, found: why });
  }
}

function withCause({ message, cause }: TendrilError): string {
  const why = cause === undefined || cause instanceof AggregateError ? "" : messageOf(cause);
  return why === "" || message.includes(why) ? message : `${message} (${why})`;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
