/**
 * The place of a plugin in a running site: connections begin with the version that is in it, and end with the one they began
 * with. Another version takes the place at once, or after a trial. Whoever was given the place need not know.
 */

import type { AdaptorInstance, AdaptorModule, MessageForm } from "./action.ts";
import type { AdaptorError } from "./adaptor_error.ts";
import { Canary, type CanarySpec, type CanaryState } from "./canary.ts";
import type { AdaptorHealth, FaultListener } from "./health.ts";

/** How a trial ended. */
export interface CanaryVerdict extends CanaryState {
  /** The version on trial is in its place now; else it is as before. */
  readonly passed: boolean;
  /** What failed last. */
  readonly lastFault: AdaptorError | undefined;
}

/** See the head of the file. */
export class AdaptorSlot implements AdaptorModule {
  /** See {@link AdaptorModule}. */
  readonly health: AdaptorHealth;
  #module: AdaptorModule;
  #canary: Canary | undefined;
  readonly #listeners = new Set<FaultListener>();
  #forget = () => {};
  readonly #onVerdict: (verdict: CanaryVerdict) => void;

  /** A place with `module` in it; `onVerdict` hears how each trial ends. */
  constructor(module: AdaptorModule, onVerdict: (verdict: CanaryVerdict) => void) {
    this.#module = module;
    this.#onVerdict = onVerdict;
    this.health = this.#healthOfPlace();
    this.#listen();
  }

  /** See {@link AdaptorModule}. */
  get name(): string {
    return this.#module.name;
  }

  /** See {@link AdaptorModule}. */
  get version(): string {
    return this.#module.version;
  }

  /** See {@link AdaptorModule}. */
  get digest(): string {
    return this.#module.digest;
  }

  /** See {@link AdaptorModule}. */
  get protocol(): string {
    return this.#module.protocol;
  }

  /** See {@link AdaptorModule}. */
  get readsSocket(): boolean {
    return this.#module.readsSocket;
  }

  /** See {@link AdaptorModule}. */
  get messages(): MessageForm {
    return this.#module.messages;
  }

  /** See {@link AdaptorModule}. */
  get concurrent(): number {
    return this.#module.concurrent;
  }

  /** How the trial goes, if there is one. */
  get canary(): CanaryState | undefined {
    return this.#canary?.state;
  }

  /**
   * Whether `module` may take the place. It may not when it speaks otherwise with the network or its peers, or when what is there is quarantined,
   * for then those who stand on it have drawn their conclusions: both take a new place.
   */
  takes({ protocol, readsSocket, messages, concurrent }: AdaptorModule): boolean {
    return protocol === this.protocol && readsSocket === this.readsSocket && messages === this.messages &&
      concurrent === this.concurrent &&
      this.health.refusal() === undefined;
  }

  /** Ends a trial without a verdict. */
  cancelTrial(): void {
    this.#canary?.cancel();
    this.#canary = undefined;
  }

  /** Puts `module` in the place, after a trial if there is to be one and it is another version. */
  replace(module: AdaptorModule, canary: CanarySpec | undefined): void {
    this.cancelTrial();
    if (canary === undefined || module.digest === this.digest) return this.#put(module);
    const trial = new Canary(module, canary, (passed) => {
      const { state } = trial;
      this.#canary = undefined;
      if (passed) this.#put(module);
      this.#onVerdict({ ...state, passed, lastFault: module.health?.lastFault });
    });
    this.#canary = trial;
  }

  /** See {@link AdaptorModule}. */
  instantiate(): AdaptorInstance {
    const canary = this.#canary;
    return canary?.takesNext() ? canary.instantiate(this.#module) : this.#module.instantiate();
  }

  #put(module: AdaptorModule): void {
    this.#module = module;
    this.#listen();
  }

  #listen(): void {
    this.#forget();
    this.#forget = this.#module.health?.onFault((error, quarantined) => {
      for (const listener of [...this.#listeners]) listener(error, quarantined);
    }) ?? (() => {});
  }

  /** The health of what is in the place, whatever that is. */
  #healthOfPlace(): AdaptorHealth {
    const health = () => this.#module.health;
    return {
      get faults() {
        return health()?.faults ?? 0;
      },
      get lastFault() {
        return health()?.lastFault;
      },
      refusal: () => health()?.refusal(),
      onFault: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }
}
