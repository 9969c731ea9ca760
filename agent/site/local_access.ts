/**
 * The local door of a running site: a socket in its folder, `run/amqp.sock`, at which programs of the same user are
 * plain AMQP clients of its router. The folder keeps everybody else out.
 */

import { every } from "../lib/clock.ts";
import { messageOf, TendrilError } from "../lib/errors.ts";
import { ClientPeer } from "../router/client_peer.ts";
import type { AcceptedPeer } from "../router/accepted_peer.ts";
import type { Router } from "../router/router.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Channel } from "../transport/channel.ts";
import { acceptLocal, dialLocal, type LocalAcceptor } from "../transport/local_socket.ts";

/** Clients that may be connected at the same time. */
export const MAX_LOCAL_CLIENTS = 256;
/** How often it is looked whether the socket is still there, in ms: folders are emptied, or replaced by others. */
const LOOK_MS = 5000;
/** Time a client has for its Open, in ms. */
const OPEN_TIMEOUT_MS = 10_000;

/** Where the socket of the site in `dir` is. */
export function localSocket(dir: string): string {
  return `${dir.replace(/(?<=.)\/+$/, "")}/run/amqp.sock`;
}

/** See the head of the file. */
export class LocalAccess {
  readonly #router: Router;
  /** What calls off the deadline of each client's Open. */
  readonly #clients = new Map<AcceptedPeer, () => void>();
  #acceptor: LocalAcceptor | undefined;
  #allGone = Promise.withResolvers<void>();
  #closing = false;
  #stopLooking = () => {};
  #looking = Promise.resolve();

  private constructor(router: Router) {
    this.#router = router;
  }

  /**
   * Opens the door of the site in `dir`. Throws SITE_RUNNING when another process has it open. Where there can be none,
   * because the folder is read-only or Deno does not allow it, a warning says so and the site runs all the same.
   */
  static async open(dir: string, router: Router, logger: Logger): Promise<LocalAccess> {
    const access = new LocalAccess(router);
    try {
      await access.#open(dir);
      access.#stopLooking = every(router.clock, LOOK_MS, () => access.#looking = access.#look(dir, logger));
    } catch (error) {
      if (error instanceof TendrilError) throw error;
      logger.warn("no local socket: commands such as `network status` can't ask this site", {
        socket: localSocket(dir),
        reason: messageOf(error),
      });
    }
    return access;
  }

  /** Shuts the door and sends everybody away; resolves when all are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#stopLooking();
    await this.#looking;
    const closed = this.#acceptor?.close();
    for (const client of [...this.#clients.keys()]) client.peer.close();
    if (this.#clients.size > 0) await this.#allGone.promise;
    await closed;
  }

  async #open(dir: string): Promise<void> {
    this.#acceptor = await openSocket(dir, (channel) => this.#serve(channel));
  }

  /** Opens the door anew where it is gone. */
  async #look(dir: string, logger: Logger): Promise<void> {
    try {
      if (!await isGone(localSocket(dir)) || await isGone(dir)) return;
      void this.#acceptor?.close();
      await this.#open(dir);
      logger.info("the local socket was gone, and is open again", { socket: localSocket(dir) });
    } catch {
      // It will be looked at again, and who asks the site is told that nobody answers.
    }
  }

  #serve(channel: Channel): void {
    const client = new ClientPeer(this.#router, channel, {
      onOpen: (peer) => this.#clients.get(peer)?.(),
      onGone: (peer) => {
        this.#clients.get(peer)?.();
        this.#clients.delete(peer);
        if (this.#closing && this.#clients.size === 0) this.#allGone.resolve();
      },
    });
    this.#clients.set(client, this.#router.clock.after(OPEN_TIMEOUT_MS, () => channel.destroy()));
    client.start();
    if (this.#closing) client.peer.close();
  }
}

async function openSocket(dir: string, onChannel: (channel: Channel) => void): Promise<LocalAcceptor> {
  const path = localSocket(dir);
  await Deno.mkdir(`${dir}/run`, { recursive: true, mode: 0o700 });
  if (await isTaken(path)) {
    throw new TendrilError("SITE_RUNNING", `the site in ${dir} is running already`, {
      hint: "Stop the other process first, or run another folder.",
    });
  }
  // Left behind by a process that was killed.
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const acceptor = await acceptLocal(path, MAX_LOCAL_CLIENTS, onChannel);
  await Deno.chmod(path, 0o600);
  return acceptor;
}

async function isGone(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => false, (error) => error instanceof Deno.errors.NotFound);
}

/** True when a process answers at `path`. */
async function isTaken(path: string): Promise<boolean> {
  try {
    (await dialLocal(path)).destroy();
    return true;
  } catch (error) {
    if (error instanceof TendrilError) return false;
    throw error;
  }
}
