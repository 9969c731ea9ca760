/** Finds out which piece on the way that a link file describes is broken, with a short-lived edge of its own. */

import { ManagementClient } from "../../management/client.ts";
import { LiveRouter } from "../../management/live_router.ts";
import { ManagementNode } from "../../management/management_node.ts";
import { survey } from "../../management/survey.ts";
import { LOCAL_PROGRAM } from "../../lib/endpoint.ts";
import { TendrilError } from "../../lib/errors.ts";
import { ClientPeer } from "../../router/client_peer.ts";
import { EdgeLinks } from "../../router/edge_links.ts";
import { Router } from "../../router/router.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { Backoff } from "../../transport/backoff.ts";
import type { Channel } from "../../transport/channel.ts";
import { channelPair } from "../../transport/memory_channel.ts";
import { parseLinkFile } from "../link_file.ts";
import { linkTarget } from "../runtime.ts";
import type { LinkSpec } from "../spec.ts";
import { Checklist } from "./checklist.ts";
import { checkCredentials } from "./credentials_check.ts";
import { checkEndpoint } from "./endpoint_check.ts";
import { checkService } from "./service_check.ts";

/** Time for an answer while a new edge is not known everywhere, in ms. */
const WARM_UP_MS = 300;

/** Checks the link file `text`, and `key` if given, as an edge would use it; each question may take `timeoutMs`. */
export async function checkLinkFile(
  text: string,
  fileName: string,
  key: string | undefined,
  timeoutMs: number,
): Promise<Checklist> {
  const list = new Checklist();
  const links = await list.take(
    "folder",
    fileName,
    () => parseLinkFile(text, fileName),
    (links) => `a link file with ${links.map(({ name }) => name).join(", ")}`,
  );
  const id = `check-${crypto.randomUUID().slice(0, 8)}`;
  let usable: LinkSpec | undefined;
  for (const link of links ?? []) {
    checkCredentials(list, link.name, link.tls);
    const all = link.endpoints.filter(({ role }) => role === "edge");
    for (const endpoint of all.length > 0 ? all : link.endpoints) {
      const admitted = await checkEndpoint(list, link, endpoint, id, timeoutMs);
      if (admitted && endpoint.role === "edge") usable ??= link;
    }
  }
  if (key === undefined) return list;
  if (usable === undefined) list.skip("key", key, "no link leads to the network");
  else await throughEdge(list, usable, id, key, timeoutMs);
  return list;
}

async function throughEdge(list: Checklist, link: LinkSpec, id: string, key: string, timeoutMs: number): Promise<void> {
  const router = new Router({ id, role: "edge" });
  const up = Promise.withResolvers<void>();
  const late = setTimeout(() => up.reject(notUp(timeoutMs)), timeoutMs);
  const retry = () => new Backoff({ random: Math.random });
  const looked = () => links.status().some(({ state }) => state === "active") && up.resolve();
  const links: EdgeLinks = new EdgeLinks(router, [], retry, silentLogger, () => looked());
  const stopManagement = new ManagementNode(router, new LiveRouter(router)).start();
  const clients = new Clients(router);
  links.add(linkTarget(link, "edge"));
  try {
    if (!await list.confirm("link", link.name, () => up.promise, "active")) return;
    await untilKnown(clients.connect(), timeoutMs);
    const client = await ManagementClient.connect(clients.connect(), timeoutMs);
    const door = { client, connect: () => Promise.resolve(clients.connect()) };
    await checkService(list, door, key, undefined, timeoutMs);
    await client.close();
  } finally {
    clearTimeout(late);
    stopManagement();
    await clients.gone();
    await links.stop();
  }
}

/** Answers of far routers come only when those have heard of a new edge: asks until all do, `timeoutMs` at most. */
async function untilKnown(channel: Channel, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const client = await ManagementClient.connect(channel, WARM_UP_MS);
  while (performance.now() < deadline) {
    const { routers } = await survey(client);
    if (routers.length > 1 && routers.every(({ silent }) => silent === null)) break;
  }
  await client.close();
}

/** Clients of `router` in this process. */
class Clients {
  readonly #router: Router;
  readonly #gone: Promise<void>[] = [];

  constructor(router: Router) {
    this.#router = router;
  }

  connect(): Channel {
    const [near, far] = channelPair([LOCAL_PROGRAM, LOCAL_PROGRAM]);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gone.push(promise);
    new ClientPeer(this.#router, far, { onOpen() {}, onGone: () => resolve() }).start();
    return near;
  }

  /** Resolves when all have left. */
  async gone(): Promise<void> {
    await Promise.all(this.#gone);
  }
}

function notUp(timeoutMs: number): TendrilError {
  return new TendrilError("CHECK_LINK", `the link was not up within ${timeoutMs} ms`, {
    hint: "Allow more time with --timeout, or look into the log of the other site.",
  });
}
