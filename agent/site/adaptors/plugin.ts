/**
 * One plugin of a running site: obtained in the background and tried again until it is there. While a new version can't be
 * had, the one that was loaded before goes on.
 */

import type { AdaptorModule } from "../../adaptor/action.ts";
import type { WasmAdaptorModule } from "../../adaptor/module.ts";
import type { CanaryState } from "../../adaptor/canary.ts";
import { AdaptorSlot, type CanaryVerdict } from "../../adaptor/slot.ts";
import { messageOf, TendrilError } from "../../lib/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import { redactText } from "../../telemetry/redact.ts";
import type { DownloadTimes } from "../../transport/download.ts";
import type { AdaptorSpec, PolicySpec } from "../spec.ts";
import type { AdaptorStatus } from "../status.ts";
import { adaptorStatus } from "./adaptor_status.ts";
import type { ModuleCache } from "./cache.ts";
import { loadObjection, signersOf } from "./load_policy.ts";
import { obtain, type ObtainContext } from "./obtain.ts";
import { VersionBook } from "./version_book.ts";

/** Pause before a plugin that could not be loaded is tried again, in ms; doubled up to {@link MAX_RETRY_MS}. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

/** What all plugins of a site are given. */
export interface PluginContext extends Pick<ObtainContext, "van"> {
  /** Folder of the site. */
  readonly dir: string;
  /** Of the same site. */
  readonly cache: ModuleCache;
  /** Where it is told what can't be loaded. */
  readonly logger: Logger;
  /** A module is there, or another than before. */
  onLoaded(module: WasmAdaptorModule): void;
  /** There is none any more. */
  onGone(): void;
  /** What is about loading, now. */
  policies(): readonly PolicySpec[];
  /** The status is another. */
  onChange(): void;
  /** For tests. */
  readonly times?: DownloadTimes;
}

/** See the head of the file. */
export class Plugin {
  readonly #context: PluginContext;
  #spec: AdaptorSpec;
  #slot: AdaptorSlot | undefined;
  /** How the last trial ended, if it did not pass. */
  #rolledBack: string | undefined;
  #rollbacks = 0;
  readonly #versions = new VersionBook();
  #generation = 0;
  #problem: string | undefined;
  /** Of what was looked at last, for one without a pin. */
  #seen: string | undefined;
  #attempt = new AbortController();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #busy: Promise<void> = Promise.resolve();

  /** Begins to load it. */
  constructor(spec: AdaptorSpec, context: PluginContext) {
    this.#spec = spec;
    this.#context = context;
    this.#begin();
  }

  /** The place of what is loaded. */
  get module(): AdaptorModule | undefined {
    return this.#slot;
  }

  /** How often that place has become another; a version that fits into the place takes it. */
  get generation(): number {
    return this.#generation;
  }

