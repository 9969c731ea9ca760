import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { edgeFolder, interiorFolder, resource } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const CHANGES = 100;
const LIMIT_MS = 30_000;

/** Whether `port` refuses clients: the system shuts it a moment after the process does. */
async function shuts(port: number): Promise<boolean> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end;) {
    const conn = await connect(port).catch(() => undefined);
    if (conn === undefined) return true;
    conn.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** An interior that serves `echo` itself, and an edge that listens for it. */
async function network(body: (parts: Awaited<ReturnType<typeof start>>) => Promise<void>): Promise<void> {
  const parts = await start();
  try {
    await body(parts);
  } catch (error) {
    console.error(`${parts.hub.output().slice(-2000)}\n${parts.edge.output().slice(-4000)}`);
    throw error;
  } finally {
    await Promise.all([parts.hub.stop(), parts.edge.stop()]);
    parts.target[Symbol.dispose]();
    await Deno.remove(parts.dir, { recursive: true });
  }
}

async function start() {
  const dir = await Deno.makeTempDir();
  const target = server(echo);
  const port = freePort();
  const hubFolder = await interiorFolder(`${dir}/hub`, "hub");
  await Deno.writeTextFile(`${dir}/hub/echo.yaml`, resource("Connector", { key: "echo", port: target.port }));
  await edgeFolder(`${dir}/edge`, "edge", hubFolder, { listeners: [{ key: "echo", port }] });
  const hub = startTendril("hub", ["run", `${dir}/hub`, "--log-format", "json"]);
  const edge = startTendril("edge", ["run", `${dir}/edge`, "--log-format", "json"]);
  await until(() => edge.output().includes("listener is open"), LIMIT_MS);
  const write = (file: string, text: string) => Deno.writeTextFile(`${dir}/edge/${file}`, text);
  const remove = (file: string) => Deno.remove(`${dir}/edge/${file}`);
  const said = (text: string) => edge.output().split(text).length - 1;
  return { dir, target, port, hub, edge, hubFolder, write, remove, said };
}

Deno.test("live changes: a flow lives through 100 changes that are none of its business", () =>
  network(async ({ port, target, write, remove, said }) => {
    const conn = await connect(port);
    const speak = async () => {
      await writeAll(conn, new Uint8Array(10_000));
      assert.ok(await readExactly(conn, 10_000), "the flow was lost");
    };
    await speak();
    for (let change = 1; change <= CHANGES; change++) {
      const name = `other-${change % 7}`;
      // Seven connectors come, become others and go, while a listener moves to another port each time.
      if (change % 7 === 0) await remove("other-6.yaml").catch(() => {});
      else await write(`${name}.yaml`, resource("Connector", { key: name, port: target.port + (change % 3) }));
      if (change % 5 === 0) await write("moving.yaml", resource("Listener", { key: "nobody", port: freePort() }));
      await speak();
      if (change % 10 === 0) {
        const before = said('"resource ');
        await write("mark.yaml", resource("Connector", { key: `mark-${change}`, port: 1 }));
        await until(() => said('"resource ') > before, LIMIT_MS);
        await speak();
      }
    }
    await until(() => said('"name":"mark-') >= CHANGES / 10, LIMIT_MS);
    await speak();
    conn.close();
  }));

Deno.test("live changes: a listener that is removed takes no new client, and keeps the one it has", () =>
  network(async ({ port, remove, said, dir }) => {
    const conn = await connect(port);
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100));
    for await (const { name } of Deno.readDir(`${dir}/edge`)) {
      if (/^(listener|Listener).*\.ya?ml$/.test(name) || name === "services.yaml") await remove(name);
    }
    await until(() => said('"resource removed"') === 1, LIMIT_MS);
    assert.ok(await shuts(port), "the port stays open");
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100), "a connection of a removed listener lives on");
    conn.close();
  }));

Deno.test("live changes: a broken file changes nothing and is told once, with its place; mending it is enough", () =>
  network(async ({ port, write, remove, said, edge }) => {
    await write("broken.yaml", "kind: [not closed");
    await until(() => said("resources were not applied") === 1, LIMIT_MS);
    assert.match(edge.output(), /broken\.yaml:\d+:\d+/);
    await write("other.yaml", resource("Connector", { key: "other", port: 1 }));
    const conn = await connect(port);
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100));
    conn.close();
    await remove("broken.yaml");
    await until(() => said("resources are in order again") === 1 && said('"resource added"') === 1, LIMIT_MS);
    assert.equal(said("resources were not applied"), 1);
  }));

Deno.test("live changes: a link that is removed is disconnected, and one that is added is used", () =>
  network(async ({ dir, port, said }) => {
    const link = await Deno.readTextFile(`${dir}/edge/link.yaml`);
    await Deno.remove(`${dir}/edge/link.yaml`);
    await until(() => said("listener is closed") === 1, LIMIT_MS);
    await Deno.writeTextFile(`${dir}/edge/again.yaml`, link);
    await until(() => said("listener is open") === 2, LIMIT_MS);
    const conn = await connect(port);
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100));
    conn.close();
  }));

Deno.test("live changes: the name of a running site stays what it is", () =>
  network(async ({ dir, said }) => {
    for await (const { name } of Deno.readDir(`${dir}/edge`)) {
      if (!name.startsWith("Site-")) continue;
      const text = await Deno.readTextFile(`${dir}/edge/${name}`);
      await Deno.writeTextFile(`${dir}/edge/${name}`, text.replace("name: edge", "name: other"));
    }
    await until(() => said("SITE_RESTART") === 1, LIMIT_MS);
  }));

Deno.test("live changes: one broken resource is told with its place and left as it was, while the others go on", () =>
  network(async ({ port, target, write, remove, said, edge, dir }) => {
    const listeners = await Deno.readTextFile(`${dir}/edge/services.yaml`);
    await write("services.yaml", listeners.replace(`port: ${port}`, "port: none"));
    await until(() => said("resource is broken, the others go on") === 1, LIMIT_MS);
    assert.match(edge.output(), /services\.yaml:\d+:\d+ .*spec\.port must be a port/);
    await write("other.yaml", resource("Connector", { key: "other", port: target.port }));
    await until(() => said('"resource added"') === 1, LIMIT_MS);
    const conn = await connect(port);
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100), "the listener goes on as it was");
    conn.close();
    await write("services.yaml", listeners);
    await until(() => said("resource is not broken any more") === 1, LIMIT_MS);
    await remove("services.yaml");
    assert.ok(await shuts(port));
  }));
