/** A compiled, verified adaptor, of which every connection gets its own instance. */

import type { AdaptorInstance, AdaptorModule, MessageForm } from "./action.ts";
import type { AbiExports } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import type { Description } from "./description.ts";
import { FuelAccount, INITIAL_FUEL } from "./fuel_account.ts";
import { PluginHealth } from "./health.ts";
import { WasmAdaptorInstance } from "./instance.ts";
import type { AdaptorLimits } from "./limits.ts";
import { PluginCounts } from "./plugin_counts.ts";
import { RefusedInstance } from "./refused.ts";
import { ReplayedInstance, Transcripts } from "./replay.ts";

/** An {@link AdaptorModule} over WebAssembly. */
export class WasmAdaptorModule implements AdaptorModule {
  /** What the adaptor goes by here. */
  readonly name: string;
  /** The adaptor's version, as it describes itself. */
  readonly version: string;
  /** `sha256:<hex>` of the bytes it was compiled from. */
  readonly digest: string;
  /** All it says of itself. */
  readonly description: Description;
  /** See {@link AdaptorModule}. */
  readonly protocol: string;
  /** See {@link AdaptorModule}. */
  readonly readsSocket: boolean;
  /** See {@link AdaptorModule}. */
  readonly messages: MessageForm;
  /** See {@link AdaptorModule}. */
  readonly concurrent: number;
  /** See {@link AdaptorModule}. */
  readonly health: PluginHealth;
  /** What its instances have done. Whoever has loaded the same bytes before goes on with the counts of then. */
  counts: PluginCounts = new PluginCounts();
  readonly #transcripts = new Transcripts();
  readonly #module: WebAssembly.Module;
  readonly #limits: AdaptorLimits;
  readonly #fuel: FuelAccount;

  /** Takes over what the load pipeline has verified; `now` is a clock in ms that never goes back. */
  constructor(
    module: WebAssembly.Module,
    description: Description,
    digest: string,
    limits: AdaptorLimits,
    now: () => number,
  ) {
    this.health = new PluginHealth(description.name, now);
    this.name = description.name;
    this.version = description.version;
    this.digest = digest;
    this.description = description;
    this.protocol = description.protocol;
    this.readsSocket = description.readsSocket;
    this.messages = description.messages;
    this.concurrent = description.concurrent;
    this.#module = module;
    this.#limits = limits;
    this.#fuel = new FuelAccount(limits.fuel, now);
  }

  /**
   * Makes an instance with a memory of its own, as soon as one is needed: no octet of one connection is ever in reach
   * of another. Calls may throw ADAPTOR_INSTANTIATE, which on a verified module means that the system is short of
   * memory. While the plugin is quarantined there are only instances that refuse to be opened.
   */
  instantiate(): AdaptorInstance {
    const refusal = this.health.refusal();
    if (refusal !== undefined) return new RefusedInstance(refusal);
    return new ReplayedInstance(this.#transcripts, () => this.#instantiate(), () => this.counts.errors++);
  }

  #instantiate(): AdaptorInstance {
    const abi = instantiateAbi(this.#module);
    if (abi.memory.buffer.byteLength < this.description.memoryOctets) {
      throw new AdaptorError("ADAPTOR_INSTANTIATE", `adaptor ${this.name} could not get its memory`);
    }
    const { counts, health } = this;
    const onFailed = (error: AdaptorError) => {
      counts.failed(error);
      health.failed(error);
    };
    return new WasmAdaptorInstance(abi, this.description, this.#limits, onFailed, counts, this.#fuel);
  }
}

/**
 * Makes a bare instance of a metered module and runs its `_initialize`. Throws ADAPTOR_INSTANTIATE.
 */
export function instantiateAbi(module: WebAssembly.Module): AbiExports {
  try {
    // The policy has established names, kinds and signatures of all these exports.
    const abi = new WebAssembly.Instance(module).exports as unknown as AbiExports;
    abi.tendril_fuel(INITIAL_FUEL);
    abi._initialize?.();
    return abi;
  } catch (cause) {
    throw new AdaptorError("ADAPTOR_INSTANTIATE", "the module can't be instantiated", { cause });
  }
}
