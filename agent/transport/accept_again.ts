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

/** Wakes `server` regularly; the answer stops that. Does nothing where the runtime does not show its handle. */
export function keepAccepting(server: Server): () => void {
  const handle = (server as unknown as { _handle?: ListeningHandle | null })._handle;
  if (typeof handle?.listen !== "function") return () => {};
  const timer = setInterval(() => handle.listen!(BACKLOG), REPEAT_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
