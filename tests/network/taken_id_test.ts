/** Two interiors with one name, as after a folder was copied to another machine: who was there first goes on. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors } from "../support/site_folder.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

Deno.test("an interior with the name of another one is turned away, with the reason, and costs nobody anything", async () => {
  using target = server(echo);
  const dir = await Deno.makeTempDir({ prefix: "tendril-taken-" });
  const [hub, first, second] = [
    await interiorFolder(`${dir}/hub`, "hub"),
    await interiorFolder(`${dir}/first`, "twin"),
    await interiorFolder(`${dir}/second`, "twin"),
  ];
  await linkInteriors(first, hub);
  await linkInteriors(second, hub);
  const port = freePort();
  await edgeFolder(`${dir}/west`, "west", first, { listeners: [{ key: "echo", port }] });
  await edgeFolder(`${dir}/east`, "east", hub, { connectors: [{ key: "echo", port: target.port }] });
  const start = (name: string) => startTendril(name, ["run", `${dir}/${name}`]);
  const processes = ["hub", "first", "west", "east"].map(start);
  try {
    await untilListening(port, processes[2], 30_000);
    const twin = start("second");
    processes.push(twin);
    const turnedAway = () => twin.output().split("another router of the network has the id twin").length - 1;
    // Until it has come and gone a few times.
    for (let at = 0; turnedAway() < 3; at++) {
      assert.ok(at < 600, twin.output());
      const conn = await connect(port);
      await writeAll(conn, new Uint8Array(1));
      assert.ok(await readExactly(conn, 1), `connection ${at}`);
      conn.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.match(processes[0].output(), /ROUTER_ID_TAKEN router=twin address=\S+ next="Give each site/);
    // Its place is free as soon as the first one is gone.
    await processes[1].stop();
    await until(() => twin.output().split("another router").at(-1)!.includes("link is active"), 60_000);
    const before = turnedAway();
    await new Promise((resolve) => setTimeout(resolve, 5000)); // More than it took to be turned away.
    assert.equal(turnedAway(), before);
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
