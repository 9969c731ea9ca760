/** A port that management wants where another program has its place: the answer is no, and stays so. */

import assert from "node:assert/strict";
import { managementAddress, ManagementClient } from "../../agent/management/client.ts";
import { attributeValue } from "../../agent/management/configured.ts";
import { map } from "../../agent/management/values.ts";
import { localSocket } from "../../agent/site/local_access.ts";
import { dialLocal } from "../../agent/transport/local_socket.ts";
import { freePort } from "../support/ports.ts";
import { interiorFolder } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { connect } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

/** Longer than a port that is wanted waits until it is tried again. */
const WHILE_MS = 2500;

Deno.test("a port that management was refused does not open later, and is in no status", () =>
  onStage(async (dir, keep) => {
    const hub = await interiorFolder(`${dir}/hub`);
    keep(startTendril("hub", ["run", hub.dir]));
    const status = async () => (await tendril("status", "--dir", hub.dir)).stdout;
    await until(async () => (await tendril("status", "--wait", "ready", "--dir", hub.dir)).code === 0);
    const port = freePort();
    const other = Deno.listen({ hostname: "127.0.0.1", port });
    const client = await ManagementClient.connect(await dialLocal(localSocket(hub.dir)), 5000);
    const wanted = { host: "127.0.0.1", port: `${port}`, role: "normal" };
    const body = map(Object.entries(wanted).map(([key, value]) => [key, attributeValue(value)]));
    const properties = { type: "io.skupper.router.listener", name: "extra" };
    await assert.rejects(client.ask(managementAddress(), "CREATE", properties, body), /Can't listen/);
    await client.close();
    assert.doesNotMatch(await status(), /extra/);
    other.close();
    await new Promise((resolve) => setTimeout(resolve, WHILE_MS));
    await assert.rejects(connect(port));
  }));