  /** A snapshot. */
  status(): AdaptorStatus {
    const { name } = this.#spec;
    // A URL may have a password in it, which a status must not show.
    const source = redactText(this.#spec.source);
    const slot = this.#slot;
    const past = { rollbacks: this.#rollbacks, versions: this.#versions.status() };
    if (slot !== undefined) {
      const problem = this.#problem && `goes on with what it has, without ${this.#wanted ?? source}: ${this.#problem}`;
      const { canary } = slot;
      return {
        ...adaptorStatus(name, slot, source, problem ?? (canary ? onTrial(canary) : this.#rolledBack)),
        ...past,
        ...(canary === undefined ? {} : { canary }),
      };
    }
    const state = this.#problem === undefined ? "loading" : "failed";
    const message = this.#problem ?? "is being loaded";
    return { name, digest: this.#wanted ?? "", version: "", source, state, faults: 0, message, ...past };
  }

  /** Makes it another, or the same. */
  change(spec: AdaptorSpec): void {
    if (JSON.stringify(spec) === JSON.stringify(this.#spec)) return;
    this.#spec = spec;
    this.#problem = this.#seen = undefined;
    this.#giveUp();
    this.#begin();
  }

  /** The Policies are others: what may not be loaded any more goes, and what was refused is tried again. */
  judgeAnew(): void {
    const { signal } = this.#attempt;
    this.#busy = this.#busy.then(async () => {
      const running = this.#slot?.digest;
      const digests = [running, this.#slot?.canary?.digest, this.#wanted ?? running].filter((digest) =>
        digest !== undefined
      );
      const refused = this.#problem !== undefined || running === undefined;
      const denied = (await Promise.all(digests.map((digest) => this.#denial(digest)))).some((each) =>
        each !== undefined
      );
      if (signal.aborted || !(refused || denied)) return;
      this.#giveUp();
      this.#problem = undefined;
      this.#begin();
    });
  }

  /** Tries no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#giveUp();
    await this.#busy;
  }

  /** The digest of what the resource asks for, as far as it is known. */
  get #wanted(): string | undefined {
    return this.#spec.sha256 ?? this.#seen;
  }

  #giveUp(): void {
    clearTimeout(this.#retry);
    this.#attempt.abort();
  }

  #begin(): void {
    this.#attempt = new AbortController();
    this.#busy = this.#load(this.#attempt.signal, RETRY_MS);
  }

  async #load(signal: AbortSignal, retryMs: number): Promise<void> {
    const { dir, cache, van, onLoaded, onChange, times } = this.#context;
    const permit = async (digest: string) => {
      const denial = await this.#denial(digest);
      if (denial !== undefined) throw denial;
    };
    try {
      const onDigest = (digest: string) => signal.aborted || (this.#seen = digest);
      const given = { dir, cache, van, signal, permit, onDigest };
      const module = await obtain(this.#spec, times === undefined ? given : { ...given, times });
      if (signal.aborted) return;
      this.#problem = undefined;
      this.#rolledBack = undefined;
      this.#versions.add(module);
      if (this.#slot?.takes(module)) this.#slot.replace(module, this.#spec.canary);
      else {
        this.#slot = new AdaptorSlot(module, (verdict) => this.#tellVerdict(verdict));
        this.#generation++;
      }
      onLoaded(module);
    } catch (error) {
      if (signal.aborted) return;
      this.#tell(error);
      if (isDenial(error)) await this.#dropDenied();
      if (signal.aborted) return;
      const next = Math.min(retryMs * 2, MAX_RETRY_MS);
      this.#retry = setTimeout(() => this.#busy = this.#load(signal, next), retryMs);
    }
    onChange();
  }

  /** Why a module with `digest` may not be loaded here by the Policies; undefined if it may. */
  async #denial(digest: string): Promise<TendrilError | undefined> {
    const policies = this.#context.policies();
    const { name, source, signature } = this.#spec;
    const signers = await signersOf(policies, digest, signature);
    const objection = loadObjection(policies, { digest, name, source, signers });
    if (objection === undefined) return undefined;
    return new TendrilError("ADAPTOR_DENIED", `${digest} may not be loaded as ${name}: ${objection}`, {
      hint: "Have the Policy allow it by a rule with load, or take the Adaptor out.",
    });
  }

  /** A version that was loaded before goes on only if it still may; no other is tried. */
  async #dropDenied(): Promise<void> {
    const slot = this.#slot;
    slot?.cancelTrial();
    if (slot === undefined || await this.#denial(slot.digest) === undefined) return;
    this.#slot = undefined;
    this.#generation++;
    this.#context.onGone();
  }

  #tellVerdict(verdict: CanaryVerdict): void {
    const { digest, version, ended, failed, passed, lastFault } = verdict;
    const fields = {
      adaptor: this.#spec.name,
      digest,
      version,
      connections: ended,
      failed,
      reason: lastFault?.message,
    };
    if (passed) this.#context.logger.info("adaptor has passed its trial: all new connections get it", fields);
    else {
      this.#rollbacks++;
      this.#rolledBack = `rolled back from ${digest}, with which ${failed} of ${ended} connections failed`;
      if (lastFault !== undefined) this.#rolledBack += `: ${lastFault.message}`;
      this.#context.logger.error("adaptor is rolled back: connections get the version before it", fields);
    }
    this.#context.onChange();
  }

  #tell(error: unknown): void {
    const reason = redactText(messageOf(error));
    if (reason === this.#problem) return; // Said once; the status keeps saying it.
    this.#problem = reason;
    const { name, source } = this.#spec;
    const { code, hint } = error instanceof TendrilError ? error : { code: undefined, hint: undefined };
    const fields = { adaptor: name, source, digest: this.#wanted, code, reason, next: hint };
    this.#context.logger.error("adaptor can't be loaded", fields);
  }
}

function isDenial(error: unknown): boolean {
  return error instanceof TendrilError && error.code === "ADAPTOR_DENIED";
}

function onTrial({ digest, ended, failed, connections }: CanaryState): string {
  return `${digest} is on trial: ${ended} of ${connections} connections have ended, ${failed} failed`;
}
