/** Checks a routing key: does the network know it, does a way lead to who serves it, does the service answer. */

import { TendrilError } from "../../lib/errors.ts";
import { nearest } from "../../lib/suggest.ts";
import { managementAddress, type ManagementClient } from "../../management/client.ts";
import { type Survey, survey } from "../../management/survey.ts";
import type { Channel } from "../../transport/channel.ts";
import type { Checklist } from "./checklist.ts";
import { probeStream } from "./stream_probe.ts";

/** A router that can be asked, and reached by further connections. */
export interface RouterDoor {
  /** Asks it and, through it, the network. */
  readonly client: ManagementClient;
  /** One more connection as its client. */
  connect(): Promise<Channel>;
}

/** Checks `key`; `protocol` is what this site says is spoken there, undefined where it says nothing. */
export async function checkService(
  list: Checklist,
  { client, connect }: RouterDoor,
  key: string,
  protocol: string | undefined,
  timeoutMs: number,
): Promise<void> {
  let untold: string | undefined;
  const found = await list.take(
    "key",
    key,
    async () => {
      const network = await survey(client);
      untold = untoldBy(network, key);
      return known(network, key);
    },
    ({ routers }) => `served by ${routers.map(({ id }) => id).join(", ")}`,
    () => untold,
  );
  if (found === undefined && untold === undefined) {
    list.skip("consumer", key, "the key is not known");
    list.skip("end-to-end", key, "the key is not known");
    return;
  }
  if (found === undefined) list.skip("consumer", key, "it is not known who serves the key");
  for (const { id, role, cost } of found?.routers ?? []) {
    await list.confirm("consumer", `${key} at ${id}`, async () => {
      if (cost === null) throw noWay(id);
      // Whatever it says, it has answered.
      await client.ask(managementAddress({ id, role }), "GET-OPERATIONS", { entityType: "router" }).catch((error) => {
        if (error.code !== "MANAGEMENT_REFUSED") throw error;
      });
    }, `answers; the way there costs ${cost}`);
  }
  if (protocol !== undefined && protocol !== "tcp") {
    list.skip("end-to-end", key, `its type is ${protocol}, and a request could change something`);
    return;
  }
  await list.confirm(
    "end-to-end",
    key,
    async () => await probeStream(await connect(), key, timeoutMs),
    "a connection was taken by the target",
    ({ code, message }) =>
      protocol === undefined && code === "CHECK_PROTOCOL"
        ? `${message}; something other than TCP may be spoken there, this site does not know what`
        : undefined,
  );
}

/** Why it can't be told whether anybody serves `key`: a router that is silent about itself may know somebody. */
function untoldBy({ routers }: Survey, key: string): string | undefined {
  const mute = routers.find(({ silent }) => silent !== null);
  if (mute === undefined) return undefined;
  return `${mute.id} does not tell who serves ${key}: ${mute.silent}`;
}

function known({ addresses, routers }: Survey, key: string) {
  const found = addresses.find(({ address }) => address === key);
  if (found !== undefined) return { routers: routers.filter(({ id }) => found.routers.includes(id)) };
  const near = nearest(key, addresses.map(({ address }) => address));
  throw new TendrilError("CHECK_KEY", `nobody in the network serves the routing key ${key}`, {
    hint: near === undefined
      ? "Create a Connector with this routing key at the site that has the service, and see that its site is linked."
      : `Did you mean ${near}? Listener and Connector need exactly the same routing key.`,
  });
}

function noWay(id: string): TendrilError {
  return new TendrilError("NETWORK_NO_WAY", `no way leads to ${id}`, {
    hint: "`tendril network status` shows which routers and links are missing.",
  });
}
