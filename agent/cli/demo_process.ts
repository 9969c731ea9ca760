/**
 * One `tendril` process that the demo started: its command line, its log as records, its orderly end.
 * The log is read as `--log-format json` writes it, as any supervisor could.
 */

import { TendrilError } from "../lib/errors.ts";

/** What a child logged, one record per line. */
export type ChildRecord = Readonly<Record<string, unknown>>;

/** How long a child may take to end after SIGTERM before it is killed, in milliseconds. */
const STOP_LIMIT_MS = 3_000;
/** How many of its last log lines a failure shows. */
const TAIL_LINES = 12;
/** How many records are remembered; a demo left running for days must not grow. */
const MAX_RECORDS = 500;

/** A long-running child. Dispose it, whatever happens. */
export class DemoProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #records: ChildRecord[] = [];
  readonly #tail: string[] = [];
  readonly #reading: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #ended: Deno.CommandStatus | undefined;

  /** Starts `command` with `args` in the folder `cwd`; `name` is for messages. */
  constructor(name: string, command: string, args: readonly string[], cwd: string) {
    this.#name = name;
    this.#child = new Deno.Command(command, {
      args: [...args],
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
    this.#child.status.then((status) => {
      this.#ended = status;
      this.#stir();
    });
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The first record whose message is `message`, now or later; rejects when the child ends or `signal` fires. */
  async waitFor(message: string, signal: AbortSignal): Promise<ChildRecord> {
    const stop = () => this.#stir();
    signal.addEventListener("abort", stop);
    try {
      while (true) {
        const found = this.#records.find((record) => record["message"] === message);
        if (found !== undefined) return found;
        if (this.#ended !== undefined) throw this.#failure(`ended with code ${this.#ended.code}`);
        if (signal.aborted) throw this.#failure(`did not say "${message}" in time`);
        await this.#wake.promise;
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends it: SIGTERM, then SIGKILL when it takes too long; resolves when the process is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (this.#ended === undefined) {
      this.#kill("SIGTERM");
      timer = setTimeout(() => this.#kill("SIGKILL"), STOP_LIMIT_MS);
    }
    try {
      await this.#child.status;
      await this.#reading;
    } finally {
      clearTimeout(timer);
    }
  }

  /** By process id, to this child alone; it may be gone already. */
  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // Ended between the check and the call.
    }
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach((line) => this.#take(line));
    }
    if (rest !== "") this.#take(rest);
  }

  #take(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    try {
      const record: unknown = JSON.parse(line);
      if (typeof record === "object" && record !== null) this.#records.push(record as ChildRecord);
      if (this.#records.length > MAX_RECORDS) this.#records.shift();
    } catch {
      // Deno's own words; kept in the tail.
    }
    this.#stir();
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #failure(what: string): TendrilError {
    return new TendrilError("DEMO_FAILED", `the process "${this.#name}" (pid ${this.pid}) ${what}`, {
      cause: this.#tail.length === 0 ? "it logged nothing" : `its last lines:\n${this.#tail.join("\n")}`,
      hint: "Run the printed command by itself to see more, with --log-level debug.",
    });
  }
}
