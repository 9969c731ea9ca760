/** How a command asks the site that runs in a folder: by AMQP management at its local socket. */

import type { ManagementClient } from "../management/client.ts";
import { LOCAL_SOCKET, type PermissionNeed } from "./permissions.ts";

/** `--dir` of commands that ask a running site. */
export const RUNNING_SITE_FLAG = {
  kind: "text",
  placeholder: "DIR",
  default: ".",
  site: "there",
  help: "Folder of the running site that is asked.",
} as const;

/** `--timeout` of commands that ask a running site. */
export const TIMEOUT_FLAG = {
  kind: "integer",
  placeholder: "SECONDS",
  min: 1,
  max: 600,
  default: 5,
  help: "How long to wait for a router that does not answer.",
} as const;

/** What asking needs; Deno takes talking to a socket for reading and writing it. */
export const ASKING: readonly PermissionNeed[] = [
  { kind: "read", scope: "DIR/run", why: "the socket of the running site" },
  { kind: "write", scope: "DIR/run", why: "to talk to it" },
  { kind: "net", scope: LOCAL_SOCKET, why: "the same, by the absolute path of DIR" },
];

/** Runs `body` with a connection to the site in `dir`. Throws LOCAL_SOCKET when it is not running. */
export async function askSite<T>(
  dir: string,
  timeoutSeconds: number,
  body: (client: ManagementClient) => Promise<T>,
): Promise<T> {
  const { localSocket } = await import("../site/local_access.ts");
  const { dialLocal } = await import("../transport/local_socket.ts");
  const { ManagementClient } = await import("../management/client.ts");
  const client = await ManagementClient.connect(await dialLocal(localSocket(dir)), timeoutSeconds * 1000);
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}
