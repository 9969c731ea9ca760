/**
 * The running parts of one kind, by name: what is new is started, what is gone is stopped, what reads as before is left
 * alone. So a long connection lives through changes that are none of its business.
 */

/** What happened to one part. */
export interface RosterChange {
  /** Its name. */
  readonly name: string;
  /** `failed`: it could not be started, and is not there. */
  readonly action: "added" | "changed" | "removed" | "failed";
  /** Why it failed. */
  readonly error?: unknown;
}

/** How parts are told apart, started and stopped. */
export interface RosterRules<S, R> {
  /** Unique among the parts. */
  name(spec: S): string;
  /** Starts a part; may throw. */
  start(spec: S): R | Promise<R>;
  /** Stops a part; resolves when what it holds, such as a port, is free. */
  stop(running: R): void | Promise<void>;
}

/** See the head of the file. */
export class Roster<S, R> {
  readonly #rules: RosterRules<S, R>;
  #parts = new Map<string, { readonly text: string; readonly running: R }>();

  /** Nothing runs. */
  constructor(rules: RosterRules<S, R>) {
    this.#rules = rules;
  }

  /** What runs, in the order of the specs of the last {@link Roster.apply}. */
  get running(): R[] {
    return [...this.#parts.values()].map(({ running }) => running);
  }

  /**
   * Makes `specs` run, and nothing else. What goes is stopped before anything starts, for it may hold a port that is
   * wanted. A part that can't start is left out, and tried again by the next call.
   */
  async apply(specs: readonly S[]): Promise<RosterChange[]> {
    const changes: RosterChange[] = [];
    const wanted = new Map(specs.map((spec) => [this.#rules.name(spec), { spec, text: JSON.stringify(spec) }]));
    const before = this.#parts;
    const kept: typeof before = new Map();
    for (const [name, part] of before) {
      if (wanted.get(name)?.text === part.text) {
        kept.set(name, part);
        continue;
      }
      await this.#rules.stop(part.running);
      if (!wanted.has(name)) changes.push({ name, action: "removed" });
    }
    const after: typeof before = new Map();
    for (const [name, { spec, text }] of wanted) {
      const part = kept.get(name);
      if (part !== undefined) {
        after.set(name, part);
        continue;
      }
      try {
        after.set(name, { text, running: await this.#rules.start(spec) });
        changes.push({ name, action: before.has(name) ? "changed" : "added" });
      } catch (error) {
        changes.push({ name, action: "failed", error });
      }
    }
    this.#parts = after;
    return changes;
  }
}
