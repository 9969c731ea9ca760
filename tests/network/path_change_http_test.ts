/** Paths between interiors change while long answers of HTTP are on their way: none is lost. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

/** Long enough to be a stream, of which no router keeps enough to send it again. */
const OCTETS = 300_000;
const CHANGES = 6;
/** Answers that each change has to see. */
const ANSWERS = 40;

Deno.test("a path that changes loses no long answer of HTTP", async () => {
  const root = await Deno.makeTempDir();
  const hubs = [];
  for (const name of ["h0", "h1", "h2"]) hubs.push(await interiorFolder(`${root}/${name}`, name));
  const [h0, h1, h2] = hubs as [typeof hubs[0], typeof hubs[0], typeof hubs[0]];
  await linkInteriors(h1, h0, 1);
  await linkInteriors(h2, h0, 2);
  await linkInteriors(h2, h1, 2);
  const body = new Uint8Array(OCTETS);
  const target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(body));
  const port = freePort();
  await edgeFolder(`${root}/west`, "west", h0, { listeners: [{ key: "web", port, type: "http1" }] });
  await edgeFolder(`${root}/east`, "east", h1, {
    connectors: [{ key: "web", port: target.addr.port, type: "http1" }],
  });
  const sites = ["h0", "h1", "h2", "west", "east"].map((name) => startTendril(name, ["run", `${root}/${name}`]));
  let over = false;
  let answers = 0;
  const failures: string[] = [];
  const client = async () => {
    while (!over) {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(20_000) });
        const { length } = await answer.bytes();
        if (answer.status !== 200 || length !== OCTETS) failures.push(`${answer.status}, ${length} octets`);
      } catch (error) {
        failures.push(`${error}`);
      }
      answers++;
    }
  };
  try {
    await untilListening(port, sites[3], 30_000);
    const clients = Array.from({ length: 8 }, client);
    const text = await Deno.readTextFile(`${h1.dir}/link-h0.yaml`);
    for (let change = 0; change < CHANGES; change++) {
      const before = answers;
      await until(() => answers >= before + ANSWERS, 60_000);
      const cost = change % 2 === 0 ? 9 : 1;
      await Deno.writeTextFile(`${h1.dir}/link-h0.yaml`, text.replace(/^ {2}cost: \d+$/m, `  cost: ${cost}`));
      const { code, stderr } = await tendril("reload", "--dir", h1.dir);
      assert.equal(code, 0, stderr);
    }
    const last = answers;
    await until(() => answers >= last + ANSWERS, 60_000);
    over = true;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
  } finally {
    over = true;
    await Promise.all(sites.map((site) => site.stop()));
    await target.shutdown();
    await Deno.remove(root, { recursive: true });
  }
});
