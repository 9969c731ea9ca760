/** The process around a command: streams, clock and environment, as an interface that tests can stand in for. */

import { TendrilError } from "../lib/errors.ts";

/** What commands may touch of the process. */
export interface CliIo {
  /** Writes results; nothing else goes to stdout. */
  stdout(text: string): void;
  /** Writes logs, progress and errors. */
  stderr(text: string): void;
  /** Reads all of stdin as text; fails with `INPUT_TOO_LARGE` beyond `maxBytes`. */
  stdin(maxBytes: number): Promise<string>;
  /** True when stderr is an interactive terminal. */
  readonly terminal: boolean;
  /** True when stdout is one. */
  readonly stdoutTerminal: boolean;
  /** False when the user asked for no colours (`NO_COLOR`). */
  readonly colors: boolean;
  /** The variable's value, or undefined when it is unset or Deno doesn't grant it; never asks the user. */
  env(name: string): string | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The real process. */
export function processIo(): CliIo {
  return {
    stdout: (text) => writeAll(Deno.stdout, text),
    stderr: (text) => writeAll(Deno.stderr, text),
    stdin: readAll,
    terminal: Deno.stderr.isTerminal(),
    stdoutTerminal: Deno.stdout.isTerminal(),
    colors: !Deno.noColor,
    env: (name) =>
      Deno.permissions.querySync({ name: "env", variable: name }).state === "granted" ? Deno.env.get(name) : undefined,
    now: () => Date.now(),
  };
}

const encoder = new TextEncoder();

/** Synchronous, so that nothing is lost when the process exits right after. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = encoder.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    // The reader is gone (`tendril … | head`) or can't keep up: not the command's failure.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.WouldBlock)) throw error;
  }
}

async function readAll(maxBytes: number): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of Deno.stdin.readable) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new TendrilError("INPUT_TOO_LARGE", `standard input has more than ${maxBytes} bytes`, {
        hint: "Pipe in a single link file.",
      });
    }
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}
