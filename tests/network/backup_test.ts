/** The folder of a site is all there is of it: a copy, made while it runs, is the same site in another place. */

import assert from "node:assert/strict";
import { ask } from "../support/exchange.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

/** Permissions and times of files stay what they are. */
async function restored(from: string, to: string): Promise<void> {
  const { code, stderr } = await run("cp", ["-a", from, to]);
  assert.equal(code, 0, stderr);
}

Deno.test("backup: copies of running sites run elsewhere with their links, services, identities and tokens", async () => {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const [port, grantPort] = [freePort(), freePort()];
  const running: Process[] = [];
  try {
    await Deno.mkdir(`${dir}/here`);
    await Deno.mkdir(`${dir}/there`);
    const hub = await interiorFolder(`${dir}/here/hub`);
    await edgeFolder(`${dir}/here/west`, "west", hub, { listeners: [{ key: "web", port }] });
    await edgeFolder(`${dir}/here/east`, "east", hub, { connectors: [{ key: "web", port: target.port }] });
    const names = ["hub", "west", "east"];
    const begin = async (place: string) => {
      for (const name of names) running.push(startTendril(name, ["run", `${dir}/${place}/${name}`]));
      await untilListening(port, running.at(-2), LIMIT_MS);
      assert.equal((await ask(port, new Uint8Array(1000))).length, 1000);
    };
    await begin("here");
    const token = `${dir}/two.token`;
    const words = ["--dir", `${dir}/here/hub`, "--grant-port", `${grantPort}`, "--redemptions-allowed", "2"];
    assert.equal((await tendril("token", "issue", token, ...words)).code, 0);
    const redeem = async () => (await tendril("token", "redeem", token)).stderr;
    assert.equal(await redeem(), "");
    for (const name of names) await restored(`${dir}/here/${name}`, `${dir}/there/${name}`);
    await Promise.all(running.splice(0).map((process) => process.stop()));
    await Deno.remove(`${dir}/here`, { recursive: true });
    await begin("there");
    for (const process of running) assert.ok(!/ERROR/.test(process.output()), process.output());
    // Its uses went with it, and commands find it where it is now.
    await until(() => running[0]!.output().includes("tokens can be redeemed"), LIMIT_MS);
    assert.equal(await redeem(), "");
    assert.match(await redeem(), /error\[TOKEN_USED_UP\]/);
    const { code, stdout, stderr } = await tendril("status", "--dir", `${dir}/there/west`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /web/);
    for await (const { name, isFile } of Deno.readDir(`${dir}/there/hub`)) {
      if (!isFile || !name.startsWith("Secret-")) continue;
      assert.equal((await Deno.stat(`${dir}/there/hub/${name}`)).mode! & 0o077, 0, name);
    }
  } finally {
    await Promise.all(running.map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
