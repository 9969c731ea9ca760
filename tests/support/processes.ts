/** Real processes for tests and benchmarks: started, watched, and always ended by their own id. */

/** A child process whose output is kept. */
export interface Process extends AsyncDisposable {
  readonly pid: number;
  readonly name: string;
  /** Everything it has written so far, both streams. */
  output(): string;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** Sends `signal`. */
  signal(signal: Deno.Signal): void;
  /** SIGTERM, then SIGKILL after three seconds; resolves when it is gone. */
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 3000;
const decoder = new TextDecoder();

/** Starts `command`; its output is collected, not shown. */
export function start(
  name: string,
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; clearEnv?: boolean } = {},
): Process {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).spawn();
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  let running = true;
  const ended = child.status.then(async ({ code }) => {
    running = false;
    await reading;
    return code;
  });
  const signal = (name: Deno.Signal) => {
    if (running) child.kill(name);
  };
  const stop = async () => {
    signal("SIGTERM");
    const timer = setTimeout(() => signal("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  };
  return { pid: child.pid, name, output: () => text, ended, signal, stop, [Symbol.asyncDispose]: stop };
}

/** What a program that ends by itself has to say. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `command` to its end, at most `limitMs`. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; limitMs?: number; env?: Record<string, string>; clearEnv?: boolean; stdin?: string } = {},
): Promise<Result> {
  const { limitMs = 180_000, stdin, ...rest } = options;
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...rest,
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Resolves when something accepts on the loopback port; rejects after `limitMs`, or when `process` has ended. */
export async function untilListening(port: number, process?: Process, limitMs = 60_000): Promise<void> {
  let over = false;
  process?.ended.then(() => over = true);
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    if (over || performance.now() > deadline) {
      throw new Error(`nothing listens on ${port}: ${process?.output().slice(-2000) ?? ""}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
