/** HTTP/1.1 messages between Tendril edges through an interior of the C router, which knows nothing of HTTP. */

import assert from "node:assert/strict";
import { complaints } from "../interop/complaints.ts";
import { edgeListener, router, startRouter, tlsProfile } from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const FIFTY_MB = 50_000_000;

testWith(["skrouterd"], "http1: Tendril edges at a C interior", async ({ skrouterd }, t) => {
  const dir = await Deno.makeTempDir();
  const hub = await interiorFolder(`${dir}/hub`);
  const port = freePort();
  const target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/zeros") return new Response(new Uint8Array(FIFTY_MB));
    if (pathname === "/echo") return new Response(request.body);
    if (pathname !== "/ws") return new Response(pathname);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key: "web", port, type: "http1" }] });
  await edgeFolder(`${dir}/east`, "east", hub, { connectors: [{ key: "web", port: target.addr.port, type: "http1" }] });
  const sections = [
    router("interior", "hub"),
    await tlsProfile(dir, `${dir}/hub/Secret-hub.yaml`),
    edgeListener(hub.edgePort),
  ];
  const interior = await startRouter(skrouterd!, dir, "hub", sections);
  const sites = ["west", "east"].map((name) => startTendril(name, ["run", `${dir}/${name}`]));
  try {
    await untilListening(port, sites[0]!, 30_000);
    const url = `http://127.0.0.1:${port}`;
    await t.step("1,000 requests, eight at a time", async () => {
      let next = 0;
      const ask = async () => {
        while (next < 1000) {
          const path = `/${next++}`;
          assert.equal(await (await fetch(url + path)).text(), path);
        }
      };
      await Promise.all(Array.from({ length: 8 }, ask));
    });
    await t.step("50 MB up and down", async () => {
      assert.equal((await (await fetch(`${url}/zeros`)).arrayBuffer()).byteLength, FIFTY_MB);
      const answer = await fetch(`${url}/echo`, { method: "POST", body: new Uint8Array(FIFTY_MB) });
      assert.equal((await answer.arrayBuffer()).byteLength, FIFTY_MB);
    });
    await t.step("a WebSocket", async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
      const heard: string[] = [];
      socket.onmessage = ({ data }) => heard.push(data);
      await new Promise((resolve) => socket.onopen = resolve);
      socket.send("hello");
      await until(() => heard.length === 1);
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
    });
    await t.step("its log holds no complaint about us", () => assert.deepEqual(complaints(interior.output()), []));
  } catch (error) {
    console.error([interior, ...sites].map(({ name, output }) => `--- ${name}\n${output().slice(-3000)}`).join("\n"));
    throw error;
  } finally {
    await Promise.all([...sites, interior].map((process) => process.stop()));
    await target.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
});
