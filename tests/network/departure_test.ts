/** A router that is stopped in order, in a network with real processes that has another way. */

import assert from "node:assert/strict";
import { Mesh } from "../interop/mesh.ts";
import { flows, untilAllFlow, untilBothHomesAreUp } from "../interop/mesh_checks.ts";
import { ask } from "../support/exchange.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors, resource } from "../support/site_folder.ts";
import { closeQuietly, connect, echo, readInto, server, writeAll } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const WORDS = new TextEncoder().encode("as long as there is another way");

Deno.test("departure: an interior that is stopped costs no flow that comes through it", async () => {
  using target = server(echo);
  const dir = await Deno.makeTempDir();
  const names = ["west", "middle", "east"];
  const [west, middle, east] = await Promise.all(names.map((name) => interiorFolder(`${dir}/${name}`, name)));
  await linkInteriors(west!, middle!);
  await linkInteriors(middle!, east!);
  await linkInteriors(west!, east!, 9);
  const port = freePort();
  await Deno.writeTextFile(`${west!.dir}/listener.yaml`, resource("Listener", { key: "echo", port }));
  await Deno.writeTextFile(`${east!.dir}/connector.yaml`, resource("Connector", { key: "echo", port: target.port }));
  const processes = names.map((name) => startTendril(name, ["run", `${dir}/${name}`, "--log-level", "debug"]));
  const going = processes[1]!;
  try {
    await untilListening(port, processes[0]!, LIMIT_MS);
    // The direct link may be up first; what is wanted is the cheaper way.
    await until(
      async () => (await tendril("network", "path", "echo", "--dir", west!.dir)).stdout.includes("middle"),
      LIMIT_MS,
    );
    const through = await connect(port);
    await writeAll(through, WORDS);
    assert.ok(await readInto(through, new Uint8Array(WORDS.length)));
    const failures: string[] = [];
    let flows = 0;
    let over = false;
    const flowing = (async () => {
      while (!over) {
        await ask(port, WORDS).then(() => flows++, (error) => failures.push(error.message));
      }
    })();
    await until(() => flows > 20, LIMIT_MS);
    going.signal("SIGTERM");
    const atStop = flows;
    await until(() => flows > atStop + 50, LIMIT_MS);
    // The open one goes on as well, and the router waits for it.
    await writeAll(through, WORDS);
    const answer = new Uint8Array(WORDS.length);
    assert.ok(await readInto(through, answer));
    assert.deepEqual(answer, WORDS);
    through.close();
    await going.ended;
    const atEnd = flows;
    await until(() => flows > atEnd + 20, LIMIT_MS);
    over = true;
    await flowing;
    assert.deepEqual(failures, []);
  } catch (error) {
    for (const process of processes) console.error(process.output().slice(-2000));
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("departure: an edge with another home moves there, one without keeps its service until the end", async () => {
  using target = server(echo);
  const shape = { interiors: 2, links: [{ from: 1, to: 0, cost: 1 }], edges: [[0], [0, 1], [1], [0]] };
  await using mesh = await Mesh.create(shape, target.port, "");
  await mesh.start("TT", "TTT");
  await untilAllFlow(mesh.pairs);
  const [going, staying] = mesh.interiors;
  const [lone, moving, far, busy] = mesh.edges;
  // Whichever home was up first is in use; it shall be the one that goes.
  await staying!.process!.stop();
  await untilAllFlow(mesh.pairs.filter(({ from, to }) => from !== far!.name && to !== far!.name));
  await mesh.startInterior(staying!);
  await untilBothHomesAreUp(moving!);
  await untilAllFlow(mesh.pairs);
  // As long as this is open, the interior stays.
  const open = await connect(mesh.pairs.find(({ from, to }) => from === busy!.name && to === far!.name)!.port);
  await writeAll(open, WORDS);
  assert.ok(await readInto(open, new Uint8Array(WORDS.length)));
  going!.process!.signal("SIGTERM");
  await until(() => moving!.output().includes("its interior is about to go"), LIMIT_MS);
  for (let round = 0; round < 20; round++) {
    for (const pair of mesh.pairs) assert.ok(await flows(pair, LIMIT_MS), `${pair.from} to ${pair.to}, ${round}`);
  }
  closeQuietly(open);
  assert.equal(await going!.process!.ended, 0);
  const left = mesh.pairs.filter(({ from, to }) => ![from, to].some((name) => [lone!.name, busy!.name].includes(name)));
  for (const pair of left) assert.ok(await flows(pair, LIMIT_MS), `${pair.from} to ${pair.to}`);
});

Deno.test("departure: the edges of an only interior stay for as long as anything is under way", async () => {
  using target = server(echo);
  const dir = await Deno.makeTempDir();
  const hub = await interiorFolder(`${dir}/hub`);
  const [port, idle] = [freePort(), freePort()] as const;
  await edgeFolder(`${dir}/east`, "east", hub, { connectors: [{ key: "echo", port: target.port }] });
  await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key: "echo", port }] });
  await edgeFolder(`${dir}/north`, "north", hub, { listeners: [{ key: "echo", port: idle }] });
  const processes = ["hub", "east", "west", "north"].map((name) => startTendril(name, ["run", `${dir}/${name}`]));
  try {
    await untilListening(port, processes[2]!, LIMIT_MS);
    await untilListening(idle, processes[3]!, LIMIT_MS);
    const open = await connect(port);
    await writeAll(open, WORDS);
    assert.ok(await readInto(open, new Uint8Array(WORDS.length)));
    processes[0]!.signal("SIGTERM");
    await until(() => processes[0]!.output().includes("draining"), LIMIT_MS);
    // The interior looks around every 100 ms: flows go on for ten looks.
    for (let round = 0; round < 20; round++) {
      await ask(idle, WORDS);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    open.close();
    assert.equal(await processes[0]!.ended, 0);
  } catch (error) {
    for (const process of processes) console.error(process.output().slice(-2000));
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
