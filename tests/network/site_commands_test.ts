/** Commands that change a running site and tell how it is, as processes at a real network. */

import assert from "node:assert/strict";
import type { ResourceStatus } from "../../agent/site/conditions.ts";
import { managementAddress, ManagementClient } from "../../agent/management/client.ts";
import { RELOAD, SITE_TYPE } from "../../agent/management/entities.ts";
import { TYPE_PREFIX } from "../../agent/management/entity_type.ts";
import { localSocket } from "../../agent/site/local_access.ts";
import { dialLocal } from "../../agent/transport/local_socket.ts";
import { freePort } from "../support/ports.ts";
import { edgeFolder, interiorFolder, resource } from "../support/site_folder.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

Deno.test("site commands: plan, apply, delete, reload and status at a running edge", async (t) => {
  const dir = await Deno.makeTempDir();
  const target = server(echo);
  const [port, other, taken] = [freePort(), freePort(), freePort()];
  const blocker = Deno.listen({ hostname: "127.0.0.1", port: taken });
  const hubFolder = await interiorFolder(`${dir}/hub`, "hub");
  await Deno.writeTextFile(`${dir}/hub/echo.yaml`, resource("Connector", { key: "echo", port: target.port }));
  await edgeFolder(`${dir}/edge`, "edge", hubFolder, { listeners: [{ key: "echo", port }] });
  const hub = startTendril("hub", ["run", `${dir}/hub`]);
  const edge = startTendril("edge", ["run", `${dir}/edge`]);
  const ask = async (...words: string[]) => {
    const { code, stdout, stderr } = await tendril(...words, "--dir", `${dir}/edge`, "-o", "json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const put = async (text: string) => {
    await Deno.writeTextFile(`${dir}/in.yaml`, text);
    return ["-f", `${dir}/in.yaml`];
  };
  const status = async (kind: string, name: string): Promise<ResourceStatus> => {
    const { resources } = await ask("status") as { resources: ResourceStatus[] };
    const found = resources.find((resource) => resource.kind === kind && resource.name === name);
    assert.ok(found, `${kind} ${name}`);
    return found;
  };
  const speak = async (conn: Deno.TcpConn) => {
    await writeAll(conn, new Uint8Array(100));
    assert.ok(await readExactly(conn, 100), "the flow was lost");
  };
  try {
    await until(() => edge.output().includes("listener is open"), LIMIT_MS);
    const conn = await connect(port);
    await speak(conn);
    await t.step("plan tells what changes, and which connections that meets", async () => {
      const file = await put(
        `${resource("Listener", { key: "echo", port: other })}---\n${resource("Connector", { key: "new", port: 1 })}`,
      );
      const { running, changes } = await ask("plan", ...file);
      assert.equal(running, true);
      const told = changes.map((
        change: Record<string, unknown>,
      ) => [change["action"], change["kind"], change["connections"]]);
      assert.deepEqual(told, [["update", "Listener", 1], ["create", "Connector", null]]);
      const gone = await ask("delete", "link/link-hub", "--dry-run");
      assert.deepEqual([gone.dryRun, gone.changes[0].connections], [true, 1], "the one stream out goes over the link");
      assert.match(gone.changes[0].effect, /cut/);
      assert.equal((await status("Listener", "echo")).details["port"], port, "nothing was changed");
    });
    await t.step("apply is done when the running site has applied it, and the connection goes on", async () => {
      const { running, changes } = await ask("apply", ...await put(resource("Listener", { key: "echo", port: other })));
      assert.deepEqual([running, changes[0].file], [true, "services.yaml"]);
      const { details } = await status("Listener", "echo");
      assert.equal(details["port"], other);
      await speak(conn);
      (await connect(other)).close();
      const { changes: rest } = await ask("plan");
      assert.ok(rest.every(({ action }: { action: string }) => action === "unchanged"));
    });
    await t.step("a port that the system refuses is an error of the Listener, with a way out", async () => {
      await ask("apply", ...await put(resource("Listener", { key: "echo", port: taken })));
      const { status: state, message, next, conditions } = await status("Listener", "echo");
      assert.deepEqual([state, conditions[0]?.type, conditions[0]?.status], ["Error", "Configured", "False"]);
      assert.match(message, /can't listen on 127\.0\.0\.1/);
      assert.match(next, /choose another port/);
      await ask("apply", ...await put(resource("Listener", { key: "echo", port })));
      assert.equal((await status("Listener", "echo")).status, "Ready");
    });
    await t.step("what is broken in the folder is told by status, and the others go on", async () => {
      await Deno.writeTextFile(`${dir}/edge/wrong.yaml`, resource("Connector", { key: "wrong", port: 0 }));
      const { broken } = await ask("reload");
      assert.deepEqual(broken.map(({ name }: { name: string }) => name), ["wrong"]);
      const { status: state, message, next } = await status("Connector", "wrong");
      assert.equal(state, "Error");
      assert.match(message, /wrong\.yaml:\d:9 .*spec\.port must be a port/);
      assert.match(next, /\.$/);
      await Deno.remove(`${dir}/edge/wrong.yaml`);
    });
    await t.step("a folder that makes no site fails a reload, and is an error of the Site", async () => {
      await Deno.writeTextFile(`${dir}/edge/wrong.yaml`, "kind: [");
      const { code, stderr } = await tendril("reload", "--dir", `${dir}/edge`);
      assert.equal(code, 3);
      assert.match(stderr, /error\[SITE_SYNTAX\]: .*wrong\.yaml:1:\d+/);
      assert.equal((await status("Site", "edge")).status, "Error");
      await Deno.remove(`${dir}/edge/wrong.yaml`);
      await ask("reload");
      assert.equal((await status("Site", "edge")).status, "Ready");
    });
    await t.step("delete takes a listener out, and its connection goes on", async () => {
      const latest = await connect(port);
      await speak(latest);
      const { changes } = await ask("delete", "listener/echo");
      assert.deepEqual([changes[0].action, changes[0].connections], ["delete", 1]);
      const { resources } = await ask("status");
      assert.ok(!resources.some(({ kind }: ResourceStatus) => kind === "Listener"));
      for (const flow of [conn, latest]) await speak(flow);
      latest.close();
    });
    await t.step("listener, connector and link do the same in Skupper's words", async () => {
      await ask("listener", "create", "mine", `${port}`, "--routing-key", "echo", "--host", "127.0.0.1");
      await until(async () => (await ask("listener", "status", "mine")).resources[0].status === "Ready", LIMIT_MS);
      const { changes } = await ask("listener", "update", "mine", "--port", `${other}`);
      assert.deepEqual(changes.map(({ file }: { file: string }) => file), ["Listener-mine.yaml"]);
      const latest = await connect(other);
      await speak(latest);
      latest.close();
      await ask("connector", "create", "c", "1", "--routing-key", "mine");
      assert.equal((await ask("connector", "status")).resources[0].details.target, "localhost:1");
      await ask("connector", "delete", "c");
      const again = await tendril("listener", "create", "mine", "1", "--dir", `${dir}/edge`);
      assert.equal(again.code, 3);
      assert.match(again.stderr, /error\[SITE_EXISTS\].*Listener-mine\.yaml[\s\S]*next: .*listener update/);
      await ask("listener", "delete", "mine");
      assert.equal((await tendril("listener", "status", "mine", "--dir", `${dir}/edge`)).code, 3);
      conn.close();
      await ask("link", "update", "link-hub", "--cost", "5");
      await until(async () => (await status("Link", "link-hub")).status === "Ready", LIMIT_MS);
      assert.equal((await status("Link", "link-hub")).details["cost"], 5);
      await Deno.rename(`${dir}/edge/link.yaml`, `${dir}/link.yaml`);
      await ask("reload");
      assert.deepEqual((await ask("link", "status")).resources, []);
      const created = await ask("link", "create", `${dir}/link.yaml`);
      assert.deepEqual(created.changes.map(({ file }: { file: string }) => file), [
        "Secret-link-hub.yaml",
        "Link-link-hub.yaml",
      ]);
      await until(async () => (await status("Link", "link-hub")).status === "Ready", LIMIT_MS);
      const gone = await ask("link", "delete", "link-hub", "--dry-run");
      assert.deepEqual(gone.changes.map(({ kind }: { kind: string }) => kind), ["Link", "Secret"]);
    });
    await t.step("another role is written, and takes a restart", async () => {
      const site = await Deno.readTextFile(`${dir}/edge/Site-edge.yaml`);
      const file = await put(site.replace("edge: true", "edge: false"));
      assert.match((await ask("plan", ...file)).changes[0].effect, /takes a restart/);
      const { code, stderr } = await tendril("apply", ...file, "--dir", `${dir}/edge`);
      assert.equal(code, 3);
      assert.match(stderr, /error\[SITE_RESTART\]: the role of a running site can't change/);
      await ask("apply", ...await put(site));
      assert.equal((await status("Site", "edge")).status, "Ready");
    });
    await t.step("what a site says of itself is for programs of its machine alone", async () => {
      const client = await ManagementClient.connect(await dialLocal(localSocket(`${dir}/edge`)), 5000);
      const over = await ManagementClient.connect(await dialLocal(localSocket(`${dir}/hub`)), 5000);
      try {
        assert.equal((await client.query(managementAddress(), SITE_TYPE)).length, 1);
        const address = managementAddress({ id: "edge", role: "edge" });
        await until(async () => (await over.query(address, "router").catch(() => [])).length === 1, LIMIT_MS);
        assert.deepEqual(await over.query(address, SITE_TYPE), []);
        const reload = over.ask(address, RELOAD, { type: TYPE_PREFIX + SITE_TYPE });
        await assert.rejects(reload, { code: "MANAGEMENT_REFUSED", message: /404/ });
      } finally {
        await Promise.all([client.close(), over.close()]);
      }
    });
    await t.step("--wait returns when the resources are as wanted, or says what is missing", async () => {
      const words = ["--dir", `${dir}/edge`];
      const good = await tendril(
        "apply",
        ...await put(resource("Listener", { key: "echo", port })),
        ...words,
        "--wait",
        "ready",
      );
      assert.equal(good.code, 0, good.stderr);
      assert.equal((await status("Listener", "echo")).status, "Ready");
      const lonely = ["listener", "create", "lonely", `${other}`, "--host", "127.0.0.1", ...words];
      const late = await tendril(...lonely, "--wait", "matched", "--timeout", "1");
      assert.equal(late.code, 4);
      assert.match(late.stdout, /create +Listener +lonely/, "what was changed is told");
      assert.match(
        late.stderr,
        /error\[WAIT_TIMEOUT\]: not matched within 1 s: Listener lonely\n +why: .*\n +next: .*lonely/,
      );
      const link = await tendril("link", "status", "link-hub", ...words, "--wait", "operational");
      assert.deepEqual([link.code, /link-hub +Ready/.test(link.stdout)], [0, true], link.stderr);
      const one = await tendril("listener", "status", "lonely", ...words, "--wait", "ready", "--timeout", "1");
      assert.deepEqual([one.code, /Listener lonely/.test(one.stderr)], [4, true]);
      const all = await tendril("status", ...words, "--wait", "ready", "--timeout", "1");
      assert.deepEqual([all.code, /Listener lonely/.test(all.stderr)], [4, true]);
      assert.equal((await tendril("status", ...words, "--wait", "configured")).code, 0);
      await ask("listener", "delete", "lonely");
      assert.equal((await tendril("status", ...words, "--wait", "ready", "--timeout", "30")).code, 0);
      await ask("listener", "delete", "echo");
    });
    await t.step("a key that nobody serves, and a link to nobody, are pending with the next step", async () => {
      await ask("apply", ...await put(resource("Listener", { key: "nobody", port: other })));
      const { status: state, next } = await status("Listener", "nobody");
      assert.equal(state, "Pending");
      assert.match(next, /routing key nobody/);
      await hub.stop();
      await until(async () => (await status("Link", "link-hub")).status !== "Ready", LIMIT_MS);
      const link = await status("Link", "link-hub");
      assert.match(link.message, /^Not operational/);
      assert.match(link.next, /\.$/);
    });
    await t.step("table and YAML say the same as JSON", async () => {
      const table = await tendril("status", "--dir", `${dir}/edge`);
      assert.match(table.stdout, /Listeners\n {2}NAME +STATUS +ROUTING-KEY .*\n {2}nobody +Pending/);
      const yaml = await tendril("status", "--dir", `${dir}/edge`, "-o", "yaml");
      assert.match(yaml.stdout, /^resources:\n {2}- kind: Site\n/);
    });
  } catch (error) {
    console.error(`${hub.output().slice(-1000)}\n${edge.output().slice(-3000)}`);
    throw error;
  } finally {
    await Promise.all([hub.stop(), edge.stop()]);
    blocker.close();
    target[Symbol.dispose]();
    await Deno.remove(dir, { recursive: true });
  }
});
