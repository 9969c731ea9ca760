/** Checks one target again and again, and knows whether it is to be sent anything. */

import { messageOf } from "../../lib/errors.ts";
import type { HealthCheckSpec } from "../../site/spec.ts";
import type { HealthStatus } from "../../site/status.ts";
import { HealthRecord } from "./health_record.ts";
import { probe, type ProbeTarget } from "./probe.ts";

/** What a target is said to be before its first result. */
const UNCHECKED = "not checked yet";

/** See the head of the file. */
export class HealthMonitor {
  readonly #spec: HealthCheckSpec;
  readonly #target: ProbeTarget;
  readonly #onChange: () => void;
  readonly #record: HealthRecord;
  readonly #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #result = UNCHECKED;
  #since = Date.now();
  #checkedAt: number | undefined;

  /** Checks from now on, the first time at once; `onChange` hears when the state or the reason for it is another. */
  constructor(spec: HealthCheckSpec, target: ProbeTarget, onChange: () => void) {
    this.#spec = spec;
    this.#target = target;
    this.#onChange = onChange;
    this.#record = new HealthRecord(spec);
    this.#check();
  }

  /** True while the target may be sent something. */
  get healthy(): boolean {
    return this.#record.healthy;
  }

  /** A snapshot. */
  status(): HealthStatus {
    const heldMs = this.#record.heldMs(performance.now());
    return {
      healthy: this.healthy,
      since: new Date(this.#since).toISOString(),
      result: this.#result,
      checkedAt: this.#checkedAt === undefined ? undefined : new Date(this.#checkedAt).toISOString(),
      ...(heldMs === 0 ? {} : { heldSeconds: Math.ceil(heldMs / 1000) }),
    };
  }

  /** Checks no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  async #check(): Promise<void> {
    const { timeoutSeconds, intervalSeconds } = this.#spec;
    const stopped = this.#stop.signal;
    const began = performance.now();
    const attempt = new AbortController();
    const timer = setTimeout(
      () => attempt.abort(new Error(`no answer within ${timeoutSeconds} s`)),
      timeoutSeconds * 1000,
    );
    const stop = () => attempt.abort();
    stopped.addEventListener("abort", stop, { once: true });
    let failure: string | undefined;
    try {
      await probe(this.#spec, this.#target, attempt.signal);
    } catch (error) {
      failure = messageOf(error);
    }
    clearTimeout(timer);
    stopped.removeEventListener("abort", stop);
    if (stopped.aborted) return;
    this.#timer = setTimeout(() => this.#check(), Math.max(0, began + intervalSeconds * 1000 - performance.now()));
    this.#take(failure);
  }

  #take(failure: string | undefined): void {
    const result = failure ?? "OK";
    const changed = this.#record.take(failure === undefined, performance.now());
    const news = changed || this.#result !== result;
    this.#checkedAt = Date.now();
    this.#result = result;
    if (changed) this.#since = this.#checkedAt;
    if (news) this.#onChange();
  }
}
