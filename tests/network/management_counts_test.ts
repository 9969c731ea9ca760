/** Messages, denials and the log as management tells them, over the wire. The real router says the same: see interop. */

import assert from "node:assert/strict";
import { TendrilError } from "../../agent/lib/errors.ts";
import { managementAddress, ManagementClient } from "../../agent/management/client.ts";
import { plain, type PlainMap } from "../../agent/management/values.ts";
import { dial } from "../../agent/transport/dial.ts";
import { COUNTED, CountedMessages, EXPECTED } from "../support/counted_messages.ts";
import { Asker } from "../support/management_steps.ts";
import { withHub } from "../support/policy_hub.ts";
import { untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

/** A client at the plain port `port`, for as long as `body` takes. */
async function asking<T>(port: number, body: (client: ManagementClient) => Promise<T>): Promise<T> {
  const target = { host: "127.0.0.1", port, websocket: false, timeoutMs: 10_000 };
  const client = await ManagementClient.connect(await dial(target, new AbortController().signal), LIMIT_MS);
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}

/** Of `router.link`, by the names of {@link EXPECTED}. */
const COLUMNS: Readonly<Record<keyof typeof EXPECTED, string>> = {
  undel: "undeliveredCount",
  unsett: "unsettledCount",
  deliv: "deliveryCount",
  presett: "presettledCount",
  psdrop: "droppedPresettledCount",
  acc: "acceptedCount",
  rej: "rejectedCount",
  rel: "releasedCount",
  mod: "modifiedCount",
  stuck: "deliveriesStuck",
};

Deno.test("management counts what passes each link, and keeps the sum when links are gone; the log is told to who may change it", async (t) => {
  const dir = await Deno.makeTempDir();
  const hubFolder = await interiorFolder(`${dir}/hub`);
  const { amqpPort } = hubFolder;
  await edgeFolder(`${dir}/west`, "west", hubFolder, {});
  await using hub = startTendril("hub", ["run", `${dir}/hub`]);
  await using west = startTendril("west", ["run", `${dir}/west`]);
  try {
    await untilListening(amqpPort, hub, LIMIT_MS);
    await until(() => west.output().includes("link is active"), LIMIT_MS);
    await asking(amqpPort, async (client) => {
      const metrics = async () => (await client.query(managementAddress(), "routerMetrics"))[0] as PlainMap;
      const links = async () =>
        (await client.query(managementAddress(), "router.link")).filter((row) => row["owningAddr"] === `M${COUNTED}`);
      const before = await metrics();
      const grown = async (name: string) => Number((await metrics())[name]) - Number(before[name]);
      await t.step("each outcome at both links", async () => {
        await using _messages = await CountedMessages.through(amqpPort);
        for (const row of await links()) {
          const counts = Object.entries(COLUMNS).map(([name, column]) => [name, row[column]]);
          assert.deepEqual(Object.fromEntries(counts), EXPECTED, `${row["linkDir"]}`);
        }
        assert.deepEqual((await links()).map((row) => row["linkDir"]).sort(), ["in", "out"]);
      });
      await t.step("the router's own sums outlive the links", async () => {
        await until(async () => (await links()).length === 0, LIMIT_MS);
        for (const [name, count] of [["rejected", 2], ["released", 1], ["transit", 0], ["modified", 1]] as const) {
          // What had no outcome is modified when its consumer goes.
          const more = name === "modified" ? 1 : 0;
          assert.equal(await grown(name === "transit" ? "deliveriesTransit" : `${name}Deliveries`), count + more, name);
        }
        assert.ok(await grown("deliveriesIngress") >= EXPECTED.deliv);
        assert.ok(await grown("deliveriesEgress") >= EXPECTED.deliv);
      });
      await t.step("connections know when they had their last message, and what is spoken", async () => {
        const connections = await client.query(managementAddress(), "connection", ["role", "lastDlvSeconds"]);
        assert.ok(connections.some((row) => row["role"] === "normal" && Number(row["lastDlvSeconds"]) < LIMIT_MS));
        assert.deepEqual({ ...(await metrics())["connectionCounters"] as PlainMap }, {
          tcp: 0,
          http1: 0,
          http2: 0,
          amqp: 1,
        });
      });
      await t.step("the last records of the log, as many as are wanted", async () => {
        const all = plain(await client.ask(managementAddress(), "GET-LOG")) as unknown[][];
        const [module, level, text, file, line, seconds] = all.find(([, , text]) => /site is running/.test(`${text}`))!;
        assert.deepEqual([module, level, file, line], ["DEFAULT", "info", null, null]);
        assert.match(`${text}`, /^site is running site=hub /);
        assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < LIMIT_MS);
        const last = plain(await client.ask(managementAddress(), "GET-LOG", { limit: 2 })) as unknown[][];
        assert.deepEqual([last.length, last.every(([, , text]) => all.every((row) => row[2] !== text))], [2, false]);
      });
      await t.step("a router beyond keeps its log to itself", async () => {
        const there = managementAddress({ id: "west", role: "edge" });
        await assert.rejects(client.ask(there, "GET-LOG"), (error) => {
          return error instanceof TendrilError && /Forbidden/.test(error.message);
        });
      });
    });
  } finally {
    await Promise.all([west.stop(), hub.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("management counts what Policies deny, by what was wanted", () => {
  const rules = [
    { peers: [{ site: "west" }], link: ["edge"], offer: ["web"], consume: ["web"] },
    { peers: [{ commonName: "ops" }], link: ["client"], consume: ["*"] },
  ] as const;
  return withHub([{ name: "shops", default: "deny", rules }], async (hub) => {
    const west = await hub.peer("west");
    assert.equal(await west.verdict(), "welcome");
    assert.notEqual(await (await hub.peer("east")).verdict(), "welcome");
    for (const address of ["web", "db", "mail"]) await west.consume(address);
    for (const address of ["web", "db"]) await west.offer(address);
    const asker = await Asker.open((await hub.peer("ops", "ops", "normal")).wire);
    const has = async (type: string, identity: string, expected: PlainMap) => {
      const { body } = await asker.ask({ operation: "READ", type, identity });
      assert.deepEqual({ ...body }, { ...body, ...expected }, type);
    };
    await has("policy", "policy/0", {
      ...{ enableVhostPolicy: true, connectionsProcessed: 3, connectionsDenied: 1, connectionsCurrent: 2 },
      ...{ linksDenied: 3, totalDenials: 4 },
    });
    const stats = "vhostStats/$default";
    await has("vhostStats", stats, {
      connectionsApproved: 2,
      connectionsDenied: 1,
      senderDenied: 2,
      receiverDenied: 1,
    });
    await hub.apply([]);
    await has("policy", "policy/0", { enableVhostPolicy: false, linksDenied: 3 });
    assert.equal((await asker.ask({ operation: "READ", type: "vhostStats", identity: stats })).status, 404);
  });
});
