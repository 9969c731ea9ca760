/** MultiKeyListeners over the wire: clients of one site, targets behind another. */

import assert from "node:assert/strict";
import type { ConnectorSpec, KeyStrategy, RunningSite, SiteSpec } from "../../agent/mod.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { startInterior } from "../../interior/mod.ts";
import { freePort } from "../support/ports.ts";
import { connect, server, type TestServer, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

/** Site `near` has the MultiKeyListener, `far` the targets, one for each key, that tell their key. */
class Network implements AsyncDisposable {
  readonly port = freePort();
  readonly #targets = new Map<string, TestServer>();
  readonly #spec: SiteSpec;
  readonly far: RunningSite;
  readonly near: RunningSite;

  private constructor(spec: SiteSpec, far: RunningSite, near: RunningSite) {
    this.#spec = spec;
    this.far = far;
    this.near = near;
  }

  static async start(): Promise<Network> {
    const tls = await (await TestAuthority.create("van")).issue({ name: "x", ips: ["127.0.0.1"], dns: ["localhost"] });
    const place = { host: "127.0.0.1", port: freePort() };
    const plain = { role: "interior", listeners: [], connectors: [], links: [], access: [], policies: [] } as const;
    const access = [{ name: "links", role: "inter-router", ...place, cost: 1, measured: false, tls }] as const;
    const endpoints = [{ role: "inter-router", ...place, group: "" }] as const;
    const links = [{ name: "up", cost: 1, measured: false, endpoints, tls, websocket: false }];
    const far = { ...plain, id: crypto.randomUUID(), name: "far", access };
    const near = { ...plain, id: crypto.randomUUID(), name: "near", links };
    const deps = { logger: silentLogger };
    return new Network(far, await startInterior(far, deps), await startInterior(near, deps));
  }

  /** Has `far` serve exactly `keys`. */
  async serve(...keys: string[]): Promise<void> {
    const connectors = keys.map((key): ConnectorSpec => {
      const target = this.#targets.get(key) ?? server((conn) => writeAll(conn, new TextEncoder().encode(key)));
      this.#targets.set(key, target);
      return { name: key, routingKey: key, host: "127.0.0.1", port: target.port };
    });
    await this.far.apply({ ...this.#spec, connectors });
  }

  /** Has `near` listen. */
  async listen(strategy: KeyStrategy): Promise<void> {
    const listener = { name: "web", host: "127.0.0.1", port: this.port, strategy };
    const spec = { ...this.#spec, access: [], name: "near", id: this.near.status().id, links: this.#links() };
    await this.near.apply({ ...spec, multiKeyListeners: [listener] });
  }

  /** What the listener says is served. */
  reachable(): readonly string[] {
    return this.near.status().multiKeyListeners?.[0]?.reachable ?? [];
  }

  /** The key that answers a new client. */
  async ask(): Promise<string> {
    using conn = await connect(this.port);
    const buffer = new Uint8Array(16);
    const octets = await conn.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, octets ?? 0));
  }

  #links() {
    const [{ host, port, tls }] = this.#spec.access as [SiteSpec["access"][0]];
    const endpoints = [{ role: "inter-router" as const, host, port, group: "" }];
    return [{ name: "up", cost: 1, measured: false, endpoints, tls: tls!, websocket: false }];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.near.stop(), this.far.stop()]);
    for (const target of this.#targets.values()) target[Symbol.dispose]();
  }
}

Deno.test("multi-key listener: by priority, new clients go to the first key that is served, at once", async () => {
  await using network = await Network.start();
  await network.listen({ kind: "priority", keys: ["a", "b"] });
  await assert.rejects(connect(network.port), Deno.errors.ConnectionRefused, "no key is served");
  for (const [serve, expected] of [[["b"], "b"], [["a", "b"], "a"], [["b"], "b"], [["a"], "a"]] as const) {
    await network.serve(...serve);
    await until(() => `${network.reachable()}` === `${serve}`);
    for (let round = 0; round < 3; round++) assert.equal(await network.ask(), expected);
  }
  await network.serve();
  await until(() => network.near.status().multiKeyListeners?.[0]?.open === false);
  const [status] = network.near.status().multiKeyListeners!;
  assert.deepEqual([status?.matched, status?.message], [false, "No matching connectors"]);
});

Deno.test("multi-key listener: by weight, clients are spread so over the keys that are served", async () => {
  await using network = await Network.start();
  await network.serve("a", "b", "c");
  await network.listen({ kind: "weighted", weights: { a: 3, b: 1, d: 6 } });
  await until(() => `${network.reachable()}` === "a,b");
  const answers = async (count: number) => {
    const keys: Record<string, number> = {};
    for (let at = 0; at < count; at++) {
      const key = await network.ask();
      keys[key] = (keys[key] ?? 0) + 1;
    }
    return keys;
  };
  const { a = 0, b = 0, ...others } = await answers(80);
  assert.deepEqual(others, {}, "a key is served that is none of the listener's");
  assert.ok(Math.abs(a - 60) <= 2 && Math.abs(b - 20) <= 2, `3 to 1 became ${a} to ${b}`);
  await network.serve("b", "d");
  await until(() => `${network.reachable()}` === "b,d");
  const later = await answers(35);
  assert.ok(Math.abs((later["d"] ?? 0) - 30) <= 2, `6 to 1 became ${JSON.stringify(later)}`);
});
