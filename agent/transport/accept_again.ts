/**
 * Keeps a port alive that the runtime has gone deaf on. On Deno 2.9 one accept that fails, as it does when the process is
 * out of file descriptors, is neither reported nor repeated: the listener never accepts again. Listening on it once more
 * wakes it, and does nothing to one that is well.
 */

import type { Server } from "node:net";

/** How long a deaf port may stay so, milliseconds. */
const REPEAT_MS = 1000;

/** Node's own default length of the queue of connections. */
const BACKLOG = 511;

/** The native handle under a server; undocumented. */
interface ListeningHandle {
  listen?: (backlog: number) => number;
}

/**
 * Wakes `server`, which listens on `host`, regularly, and tells the reason to `onStarved` once each time that the process
 * has run out of descriptors; the answer stops that. Does nothing where the runtime does not show its handle.
 */
export function keepAccepting(server: Server, host: string, onStarved: (reason: unknown) => void): () => void {
  const handle = (server as unknown as { _handle?: ListeningHandle | null })._handle;
  if (typeof handle?.listen !== "function") return () => {};
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let starved = false;
  const timer = setInterval(() => {
    const reason = starvation(host, port);
    if (reason !== undefined && !starved) onStarved(reason);
    starved = reason !== undefined;
    handle.listen!(BACKLOG);
  }, REPEAT_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}

/**
 * Why the process has no descriptor left, if so. It asks for a port that is taken, which it is told at once, unless there
 * is no descriptor even for the question: the one way to find out that needs no permission which the port does not.
 */
function starvation(hostname: string, port: number): unknown {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    return code === "EMFILE" || code === "ENFILE" ? error : undefined;
  }
  return undefined;
}
