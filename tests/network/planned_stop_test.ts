/** A site that is stopped while others serve the same key: what was sent to it before everybody knew is served. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const CLIENTS = 10;
/** Too long to be kept by the listener, which could send it again otherwise. */
const BODY_OCTETS = 20_000;
/** Stops, one edge after the other. */
const ROUNDS = 6;
const EDGES = ["one", "two"];

Deno.test("an edge that is stopped in order costs no request, however long, where another one serves the key", async () => {
  await using target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    return new Response(`${(await request.arrayBuffer()).byteLength}`);
  });
  const dir = await Deno.makeTempDir({ prefix: "tendril-planned-" });
  const hub = await interiorFolder(`${dir}/hub`);
  const [port, key, type] = [freePort(), "web", "http1"];
  await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key, port, type }] });
  for (const name of EDGES) {
    await edgeFolder(`${dir}/${name}`, name, hub, { connectors: [{ key, port: target.addr.port, type }] });
  }
  const start = (name: string) => startTendril(name, ["run", `${dir}/${name}`]);
  const [hubProcess, west, ...edges] = ["hub", "west", ...EDGES].map(start);
  const body = new Uint8Array(BODY_OCTETS);
  let over = false;
  try {
    await untilListening(port, west, 30_000);
    const answers = new Set<string>();
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!over) {
        const asked = fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
        answers.add(await asked.then(async (response) => `${response.status} ${await response.text()}`, String));
      }
    });
    for (let round = 0; round < ROUNDS; round++) {
      const at = round % EDGES.length;
      await until(() => edges.every((edge) => edge.output().includes("link is active")), 30_000);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await edges[at].stop();
      edges[at] = start(EDGES[at]);
    }
    over = true;
    await Promise.all(clients);
    assert.deepEqual([...answers], [`200 ${BODY_OCTETS}`]);
  } finally {
    over = true;
    await Promise.all([hubProcess, west, ...edges].map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
