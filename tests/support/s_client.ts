/** `openssl s_client` as a peer that keeps TLS tickets and shows them elsewhere. */

import { until } from "./until.ts";

/**
 * Connects to `port` with further `args`, sends `input`, and leaves when `done` holds: at the end of its input it would
 * leave at once, before a ticket has come. Rejects when that never happens.
 */
export async function sClient(
  port: number,
  args: readonly string[],
  input: string,
  done: () => boolean,
): Promise<void> {
  const words = ["s_client", "-connect", `127.0.0.1:${port}`, ...args];
  const child = new Deno.Command("openssl", { args: words, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await until(done);
  } finally {
    await writer.close().catch(() => {});
    await child.status;
  }
}

/** True when the file at `path` is there with something in it, such as a ticket. */
export function isWritten(path: string): boolean {
  try {
    return Deno.statSync(path).size > 0;
  } catch {
    return false;
  }
}
