/** A local port that accepts connections as they come. */

import type { LocalSocket } from "./local_socket.ts";

/** An open port. */
export interface LocalPort {
  /** The port in use. */
  readonly port: number;
  /** Accepts nobody any more; who was accepted stays. Resolves when the port is free. */
  close(): Promise<void>;
}

/** Opens a port. `onFailed` hears that it can't go on, having closed itself. Throws what the system says. */
export function openPlainPort(
  hostname: string,
  port: number,
  onSocket: (socket: LocalSocket) => void,
  onFailed: (error: unknown) => void,
): LocalPort {
  const listener = Deno.listen({ hostname, port });
  let open = true;
  const close = () => {
    if (open) listener.close();
    open = false;
    // The system's own handle lives on until the last accept has come back.
    return accepting;
  };
  const acceptAll = async () => {
    while (open) {
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (!open) return;
        if (isClientsFault(error)) continue;
        close();
        onFailed(error);
        return;
      }
      // One that came as the port was closed is refused like those behind it.
      if (open) onSocket(conn);
      else conn.close();
    }
  };
  const accepting = acceptAll();
  return { port: listener.addr.port, close };
}

/** True when a client was gone before it was accepted: that is no business of the others. */
function isClientsFault(error: unknown): boolean {
  const { ConnectionAborted, ConnectionReset, NotConnected } = Deno.errors;
  return [ConnectionAborted, ConnectionReset, NotConnected].some((kind) => error instanceof kind);
}
