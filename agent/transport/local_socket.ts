/**
 * Sockets of the file system, by which programs of the same machine talk to a running site: who may open the file may
 * talk. In: a path. Out: channels without encryption, whose peers are known to be local.
 */

import { connect, createServer, type Socket } from "node:net";
import { LOCAL_PROGRAM } from "../lib/endpoint.ts";
import { TendrilError } from "../lib/errors.ts";
import type { Channel } from "./channel.ts";
import { SocketChannel } from "./socket_channel.ts";

/** Where such a socket is in the folder of its site. */
const LOCATION = /\/?[^/]+\/[^/]+$/;
/** How such peers are named. */
const LOCAL_PEER = { address: LOCAL_PROGRAM, subject: undefined, fingerprint: undefined };

/** An open socket file. */
export interface LocalAcceptor {
  /** Accepts nobody any more and removes the file; resolves when all channels that were handed out are gone, too. */
  close(): Promise<void>;
}

/** Opens a socket at `path`, which must be free. Rejects with the system's error. */
export function acceptLocal(
  path: string,
  maxConnections: number,
  onChannel: (channel: Channel) => void,
): Promise<LocalAcceptor> {
  const server = createServer((raw) => {
    raw.on("error", () => {});
    onChannel(new SocketChannel(raw, LOCAL_PEER));
  });
  server.maxConnections = maxConnections;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      // Without a listener a failure of the socket would end the process.
      server.on("error", () => {});
      resolve({ close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

/** Connects to the socket at `path`. Throws LOCAL_SOCKET when nobody is there. */
export function dialLocal(path: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const raw: Socket = connect(path);
    raw.once("error", (cause) =>
      reject(
        new TendrilError("LOCAL_SOCKET", `Nobody answers at ${path}: no site runs in that folder.`, {
          cause,
          hint: `Start it with \`tendril run ${path.replace(LOCATION, "") || "."}\`, or name another --dir.`,
        }),
      ));
    raw.once("connect", () => resolve(new SocketChannel(raw, LOCAL_PEER)));
  });
}
