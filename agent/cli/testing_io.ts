/** A process for tests of the command line: streams as strings, a clock that stands still. */

import type { CliIo } from "./io.ts";

/** A {@link CliIo} that remembers. */
export class TestIo implements CliIo {
  /** Everything written to stdout. */
  out = "";
  /** Everything written to stderr. */
  err = "";
  readonly terminal: boolean;
  readonly stdoutTerminal: boolean;
  readonly colors: boolean;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #input: string;

  /** A process that sees the given environment, terminal and input. */
  constructor(
    { env = {}, terminal = false, colors = true, input = "" }: {
      env?: Record<string, string>;
      terminal?: boolean;
      colors?: boolean;
      input?: string;
    } = {},
  ) {
    this.#environment = env;
    this.terminal = this.stdoutTerminal = terminal;
    this.colors = colors;
    this.#input = input;
  }

  stdout(text: string): void {
    this.out += text;
  }
  stderr(text: string): void {
    this.err += text;
  }
  stdin(): Promise<string> {
    return Promise.resolve(this.#input);
  }
  env(name: string): string | undefined {
    return this.#environment[name];
  }
  now(): number {
    return 0;
  }
}
