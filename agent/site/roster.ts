/**
 * The running parts of one kind, by name: what is new is started, what is gone is stopped, what reads as before is left
 * alone. So a long connection lives through changes that are none of its business.
 */

/** What happened to one part. */
export interface RosterChange {
  /** Its name. */
  readonly name: string;
  /** `failed`: it could not be started, and is not there; or could not be altered, and is as it was. */
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
  /**
   * Makes a part that runs as `before` what `spec` says without stopping it: the result runs from now on, undefined when
   * it takes a new start. What it throws leaves the part as it was, and is tried again by the next call. Without it every
   * change is a new start.
   */
  alter?(running: R, spec: S, before: S): R | undefined;
  /** Stops a part; resolves when what it holds, such as a port, is free. */
  stop(running: R): void | Promise<void>;
}

/** A part and what it runs as. */
interface Part<S, R> {
  readonly spec: S;
  readonly text: string;
  readonly running: R;
}

/** See the head of the file. */
export class Roster<S, R> {
  readonly #rules: RosterRules<S, R>;
  #parts = new Map<string, Part<S, R>>();

  /** Nothing runs. */
  constructor(rules: RosterRules<S, R>) {
    this.#rules = rules;
  }

  /** What runs, in the order of the specs of the last {@link Roster.apply}. */
  get running(): R[] {
    return [...this.#parts.values()].map(({ running }) => running);
  }

  /** What they run as, in the same order. */
  get specs(): S[] {
    return [...this.#parts.values()].map(({ spec }) => spec);
  }

  /**
   * Makes `specs` run, and nothing else. What goes is stopped before anything starts, for it may hold a port that is
   * wanted. A part that can't start is left out, and tried again by the next call. Parts for which `stays` is true are
   * left as they are, whatever `specs` say. Without `starting` nothing starts: what takes a new start goes.
   */
  async apply(
    specs: readonly S[],
    stays: (name: string) => boolean = () => false,
    starting = true,
  ): Promise<RosterChange[]> {
    const changes: RosterChange[] = [];
    const wanted = new Map(specs.map((spec) => [this.#rules.name(spec), { spec, text: JSON.stringify(spec) }]));
    const before = this.#parts;
    const kept: typeof before = new Map();
    for (const [name, part] of before) {
      if (wanted.get(name)?.text === part.text || stays(name)) {
        kept.set(name, part);
        continue;
      }
      const altered = this.#alter(part, wanted.get(name), changes);
      if (altered !== undefined) {
        kept.set(name, altered);
        continue;
      }
      await this.#rules.stop(part.running);
      if (!wanted.has(name) || !starting) changes.push({ name, action: "removed" });
    }
    const after: typeof before = new Map([...kept].filter(([name]) => !wanted.has(name)));
    for (const [name, { spec, text }] of wanted) {
      const part = kept.get(name);
      if (part !== undefined) {
        after.set(name, part);
        continue;
      }
      if (!starting) continue;
      try {
        after.set(name, { spec, text, running: await this.#rules.start(spec) });
        changes.push({ name, action: before.has(name) ? "changed" : "added" });
      } catch (error) {
        changes.push({ name, action: "failed", error });
      }
    }
    this.#parts = after;
    return changes;
  }

  /** The part as it is after an attempt to make it `wanted`; undefined when it has to go. */
  #alter(
    part: Part<S, R>,
    wanted: Pick<Part<S, R>, "spec" | "text"> | undefined,
    changes: RosterChange[],
  ): Part<S, R> | undefined {
    if (wanted === undefined || this.#rules.alter === undefined) return undefined;
    const name = this.#rules.name(wanted.spec);
    try {
      const running = this.#rules.alter(part.running, wanted.spec, part.spec);
      if (running === undefined) return undefined;
      changes.push({ name, action: "changed" });
      return { ...wanted, running };
    } catch (error) {
      changes.push({ name, action: "failed", error });
      return part;
    }
  }
}
