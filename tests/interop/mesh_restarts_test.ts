/** Mixed networks in which every edge has two homes, and every interior several ways: flows go on while routers go. */

import assert from "node:assert/strict";
import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { Mesh } from "./mesh.ts";
import { HEALED_MS, untilAllFlow } from "./mesh_checks.ts";
import { Load } from "./mesh_load.ts";
import { REDUNDANT } from "./mesh_shapes.ts";

for (const [name, signal] of [["restarted in order", "SIGTERM"], ["killed and restarted", "SIGKILL"]] as const) {
  testWith(["skrouterd"], `interop: all interiors are ${name}, one by one`, async ({ skrouterd }, t) => {
    using target = server(echo);
    await using mesh = await Mesh.create(REDUNDANT, target.port, skrouterd);
    await mesh.step(t, "all flows work at first", async () => {
      await mesh.start("TCTC", "TCTC");
      await untilAllFlow(mesh.pairs);
    });
    await using load = new Load(mesh);
    for (const node of mesh.interiors) {
      await mesh.step(t, `${node.name} (${node.kind})`, async () => {
        const change = async (what: () => Promise<unknown>) => {
          await what();
          const at = performance.now();
          await new Promise((resolve) => setTimeout(resolve, HEALED_MS));
          await untilAllFlow(mesh.pairs);
          assert.deepEqual(load.failedSince(at + HEALED_MS), []);
        };
        await change(async () => {
          node.process?.signal(signal);
          await node.process?.ended;
        });
        await change(() => mesh.startInterior(node));
      });
    }
    assert.ok(load.flows > 0);
  });
}

testWith(
  ["skrouterd"],
  "interop: a rolling restart costs edges of ours nothing where our interiors go, and what is under way where C routers do",
  async (tools, t) => {
    using target = server(echo);
    await using mesh = await Mesh.create(REDUNDANT, target.port, tools.skrouterd);
    await mesh.step(t, "all flows work at first", async () => {
      await mesh.start("TCTC", "TTTT");
      await untilAllFlow(mesh.pairs);
    });
    await using load = new Load(mesh);
    for (const node of mesh.interiors) {
      await mesh.step(t, `${node.name} (${node.kind})`, async () => {
        const before = load.failures.length;
        for (const change of [() => node.process!.stop(), () => mesh.startInterior(node)]) {
          await change();
          await new Promise((resolve) => setTimeout(resolve, HEALED_MS));
        }
        const failed = load.failures.slice(before);
        // A C router stops at once: of each pair one flow may be under way then.
        const most = node.kind === "C" ? mesh.pairs.length : 0;
        assert.ok(failed.length <= most, JSON.stringify(failed));
      });
    }
    assert.ok(load.flows > 10 * mesh.interiors.length * mesh.pairs.length);
  },
);
