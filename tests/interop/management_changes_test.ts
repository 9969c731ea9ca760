/** Changes by management at a Tendril and at a C router: both answer alike, by our own client and by the real tools. */

import assert from "node:assert/strict";
import { dial } from "../../agent/transport/dial.ts";
import { router, section, startRouter } from "../support/c_router.ts";
import { Asker, checkSteps } from "../support/management_steps.ts";
import { freePort } from "../support/ports.ts";
import { run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { WirePeer } from "../support/wire_peer.ts";

/** What `skmanage` is asked, in this order; tables of it are compared without what counts time or is unknown to one. */
const VERBS: readonly (readonly string[])[] = [
  ["create", "--type", "tcpListener", "--name", "web", "address=web", "host=127.0.0.1", "port=18490"],
  ["read", "--type", "tcpListener", "--name", "web"],
  ["query", "--type", "tcpListener", "name", "address", "host", "port", "observer", "operStatus"],
  ["update", "--type", "tcpListener", "--name", "web", "observer=http1"],
  ["update", "--type", "tcpListener", "--name", "web", "address=other"],
  ["create", "--type", "tcpConnector", "--name", "target", "address=more", "host=127.0.0.1", "port=18491"],
  ["query", "--type", "tcpConnector", "name", "identity", "address", "verifyHostname"],
  ["delete", "--type", "tcpConnector", "--name", "target"],
  ["delete", "--type", "tcpListener", "--name", "web"],
  ["delete", "--type", "tcpListener", "--name", "web"],
  ["get-operations", "--type", "tcpListener"],
  ["get-attributes", "--type", "tcpConnector"],
  ["get-types", "--type", "sslProfile"],
  ["get-types", "--type", "connection"],
  ["get-annotations", "--type", "log"],
  ["query", "--type", "network"],
];
/** Every table of `skstat` that applies: it must end well, and say the same where both have the same. */
const TABLES = [
  "-g",
  "-c",
  "-l",
  "-n",
  "-e",
  "-a",
  "-m",
  "-p",
  "--autolinks",
  "--vhosts",
  "--vhostgroups",
  "--vhoststats",
];

testWith(["skrouterd", "python3"], "interop: management changes a Tendril and a C router alike", async (paths) => {
  const binary = paths["skrouterd"]!;
  const tool = (name: string) => binary.replace(/[^/]*$/, name);
  const dir = await Deno.makeTempDir();
  const folder = await interiorFolder(`${dir}/hub`, "hub");
  const port = freePort();
  const amqp = section("listener", { host: "127.0.0.1", port });
  await using theirs = await startRouter(binary, dir, "hub", [router("interior", "hub"), amqp]);
  await using ours = startTendril("hub", ["run", folder.dir]);
  const ports = { theirs: port, ours: folder.amqpPort };
  try {
    for (const port of Object.values(ports)) {
      await untilListening(port);
      const channel = await dial(
        { host: "127.0.0.1", port, websocket: false, timeoutMs: 10_000 },
        new AbortController().signal,
      );
      const wire = new WirePeer(channel, "client", "asker");
      await checkSteps(await Asker.open(wire));
      wire.peer.close();
      await until(() => wire.gone !== undefined);
    }
    const manage = async (port: number, words: readonly string[]) => {
      const { stdout, stderr } = await run(tool("skmanage"), ["-b", `127.0.0.1:${port}`, ...words]);
      return /^[[{]/.test(stdout) ? comparable(JSON.parse(stdout)) : (stdout + stderr).trim();
    };
    for (const words of VERBS) {
      assert.deepEqual(await manage(ports.ours, words), await manage(ports.theirs, words), words.join(" "));
    }
    for (const which of TABLES) {
      const titles = [];
      for (const port of [ports.ours, ports.theirs]) {
        const { code, stdout, stderr } = await run(tool("skstat"), ["-b", `127.0.0.1:${port}`, which]);
        assert.equal(code, 0, `${which}: ${stderr}`);
        assert.ok(!/Error/.test(stdout + stderr), `${which}: ${stdout}${stderr}`);
        titles.push(stdout.split("\n")[3]);
      }
      if (which !== "-m") assert.equal(titles[0], titles[1], which);
    }
  } catch (error) {
    console.error(ours.output().slice(-3000));
    throw error;
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
});

/**
 * One writes null where the other leaves an attribute out, and the C router counts a connection of its own to the target
 * of each connector.
 */
function comparable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name, each]) => each !== null && name !== "connectionsOpened"),
  );
}
