/** The result of a diagnosis: steps in the order in which they were taken, each timed, each failure with its way out. */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { redactText } from "../../telemetry/redact.ts";

/** What a step is about; `docs/debugging.md` explains each. */
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

/** Says why the failure of a step tells nothing about what is checked; undefined where it does. */
export type Excuse = (error: TendrilError) => string | undefined;

/** See the head of the file. */
export class Checklist {
  /** All so far. */
  readonly steps: Step[] = [];

  /** The first step that failed. */
  get broken(): Step | undefined {
    return this.steps.find(({ result }) => result === "failed");
  }

  /**
   * Takes a step; what `body` resolves to, or undefined when it failed, which is noted. `tell` makes words of it.
   * `excuse` may say why a failure tells nothing: then the step counts as skipped. `T` leaves no room for undefined,
   * which would look like a failure.
   */
  async take<T extends NonNullable<unknown>>(
    step: StepName,
    subject: string,
    body: () => Promise<T> | T,
    tell: (found: T) => string,
    excuse: Excuse = () => undefined,
  ): Promise<T | undefined> {
    const began = performance.now();
    try {
      const found = await body();
      this.pass(step, subject, tell(found), performance.now() - began);
      return found;
    } catch (error) {
      const why = error instanceof TendrilError ? excuse(error) : undefined;
      if (why === undefined) this.fail(step, subject, error, performance.now() - began);
      else this.skip(step, subject, why);
      return undefined;
    }
  }

  /** Takes a step that finds nothing but that all is well, in the words `found`; false when it failed. */
  async confirm(
    step: StepName,
    subject: string,
    body: () => Promise<void>,
    found: string,
    excuse?: Excuse,
  ): Promise<boolean> {
    const done = async (): Promise<true> => {
      await body();
      return true;
    };
    return await this.take(step, subject, done, () => found, excuse) ?? false;
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
    this.steps.push({ step, subject, result: "skipped", ms: 0, found: redactText(why) });
  }
}

function withCause({ message, cause }: TendrilError): string {
  const why = cause === undefined || cause instanceof AggregateError ? "" : messageOf(cause);
  return why === "" || message.includes(why) ? message : `${message} (${why})`;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
