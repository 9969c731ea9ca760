/**
 * All ports on which this router accepts others. One that can't be opened, because another program has its place, is told
 * of, and tried again until it can.
 */

import {
  type AccessSpec,
  type AccessStatus,
  differsInCredentials,
  Roster,
  type RosterChange,
} from "../../agent/mod.ts";
import { messageOf, TendrilError } from "../../agent/lib/errors.ts";
import { AccessPort, type AccessPortDeps } from "./access_port.ts";

/** Pause before ports that could not be opened are tried again, in ms. */
export const REOPEN_MS = 1000;

/** See the head of the file. */
export class AccessPorts {
  readonly #onChange: () => void;
  readonly #roster: Roster<AccessSpec, AccessPort>;
  /** What was wanted last. */
  #specs: readonly AccessSpec[] = [];
  /** Why ports that are wanted are not open, by their names in the roster. */
  readonly #faults = new Map<string, unknown>();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  /** No port is open. */
  constructor(deps: AccessPortDeps) {
    this.#onChange = deps.onChange;
    this.#roster = new Roster({
      name: nameOf,
      start: (access) => AccessPort.open(access, deps),
      alter: (port, access, before) => {
        if (access.tls === undefined || !differsInCredentials(access, before)) return undefined;
        port.renew(access.tls);
        return port;
      },
      stop: (port) => port.close(),
    });
  }

  /** Those that are open. */
  get open(): readonly AccessPort[] {
    return this.#roster.running;
  }

  /**
   * Opens the ports `specs`, and no others; those of resources for which `stays` is true are left as they are. Without
   * `starting` none is opened.
   */
  apply(
    specs: readonly AccessSpec[],
    stays: (resource: string) => boolean,
    starting = true,
  ): Promise<RosterChange[]> {
    return this.#inTurn(async () => {
      const mayStart = starting && !this.#stopped;
      const changes = await this.#roster.apply(specs, (port) => stays(port.replace(/ \S+$/, "")), mayStart);
      this.#shutIfStopped();
      const shut = new Set(changes.filter(({ action }) => action === "failed").map(({ name }) => name));
      this.#faults.clear();
      for (const { name, error } of changes) if (shut.has(name) && !this.#isOpen(name)) this.#faults.set(name, error);
      this.#specs = specs;
      this.#tryAgainSoon();
      return changes;
    });
  }

  /** Each port that is open, then those that ought to be. */
  status(): AccessStatus[] {
    const shut = this.#specs.filter((spec) => this.#faults.has(nameOf(spec)));
    return [
      ...this.open.map((port) => port.status()),
      ...shut.map((spec) => statusOfShut(spec, this.#faults.get(nameOf(spec)))),
    ];
  }

  /** Nobody is accepted any more; who is there stays. */
  shut(): void {
    this.#stop();
    for (const port of this.open) port.shut();
  }

  /** Closes all ports and disconnects who came by them; resolves when all are gone. */
  async close(): Promise<void> {
    this.#stop();
    await this.#inTurn(() => Promise.all(this.open.map((port) => port.close())));
  }

  #stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  /** A port may have been about to open when all was shut. */
  #shutIfStopped(): void {
    if (!this.#stopped) return;
    for (const port of this.open) port.shut();
  }

  #isOpen(name: string): boolean {
    return this.#roster.specs.some((spec) => nameOf(spec) === name);
  }

  #tryAgainSoon(): void {
    clearTimeout(this.#retry);
    if (this.#stopped || this.#faults.size === 0) return;
    this.#retry = setTimeout(() => void this.#inTurn(() => this.#tryAgain()), REOPEN_MS);
  }

  async #tryAgain(): Promise<void> {
    if (this.#stopped) return;
    const wanted = this.#specs.filter((spec) => this.#faults.has(nameOf(spec)));
    // What is open stays as it is: this is about the others alone.
    for (const { name, action, error } of await this.#roster.apply([...this.#roster.specs, ...wanted])) {
      if (action === "failed") this.#faults.set(name, error);
      else this.#faults.delete(name);
    }
    this.#shutIfStopped();
    if (wanted.some((spec) => !this.#faults.has(nameOf(spec)))) this.#onChange();
    this.#tryAgainSoon();
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changing = this.#changing.then(change);
    this.#changing = changing.catch(() => {});
    return changing;
  }
}

function nameOf({ name, role }: AccessSpec): string {
  return `${name} ${role}`;
}

function statusOfShut({ name, role, host, port }: AccessSpec, error: unknown): AccessStatus {
  const hint = (error instanceof TendrilError ? error.hint : undefined) ?? "";
  return { name, role, host, port, peers: 0, fault: { message: messageOf(error), hint } };
}
