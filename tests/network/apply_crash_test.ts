/** An `apply` that is killed anywhere leaves the old folder or the new one, and the next one finds nothing in its way. */

import assert from "node:assert/strict";
import { loadSite } from "../../agent/site/load.ts";
import { readFolder } from "../../agent/site/store/folder.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { resource } from "../support/site_folder.ts";
import { tendril, tendrilArgs } from "../support/tendril.ts";

const PRELOAD = new URL("../support/kill_preload.ts", import.meta.url).pathname;
const PERMISSIONS = ["--ignore-env", "--allow-read", "--allow-write", "--allow-net", "--allow-run"];

Deno.test("apply: killed before any of its file operations, it leaves the old state or the new one", async () => {
  const dir = await Deno.makeTempDir();
  const [one, other] = [freePort(), freePort()];
  const listener = (key: string, port: number) => resource("Listener", { key, port });
  const connector = (key: string, port: number) => resource("Connector", { key, port });
  const before = new Map([
    ["Site-west.yaml", "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {edge: true}\n"],
    ["both.yaml", `${listener("a", one)}---\n${connector("a", 1)}`],
    ["Connector-b.yaml", connector("b", 2)],
  ]);
  try {
    // The ports of two listeners change places: half of it would be a collision, or a loss.
    const swapped = [listener("a", other), listener("c", one), connector("b", 3), connector("d", 4)].join("---\n");
    before.set("Listener-c.yaml", listener("c", other));
    await Deno.writeTextFile(`${dir}/in.yaml`, swapped);
    const fresh = async () => {
      await Deno.remove(`${dir}/site`, { recursive: true }).catch(() => {});
      await Deno.mkdir(`${dir}/site`);
      for (const [name, text] of before) await Deno.writeTextFile(`${dir}/site/${name}`, text);
    };
    const state = async () => {
      const { broken, ...site } = await loadSite(`${dir}/site`);
      assert.deepEqual(broken, []);
      return JSON.stringify(site);
    };
    const words = ["apply", "-f", `${dir}/in.yaml`, "--dir", `${dir}/site`, "-o", "json"];
    await fresh();
    const old = await state();
    const whole = await tendril(...words);
    assert.equal(whole.code, 0, whole.stderr);
    const next = await state();
    const files = JSON.stringify([...(await readFolder(`${dir}/site`)).files]);
    assert.notEqual(old, next);

    const steps = new Set<string>();
    const seen = { old: 0, next: 0 };
    let ended = false;
    for (let at = 1; !ended; at++) {
      await fresh();
      const args = tendrilArgs([...PERMISSIONS, "--preload", PRELOAD], [...words, `${at}`]);
      const { code, stderr } = await run(Deno.execPath(), args);
      const step = /KILLED BEFORE (.*)/.exec(stderr)?.[1];
      ended = step === undefined;
      if (ended) assert.equal(code, 0, stderr);
      else steps.add(step!);
      const found = await state();
      assert.ok(found === old || found === next, `a mixture after a kill before ${step}`);
      seen[found === old ? "old" : "next"]++;
      if (ended) continue;
      const again = await tendril(...words);
      assert.equal(again.code, 0, `${step}: ${again.stderr}`);
      assert.equal(JSON.stringify([...(await readFolder(`${dir}/site`)).files]), files, `${step}`);
      const names = (await Array.fromAsync(Deno.readDir(`${dir}/site`))).map(({ name }) => name);
      assert.deepEqual(
        names.filter((name) => /tmp$|journal/.test(name)),
        [],
        `left behind after a kill before ${step}`,
      );
    }
    assert.ok(steps.size >= 20, `${steps.size} different steps: ${[...steps]}`);
    assert.ok(seen.old > 5 && seen.next > 5, JSON.stringify(seen));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
