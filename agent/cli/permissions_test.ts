/**
 * Every command runs with exactly the permissions that its help documents, and asks for nothing beyond them: Deno
 * writes each access down (`DENO_AUDIT_PERMISSIONS`), and the test reads it.
 */

import assert from "node:assert/strict";
import { Audited, type Reach } from "../../tests/support/audited.ts";
import { freePort, untilListening } from "../../tests/support/processes.ts";
import { resource } from "../../tests/support/site_folder.ts";
import { until } from "../../tests/support/until.ts";

Deno.test("permissions: every command does its work with exactly those that its help documents", async () => {
  const dir = await Deno.makeTempDir();
  const [edge, interRouter, amqp, listener, forwarded] = Array.from({ length: 5 }, freePort);
  assert.ok(edge && interRouter && amqp && listener && forwarded);
  const at = (...ports: number[]) => ports.map((port) => `127.0.0.1:${port}`);
  const once: Audited[] = [];
  const command = async (words: string[], reach: Reach) => {
    const audited = new Audited(dir, words, reach);
    once.push(audited);
    return await audited.run();
  };
  const ports = ["--edge-port", edge, "--inter-router-port", interRouter, "--amqp-port", amqp].map(String);
  const hubWords = ["site", "create", "hub", "--dir", "hub", "--enable-link-access", "--bind", "127.0.0.1", ...ports];
  try {
    await using target = serve();
    await command(hubWords, { DIR: ["hub"] });
    await command(["site", "create", "west", "--dir", "west", "--edge"], { DIR: ["west"] });
    await command(["link", "generate", "--dir", "hub", "--host", "hub.example"], { DIR: ["hub"] });
    const link = await command(["link", "generate", "--dir", "hub", "--host", "127.0.0.1"], { DIR: ["hub"] });
    await Deno.writeTextFile(`${dir}/link.yaml`, link, { mode: 0o600 });
    await Deno.writeTextFile(`${dir}/west/link.yaml`, link, { mode: 0o600 });
    await Deno.writeTextFile(`${dir}/west/listener.yaml`, resource("Listener", { key: "web", port: listener }));
    await Deno.writeTextFile(`${dir}/west/connector.yaml`, resource("Connector", { key: "own", port: target.port }));

    const oneLiner = { "FILE": ["link.yaml"], "LINK_HOST:PORT": at(edge) };
    const targetAt = { "TARGET_HOST:PORT": at(target.port) };
    const hub = new Audited(dir, ["run", "hub"], { DIR: ["hub"], "ACCESS_HOST:PORT": at(edge, interRouter, amqp) });
    const west = new Audited(dir, ["run", "west"], {
      DIR: ["west"],
      "LINK_HOST:PORT": at(edge),
      "LISTENER_HOST:PORT": at(listener),
      ...targetAt,
    });
    const expose = new Audited(dir, ["expose", "web", `${target.port}`, "--link", "link.yaml"], {
      ...oneLiner,
      ...targetAt,
    });
    const forward = new Audited(dir, ["forward", "own", `${forwarded}`, "--link", "link.yaml", "--wait", "30"], {
      ...oneLiner,
      "LISTENER_HOST:PORT": at(forwarded),
    });
    {
      await using hubProcess = hub.start("hub");
      await until(() => hubProcess.output().includes("accepting peers"));
      await using westProcess = west.start("west");
      await using exposeProcess = expose.start("expose");
      await using forwardProcess = forward.start("forward");
      for (const [port, process] of [[listener, westProcess], [forwarded, forwardProcess]] as const) {
        await untilListening(port, process);
        const response = await fetch(`http://127.0.0.1:${port}/`);
        assert.equal(await response.text(), "through", process.output());
      }
      await until(() => exposeProcess.output().includes("routing key is reachable"));
      for (const process of [exposeProcess, forwardProcess, westProcess, hubProcess]) {
        process.signal("SIGINT");
        assert.equal(await process.ended, 0, process.output());
      }
    }
    for (const audited of once) {
      const kinds = await audited.check();
      assert.ok([...kinds].every((kind) => ["read", "write", "env", "sys"].includes(kind)), [...kinds].join());
    }
    for (const audited of [hub, west, expose, forward]) {
      const kinds = await audited.check();
      assert.deepEqual([...kinds].sort(), ["env", "net", "read"], "no run, no ffi, no sys, no write");
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** A target that answers every request the same. */
function serve(): { port: number } & AsyncDisposable {
  const headers = { connection: "close" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("through", { headers }),
  );
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
