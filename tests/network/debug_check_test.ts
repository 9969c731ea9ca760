/** `tendril debug check` at a real network, piece after piece broken for real. */

import assert from "node:assert/strict";
import { Audited, siteReach } from "../support/audited.ts";
import { debugCheck as check, told, type Verdict } from "../support/debug_check.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors, resource } from "../support/site_folder.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril, tendrilArgs } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const CLOCK = new URL("../support/clock_preload.ts", import.meta.url).pathname;
const DAY_MS = 86_400_000;

Deno.test("debug check: names the piece that is broken, in a network that is broken piece by piece", async (t) => {
  const dir = await Deno.makeTempDir();
  let target = server(echo);
  const targetPort = target.port;
  const port = freePort();
  const hubFolder = await interiorFolder(`${dir}/hub`, "hub");
  const farFolder = await interiorFolder(`${dir}/far`, "far");
  await linkInteriors(farFolder, hubFolder);
  await Deno.writeTextFile(`${dir}/far/echo.yaml`, resource("Connector", { key: "echo", port: targetPort }));
  await edgeFolder(`${dir}/edge`, "edge", hubFolder, { listeners: [{ key: "echo", port }] });
  const hub = startTendril("hub", ["run", `${dir}/hub`]);
  const far = startTendril("far", ["run", `${dir}/far`]);
  const edge = startTendril("edge", ["run", `${dir}/edge`]);
  const at = (name: string) => ["--dir", `${dir}/${name}`];
  try {
    await until(() => edge.output().includes("listener is open"), LIMIT_MS);
    await t.step("all is well, at an edge, at an interior and with a link file alone", async () => {
      const good = await check("echo", ...at("edge"));
      assert.deepEqual(told(good), [0, undefined, undefined], JSON.stringify(good.steps));
      const names = good.steps.map(({ step }) => step);
      const all = ["folder", "clock", "credentials", "running", "dns", "tcp", "tls", "chain", "name", "validity"];
      assert.deepEqual(names, [...all, "admission", "link", "listener", "key", "consumer", "end-to-end"]);
      assert.match(good.steps.find(({ step }) => step === "link")!.found, /the peer is hub$/);
      assert.match(good.steps.find(({ step }) => step === "key")!.found, /^served by far$/);
      const interior = await check("echo", ...at("far"));
      assert.deepEqual(told(interior), [0, undefined, undefined], JSON.stringify(interior.steps));
      assert.ok(interior.steps.some(({ step }) => step === "access"));
      assert.ok(interior.steps.some(({ step }) => step === "target"));
      const link = await check("echo", "--link", `${dir}/edge/link.yaml`);
      assert.deepEqual(told(link), [0, undefined, undefined], JSON.stringify(link.steps));
      assert.equal(link.steps.at(-1)?.step, "end-to-end");
    });
    await t.step("it needs the permissions that its help names, and no more", async () => {
      const reach = {
        ...siteReach(dir, "edge"),
        "LINK_HOST:PORT": [`127.0.0.1:${hubFolder.edgePort}`],
        "TARGET_HOST:PORT": [],
        "ACCESS_HOST:PORT": [],
      };
      const audited = new Audited(dir, ["debug", "check", "echo", "--dir", "edge"], reach);
      assert.match(await audited.run(), /^Nothing is broken\n {2}STEP +OF +RESULT +MS +FOUND\n/);
      await audited.check();
    });
    await t.step("a key that nobody serves, and the one that was meant", async () => {
      const verdict = await check("ecoh", ...at("edge"));
      assert.deepEqual(told(verdict), [1, "key", "CHECK_KEY"]);
      assert.match(verdict.broken!.next!, /Did you mean echo\?/);
      assert.equal(verdict.steps.at(-1)?.result, "skipped");
      assert.deepEqual(told(await check("ecoh", "--link", `${dir}/edge/link.yaml`)), [1, "key", "CHECK_KEY"]);
    });
    await t.step("a dead target: end to end from afar, the target itself at its site", async () => {
      target[Symbol.dispose]();
      assert.deepEqual(told(await check("echo", ...at("edge"))), [1, "end-to-end", "CHECK_STREAM"]);
      assert.deepEqual(told(await check("echo", "--link", `${dir}/edge/link.yaml`)), [1, "end-to-end", "CHECK_STREAM"]);
      assert.deepEqual(told(await check(...at("far"))), [1, "target", "CHECK_TARGET"]);
      target = server(echo, targetPort);
      assert.deepEqual(told(await check("echo", ...at("edge"))), [0, undefined, undefined]);
    });
    await t.step("a clock that is behind, and one that is ahead of the peer's certificate", async () => {
      const skewed = async (days: number) => {
        const words = ["debug", "check", ...at("edge"), "-o", "json", `${days * DAY_MS}`];
        const flags = ["-A", "--preload", CLOCK];
        const { code, stdout, stderr } = await run(Deno.execPath(), tendrilArgs(flags, words));
        assert.notEqual(stdout, "", stderr);
        return { ...JSON.parse(stdout) as Verdict, code };
      };
      const behind = await skewed(-3);
      assert.deepEqual(told(behind), [3, "clock", "CHECK_CLOCK"]);
      assert.match(behind.broken!.found, /at least 2\d{5} s behind/);
      const ahead = await skewed(20 * 366);
      assert.deepEqual(told(ahead), [3, "credentials", "CHECK_CERTIFICATE"]);
    });
    await t.step("a site that does not run", async () => {
      await edge.stop();
      const verdict = await check("echo", ...at("edge"));
      assert.deepEqual(told(verdict), [1, "running", "LOCAL_SOCKET"]);
      assert.ok(verdict.steps.some(({ step, result }) => step === "admission" && result === "ok"), "the way is good");
    });
    await t.step("nobody at the other end of the link", async () => {
      await hub.stop();
      const edge = startTendril("edge", ["run", `${dir}/edge`]);
      await until(async () => (await tendril("status", ...at("edge"))).code === 0, LIMIT_MS);
      const verdict = await check("echo", ...at("edge"));
      await edge.stop();
      assert.deepEqual(told(verdict), [4, "tcp", "LINK_REFUSED"]);
      assert.ok(verdict.steps.some(({ step, result }) => step === "link" && result === "failed"));
    });
    await t.step("a broken resource, and a folder that makes no site", async () => {
      await Deno.writeTextFile(`${dir}/edge/wrong.yaml`, resource("Connector", { key: "wrong", port: 0 }));
      const verdict = await check(...at("edge"));
      assert.deepEqual(told(verdict), [3, "folder", "SITE_INVALID"]);
      assert.match(verdict.broken!.found, /wrong\.yaml:\d:9/);
      assert.deepEqual(told(await check("--dir", `${dir}/nowhere`)), [3, "folder", "SITE_FOLDER"]);
      assert.deepEqual(told(await check("--link", `${dir}/edge/services.yaml`)), [3, "folder", "SITE_INVALID"]);
    });
  } catch (error) {
    console.error(`${hub.output().slice(-1000)}\n${edge.output().slice(-2000)}`);
    throw error;
  } finally {
    await Promise.all([hub.stop(), far.stop(), edge.stop()]);
    target[Symbol.dispose]();
    await Deno.remove(dir, { recursive: true });
  }
});
