/** A target that its check finds dead gets nothing more, from anywhere in a network of three interiors. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { interiorFolder, linkInteriors, resource } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { onStage } from "../support/stage.ts";
import { connect, readExactly, server } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
/** Time after a failed check in which the whole network must know, in ms. */
const KNOWN_MS = 2000;
/** Flows from each side that are watched after that. */
const WATCHED = 20;

/** A service with a health port of its own: the service goes on accepting, whatever that says. */
class Target implements Disposable {
  flows = 0;
  healthy = true;
  readonly #service = server(async (conn) => {
    this.flows++;
    await conn.write(new Uint8Array(1));
  });
  readonly #health = server(async (conn) => {
    await conn.read(new Uint8Array(1000));
    await conn.write(new TextEncoder().encode(`HTTP/1.1 ${this.healthy ? 200 : 500} x\r\n\r\n`));
  });

  /** A Connector of it as YAML. */
  yaml(): string {
    const check = `{http: {port: ${this.#health.port}}, intervalSeconds: 0.2, timeoutSeconds: 5, failureThreshold: 1}`;
    return `${resource("Connector", { key: "web", port: this.#service.port })}  healthCheck: ${check}\n`;
  }

  [Symbol.dispose](): void {
    this.#service[Symbol.dispose]();
    this.#health[Symbol.dispose]();
  }
}

async function flow(port: number): Promise<void> {
  const conn = await connect(port);
  const served = await readExactly(conn, 1);
  conn.close();
  assert.ok(served, "a flow found no target");
}

Deno.test("health: 2 s after its check has failed, no flow from anywhere reaches a target, until it is well", () =>
  onStage(async (dir, keep) => {
    using near = new Target();
    near.healthy = false;
    using far = new Target();
    // In a line: a - b - c, with clients at both ends, and targets at a and b.
    const [a, b, c] = [
      await interiorFolder(`${dir}/a`, "a"),
      await interiorFolder(`${dir}/b`, "b"),
      await interiorFolder(`${dir}/c`, "c"),
    ];
    await linkInteriors(b, a);
    await linkInteriors(c, b);
    const ports = { a: freePort(), c: freePort() };
    await Deno.writeTextFile(`${a.dir}/Connector-web.yaml`, far.yaml());
    await Deno.writeTextFile(`${b.dir}/Connector-web.yaml`, near.yaml());
    await Deno.writeTextFile(`${a.dir}/Listener-web.yaml`, resource("Listener", { key: "web", port: ports.a }));
    await Deno.writeTextFile(`${c.dir}/Listener-web.yaml`, resource("Listener", { key: "web", port: ports.c }));
    const sites = ["a", "b", "c"].map((name) => keep(startTendril(name, ["run", `${dir}/${name}`])));
    const said = (site: number, text: string) => sites[site]!.output().split(text).length - 1;
    await Promise.all(Object.values(ports).map((port) => untilListening(port, undefined, LIMIT_MS)));
    // Each client reaches the far target first, so that all know of it.
    await Promise.all(Object.values(ports).map(flow));
    assert.equal(near.flows, 0);
    near.healthy = true;
    await until(async () => {
      await flow(ports.c);
      return near.flows > 0;
    }, LIMIT_MS);

    near.healthy = false;
    await until(() => said(1, "target is unhealthy") === 1, LIMIT_MS);
    const failedAt = performance.now();
    assert.match(sites[1]!.output(), /target is unhealthy.*since=.*reason="the answer to GET \/ is 500"/);
    while (performance.now() - failedAt < KNOWN_MS) await Promise.all(Object.values(ports).map(flow));
    const before = near.flows;
    for (let flows = 0; flows < WATCHED; flows++) await Promise.all(Object.values(ports).map(flow));
    assert.equal(near.flows, before);

    near.healthy = true;
    await until(async () => {
      await flow(ports.c);
      return near.flows > before;
    }, LIMIT_MS);
    assert.equal(said(1, "target is healthy"), 2);

    far.healthy = near.healthy = false;
    const isShut = (port: number) => connect(port).then((conn) => (conn.close(), false), () => true);
    await until(async () => (await Promise.all(Object.values(ports).map(isShut))).every((shut) => shut), LIMIT_MS);
  }));
