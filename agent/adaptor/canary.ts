/**
 * A new version of a plugin on trial: some of the new connections get it, until enough of them have ended well, or too many
 * have failed. Numbers in, a verdict out; which connection is next is a matter of counting, not of chance.
 */

import type { AdaptorModule } from "./action.ts";
import type { AdaptorInstance } from "./action.ts";
import { RescuedInstance } from "./rescued_instance.ts";

/** How a new version is tried. */
export interface CanarySpec {
  /** Of a hundred new connections, those that get it. */
  readonly share: number;
  /** Connections that must have ended before all get it. */
  readonly connections: number;
  /** Of a hundred of those, the most that may fail. */
  readonly failures: number;
}

/** How a trial goes. */
export interface CanaryState {
  /** `sha256:<hex>` of the version on trial. */
  readonly digest: string;
  /** Its version. */
  readonly version: string;
  /** Of a hundred new connections, those that get it. */
  readonly share: number;
  /** Connections that it has had and that have ended or failed. */
  readonly ended: number;
  /** Those that failed. */
  readonly failed: number;
  /** Connections that the trial takes. */
  readonly connections: number;
}

/** See the head of the file. */
export class Canary {
  /** What is on trial. */
  readonly module: AdaptorModule;
  readonly #spec: CanarySpec;
  readonly #onVerdict: (passed: boolean) => void;
  #counted = 0;
  #ended = 0;
  #failed = 0;
  #over = false;

  /** `onVerdict` hears once how it went. */
  constructor(module: AdaptorModule, spec: CanarySpec, onVerdict: (passed: boolean) => void) {
    this.module = module;
    this.#spec = spec;
    this.#onVerdict = onVerdict;
  }

  /** A snapshot. */
  get state(): CanaryState {
    const { digest, version } = this.module;
    const { share, connections } = this.#spec;
    return { digest, version, share, ended: this.#ended, failed: this.#failed, connections };
  }

  /** Whether the next connection is one of those that get it. */
  takesNext(): boolean {
    this.#counted += this.#spec.share;
    if (this.#counted < 100) return false;
    this.#counted -= 100;
    return true;
  }

  /** An instance for one connection, which goes on with one of `proven` when that is possible. */
  instantiate(proven: AdaptorModule): AdaptorInstance {
    return new RescuedInstance(
      this.module.instantiate(),
      () => proven.instantiate(),
      (failed) => this.#connectionOver(failed),
    );
  }

  /** Ends it without a verdict. */
  cancel(): void {
    this.#over = true;
  }

  #connectionOver(failed: boolean): void {
    if (this.#over) return;
    const { connections, failures } = this.#spec;
    this.#ended++;
    if (failed) this.#failed++;
    const tooMany = this.#failed * 100 > connections * failures;
    if (!tooMany && this.#ended < connections) return;
    this.#over = true;
    this.#onVerdict(!tooMany);
  }
}
