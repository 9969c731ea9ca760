/**
 * The ways out of a network that lets little through: AMQP in WebSocket, an HTTP proxy, both. Real processes; every
 * edge may reach the first hop of its link and its own service, and nothing else.
 */

import assert from "node:assert/strict";
import { Audited, siteReach } from "../support/audited.ts";
import { freePort } from "../support/ports.ts";
import { type Process, start, untilListening } from "../support/processes.ts";
import { edgeFolder, type InteriorFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const PROXY = new URL("../support/connect_proxy.ts", import.meta.url).pathname;

/** A proxy that lets through to `port`. */
async function startProxy(port: number, credentials: string[] = []): Promise<{ process: Process; port: number }> {
  const args = ["run", "--no-check", "--no-config", "--allow-net=127.0.0.1", PROXY, `${port}`, ...credentials];
  const process = start("proxy", Deno.execPath(), args);
  await until(() => /listening on \d+\n/.test(process.output()));
  return { process, port: Number(/listening on (\d+)/.exec(process.output())?.[1]) };
}

/** Adds `settings` to the Link that `link generate` made, and the Secret that describes a proxy. */
async function setLink(dir: string, settings: Record<string, string>, proxy?: Record<string, string>): Promise<void> {
  const path = `${dir}/link.yaml`;
  const lines = Object.entries(settings).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`);
  const secret = proxy === undefined ? [] : [
    ...["---", "apiVersion: v1", "kind: Secret", "metadata:", "  name: office-proxy", "stringData:"],
    ...Object.entries(proxy).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`),
  ];
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, [text.trimEnd(), "  settings:", ...lines, ...secret, ""].join("\n"));
}

/** Runs `body` beside a hub; everything is removed afterwards. */
async function withHub(body: (dir: string, hub: InteriorFolder, process: Process) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const hub = await interiorFolder(`${dir}/hub`);
    await using process = startTendril("hub", ["run", `${dir}/hub`]);
    await untilListening(hub.edgePort, process);
    await body(dir, hub, process);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The edge in `dir/name` with the permissions its documents name, `firstHop` for the address of its link. */
function edge(dir: string, name: string, firstHop: number, service: "LISTENER" | "TARGET", port: number): Audited {
  return new Audited(dir, ["run", name], {
    ...siteReach(dir, name),
    "LINK_HOST:PORT": [`127.0.0.1:${firstHop}`],
    [`${service}_HOST:PORT`]: [`127.0.0.1:${port}`],
  });
}

Deno.test("traffic crosses: one edge links by WebSocket, the other by WebSocket through a proxy that asks who it is", async () => {
  await withHub(async (dir, hub) => {
    await using target = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => new Response(`${(await request.text()).length} octets`, { headers: { connection: "close" } }),
    );
    const proxy = await startProxy(hub.edgePort, ["alice:s:cret"]);
    await using proxyProcess = proxy.process;
    const [key, port] = ["web", freePort()];
    await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key, port }] });
    await edgeFolder(`${dir}/east`, "east", hub, { connectors: [{ key, port: target.addr.port }] });
    await setLink(`${dir}/west`, { "tendril.websocket": "true" });
    await setLink(`${dir}/east`, { "tendril.websocket": "true", "proxy-configuration": "office-proxy" }, {
      host: "127.0.0.1",
      port: `${proxy.port}`,
      username: "alice",
      password: "s:cret",
    });
    const sites = [
      edge(dir, "west", hub.edgePort, "LISTENER", port),
      edge(dir, "east", proxy.port, "TARGET", target.addr.port),
    ];
    {
      await using west = sites[0]!.start("west");
      await using east = sites[1]!.start("east");
      await untilListening(port, west, 30_000);
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "x".repeat(3_000_000) });
      assert.equal(await response.text(), "3000000 octets", `${west.output()}\n${east.output()}`);
      for (const process of [west, east]) {
        process.signal("SIGINT");
        assert.equal(await process.ended, 0, process.output());
      }
    }
    assert.equal(proxyProcess.output().split("\n")[1], `127.0.0.1:${hub.edgePort} 200 Connection established`);
    for (const site of sites) await site.check();
  });
});

Deno.test("a proxy without credentials leads to the hub's TLS port", async () => {
  await withHub(async (dir, hub, hubProcess) => {
    const proxy = await startProxy(hub.edgePort);
    await using proxyProcess = proxy.process;
    await edgeFolder(`${dir}/west`, "west", hub, {});
    await setLink(`${dir}/west`, { "proxy-configuration": "office-proxy" }, {
      host: "127.0.0.1",
      port: `${proxy.port}`,
    });
    await using west = edge(dir, "west", proxy.port, "TARGET", 1).start("west");
    await until(() => /link is active/.test(west.output()) && /peer=west/.test(hubProcess.output()), 30_000);
    assert.match(proxyProcess.output(), /200 Connection established/);
  });
});

Deno.test("a link that its proxy refuses says why", async (t) => {
  await withHub(async (dir, hub) => {
    const cases = [
      { name: "wrong password", allowed: hub.edgePort, username: "mallory", expect: /wants other credentials/ },
      {
        name: "wrong target",
        allowed: 1,
        username: "alice",
        expect: /will not connect to .*403 Forbidden by the house/,
      },
      { name: "no proxy", allowed: 0, username: "alice", expect: /proxy can't be reached.*refused/i },
    ];
    for (const { name, allowed, username, expect } of cases) {
      await t.step(name, async () => {
        const proxy = allowed === 0 ? undefined : await startProxy(allowed, ["alice:secret"]);
        await using _proxy = proxy?.process;
        const port = proxy?.port ?? freePort();
        const site = name.replace(" ", "-");
        await edgeFolder(`${dir}/${site}`, site, hub, {});
        await setLink(`${dir}/${site}`, { "proxy-configuration": "office-proxy" }, {
          host: "127.0.0.1",
          port: `${port}`,
          username,
          password: "secret",
        });
        await using process = edge(dir, site, port, "TARGET", 1).start(site);
        await until(() => /link is down/.test(process.output()), 30_000);
        assert.match(process.output(), expect);
        assert.doesNotMatch(process.output(), /secret|alice|mallory/);
      });
    }
  });
});
