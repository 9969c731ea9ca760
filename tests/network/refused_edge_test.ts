/** An edge to which an interior does not allow everything: it says what, why and what to do, and needs no restart. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder, policy, resource } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { startTendril } from "../support/tendril.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 40_000;

/** The lines of the log of `process` with this message, as values. */
function lines(process: Process, message: string): Record<string, unknown>[] {
  const found = process.output().split("\n").filter((line) => line.includes(`"message":"${message}"`));
  return found.map((line) => JSON.parse(line));
}

Deno.test("policy: a refused edge says what is refused, why and what to do, and goes on when it is allowed", () =>
  onStage(async (dir, keep) => {
    using target = server(echo);
    const hubFolder = await interiorFolder(`${dir}/hub`);
    const port = freePort();
    await edgeFolder(`${dir}/edge`, "edge", hubFolder, {
      listeners: [{ key: "web", port }],
      connectors: [{ key: "db", port: target.port }],
    });
    const file = `${hubFolder.dir}/Policy-shops.yaml`;
    await Deno.writeTextFile(`${hubFolder.dir}/web.yaml`, resource("Connector", { key: "web", port: target.port }));
    await Deno.writeTextFile(file, policy("link: [edge]"));
    const [hub, edge] = ["hub", "edge"].map((name) => {
      return keep(startTendril(name, ["run", `${dir}/${name}`, "--log-format", "json"]));
    }) as [Process, Process];

    await until(() => lines(edge, "connector is not allowed").length === 1, LIMIT_MS);
    await until(() => lines(edge, "listener is not allowed").length === 1, LIMIT_MS);
    const [told] = lines(edge, "connector is not allowed");
    assert.equal(told?.code, "POLICY_REFUSED");
    assert.equal(told?.reason, "hub does not let link-hub offer db: no rule of Policy shops allows it");
    assert.match(String(told?.next), /^Ask whoever runs hub to allow it in a Policy there/);
    assert.match(String(lines(edge, "listener is not allowed")[0]?.reason), /does not let link-hub send to web/);
    await assert.rejects(connect(port), /refused/);
    const audited = lines(hub, "refused by policy").map(({ action, routingKey, peer }) => [action, routingKey, peer]);
    assert.deepEqual(audited.slice(0, 2).sort(), [["consume", "web", "edge"], ["offer", "db", "edge"]]);

    await Deno.writeTextFile(file, policy("link: [edge]", "offer: [db]", "consume: [web]"));
    await untilListening(port, edge, LIMIT_MS);
    await until(() => lines(edge, "connector offers").length > 0, LIMIT_MS);
    const conn = await connect(port);
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100));

    await Deno.writeTextFile(file, policy("link: [client]"));
    const downs = () => lines(edge, "link is down").filter(({ code }) => code === "LINK_NOT_ALLOWED");
    await until(() => downs().length > 0, LIMIT_MS);
    const [down] = downs();
    assert.equal(down?.reason, "hub does not let link-hub link as edge: no rule of Policy shops allows it");
    assert.match(String(down?.next), /^Ask whoever runs the other site/);
    conn.close();

    await Deno.remove(file);
    await untilListening(port, edge, LIMIT_MS);
  }));
