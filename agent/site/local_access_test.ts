import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { type Logger, silentLogger } from "../telemetry/log.ts";
import { dialLocal } from "../transport/local_socket.ts";
import { Router } from "../router/router.ts";
import { until } from "../../tests/support/until.ts";
import { message, read, send, WirePeer } from "../../tests/support/wire_peer.ts";
import { LocalAccess, localSocket } from "./local_access.ts";

async function inFolder(body: (dir: string, router: Router) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir, new Router({ id: "SITE", role: "edge" }));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("local access: a program of this machine sends and receives like any client", () =>
  inFolder(async (dir, router) => {
    const access = await LocalAccess.open(dir, router, silentLogger);
    const client = new WirePeer(await dialLocal(localSocket(dir)), "client", "local", false);
    await client.receiver({ address: "orders" });
    const sent = send(await client.sender({ address: "orders" }), message({ body: "one" }));
    await until(() => client.arrived[0]?.events.includes("end") === true);
    assert.equal(read(client.arrived[0]!.octets).body, "one");
    client.arrived[0]!.delivery.update({ kind: "accepted" }, true);
    await until(() => sent.states.length === 1);
    await access.close();
    await until(() => client.gone !== undefined);
    assert.equal(router.peers.size, 0);
  }));

Deno.test("local access: nobody but the owner gets at the socket", () =>
  inFolder(async (dir, router) => {
    const access = await LocalAccess.open(dir, router, silentLogger);
    const mode = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
    assert.equal(await mode(`${dir}/run`), 0o700);
    assert.equal(await mode(localSocket(dir)), 0o600);
    await access.close();
    await assert.rejects(Deno.stat(localSocket(dir)), Deno.errors.NotFound);
  }));

Deno.test("local access: a second process is refused, and the first one goes on", () =>
  inFolder(async (dir, router) => {
    const first = await LocalAccess.open(dir, router, silentLogger);
    await assert.rejects(
      LocalAccess.open(dir, router, silentLogger),
      (error) => error instanceof TendrilError && error.code === "SITE_RUNNING",
    );
    (await dialLocal(localSocket(dir))).destroy();
    await first.close();
  }));

Deno.test("local access: the socket of a process that was killed is replaced", () =>
  inFolder(async (dir, router) => {
    await Deno.mkdir(`${dir}/run`, { mode: 0o700 });
    const script = `import { createServer } from "node:net";
      createServer().listen(Deno.args[0], () => console.log("up"));`;
    await Deno.writeTextFile(`${dir}/listen.ts`, script);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", `${dir}/listen.ts`, localSocket(dir)],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    assert.ok((await Deno.lstat(localSocket(dir))).isSocket, "it is left behind");
    const access = await LocalAccess.open(dir, router, silentLogger);
    (await dialLocal(localSocket(dir))).destroy();
    await access.close();
  }));

Deno.test("local access: a folder that can't have the socket is no reason not to run, and a warning says so", () =>
  inFolder(async (dir, router) => {
    await Deno.writeTextFile(`${dir}/run`, "not a folder");
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
    const access = await LocalAccess.open(dir, router, logger);
    assert.match(warnings.join(), /no local socket/);
    await access.close();
  }));

Deno.test("local access: whoever connects and says nothing is sent away when the site stops", () =>
  inFolder(async (dir, router) => {
    const access = await LocalAccess.open(dir, router, silentLogger);
    const silent = await dialLocal(localSocket(dir));
    let closed = false;
    silent.start({ onData() {}, onClose: () => closed = true });
    await access.close();
    await until(() => closed);
  }));
