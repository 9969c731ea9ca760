/** What management creates, changes and deletes at a running site, over the wire, and who may. */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import type { SiteSpec } from "../../agent/mod.ts";
import type { LogFields, Logger } from "../../agent/telemetry/log.ts";
import { dial } from "../../agent/transport/dial.ts";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { startInterior } from "../../interior/mod.ts";
import { Asker, checkSteps } from "../support/management_steps.ts";
import { withHub } from "../support/policy_hub.ts";
import { freePort } from "../support/ports.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";
import { WirePeer } from "../support/wire_peer.ts";

/** An interior with a plain port for clients. */
class Hub implements AsyncDisposable {
  readonly spec: SiteSpec;
  readonly logger: Logger & { level: "debug" | "info" | "warn" | "error" };
  readonly logged: [string, LogFields][] = [];
  readonly #peers: WirePeer[] = [];
  site!: Awaited<ReturnType<typeof startInterior>>;

  private constructor(name: string) {
    const keep = (message: string, fields: LogFields = {}) => void this.logged.push([message, fields]);
    this.logger = { level: "info", debug: keep, info: keep, warn: keep, error: keep };
    this.spec = {
      id: crypto.randomUUID(),
      name,
      role: "interior",
      listeners: [],
      connectors: [],
      links: [],
      access: [{ name: "amqp", role: "normal", host: "127.0.0.1", port: 0, cost: 1, measured: false, tls: undefined }],
      policies: [],
    };
  }

  static async start(name = "hub"): Promise<Hub> {
    const hub = new Hub(name);
    hub.site = await startInterior(hub.spec, { logger: hub.logger });
    return hub;
  }

  /** A client of the plain port. */
  async asker(): Promise<Asker> {
    const { port } = this.site.status().access.find(({ name }) => name === "amqp")!;
    const channel = await dial({ host: "127.0.0.1", port, websocket: false, timeoutMs: 10_000 }, NEVER);
    const wire = new WirePeer(channel, "client", `asker-${this.#peers.length}`);
    this.#peers.push(wire);
    return await Asker.open(wire);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site.stop();
    await until(() => this.#peers.every(({ gone }) => gone !== undefined));
  }
}

const NEVER = new AbortController().signal;

Deno.test("management changes: questions and answers as recorded of a real router", async () => {
  await using hub = await Hub.start();
  await checkSteps(await hub.asker());
  assert.equal(hub.logger.level, "warn", "the log has the level that was asked for");
});

Deno.test("management changes: services that are created carry connections, count them, and go", async () => {
  using target = server(echo);
  await using hub = await Hub.start();
  const asker = await hub.asker();
  const port = freePort();
  const service = { address: "echo", host: "127.0.0.1" };
  const made = await asker.ask({
    operation: "CREATE",
    type: "tcpConnector",
    name: "target",
    attributes: { ...service, port: `${target.port}` },
  });
  assert.equal(made.status, 201, made.description);
  await asker.ask({
    operation: "CREATE",
    type: "tcpListener",
    name: "web",
    attributes: { ...service, port: `${port}` },
  });
  const inner = { address: "$management", host: "127.0.0.1", port: `${freePort()}` };
  for (const type of ["tcpListener", "tcpConnector"]) {
    const { status } = await asker.ask({ operation: "CREATE", type, name: "inner", attributes: inner });
    assert.equal(status, 400, `${type}: an address of the routers themselves`);
  }
  const look = async () => (await asker.ask({ operation: "READ", type: "tcpListener", name: "web" })).body;
  await until(async () => (await look())["operStatus"] === "up");
  const conn = await connect(port);
  await writeAll(conn, new Uint8Array(1000));
  assert.ok(await readExactly(conn, 1000));
  assert.deepEqual(hub.site.status().listeners.map(({ name, open }) => [name, open]), [["management/web", true]]);
  // What the folder says now is none of its business.
  const others = { name: "web", routingKey: "echo", host: "127.0.0.1", port: freePort() };
  await hub.site.apply({ ...hub.spec, listeners: [others] });
  await hub.site.apply(hub.spec);
  await writeAll(conn, new Uint8Array(500));
  assert.ok(await readExactly(conn, 500), "a connection was lost by a change of the folder");
  conn.close();
  await until(async () => (await look())["connectionsClosed"] === 1);
  const { connectionsOpened, bytesIn, bytesOut } = await look();
  assert.deepEqual({ connectionsOpened, bytesIn, bytesOut }, { connectionsOpened: 1, bytesIn: 1500, bytesOut: 1500 });
  assert.equal((await asker.ask({ operation: "DELETE", type: "tcpListener", name: "web" })).status, 204);
  await assert.rejects(connect(port), Deno.errors.ConnectionRefused);
  assert.deepEqual(hub.site.status().listeners, []);
});

Deno.test("management changes: a MultiKeyListener is shown in the form that Skupper gives it", async () => {
  await using hub = await Hub.start();
  const asker = await hub.asker();
  const strategy = { kind: "priority" as const, keys: ["first", "second"] };
  const place = { host: "127.0.0.1", port: freePort() };
  await hub.site.apply({ ...hub.spec, multiKeyListeners: [{ name: "many", ...place, strategy }] });
  const read = async (type: string, name: string) => (await asker.ask({ operation: "READ", type, name })).body;
  const { multiAddressStrategy, operStatus, address, port } = await read("tcpListener", "multiAddress/many");
  assert.deepEqual([multiAddressStrategy, operStatus, address, port], ["priority", "down", null, `${place.port}`]);
  for (const [key, expected] of [["first", 1], ["second", 0]] as const) {
    const { value, listener } = await read("listenerAddress", `many/${key}`);
    assert.deepEqual([value, listener], [expected, "multiAddress/many"]);
  }
});

Deno.test("management changes: what the folder has is shown, and is not management's to change", async () => {
  await using hub = await Hub.start();
  const asker = await hub.asker();
  const place = { routingKey: "web", host: "127.0.0.1", port: freePort() };
  await hub.site.apply({ ...hub.spec, listeners: [{ name: "web", ...place }] });
  const { body } = await asker.ask({ operation: "READ", type: "tcpListener", name: "listener/web" });
  assert.equal(body["identity"], `tcpListener/127.0.0.1:${place.port}:listener/web`);
  const refused = await asker.ask({ operation: "DELETE", type: "tcpListener", name: "listener/web" });
  assert.equal(refused.status, 403);
  assert.match(refused.description, /of the folder/);
  const attributes = { address: "web", host: "0.0.0.0", port: `${place.port}` };
  const taken = await asker.ask({ operation: "CREATE", type: "tcpListener", name: "x", attributes });
  assert.equal(taken.status, 400);
  assert.match(taken.description, /is taken by web/);
  assert.equal((await asker.ask({ operation: "READ", type: "tcpListener", name: "x" })).status, 404);
});

Deno.test("management changes: a listener and a connector with an sslProfile make a link, which ends with either", async () => {
  const dir = await Deno.makeTempDir();
  const authority = await TestAuthority.create("van");
  const profile = async (name: string) => {
    const tls = await authority.issue({ name, ips: ["127.0.0.1"], dns: ["localhost"] });
    const files = { caCertFile: tls.ca, certFile: tls.cert, privateKeyFile: tls.key };
    const attributes: Record<string, string> = {};
    for (const [attribute, text] of Object.entries(files)) {
      attributes[attribute] = `${dir}/${name}-${attribute}.pem`;
      await Deno.writeTextFile(attributes[attribute]!, text);
    }
    return attributes;
  };
  {
    await using a = await Hub.start("a");
    await using b = await Hub.start("b");
    const [atA, atB] = [await a.asker(), await b.asker()];
    const port = `${freePort()}`;
    const common = { host: "127.0.0.1", port, role: "inter-router", sslProfile: "tls" };
    const create = async (at: Asker, type: string, name: string, attributes: Record<string, string>) => {
      const { status, description } = await at.ask({ operation: "CREATE", type, name, attributes });
      assert.equal(status, 201, description);
    };
    const unknown = await atA.ask({ operation: "CREATE", type: "listener", name: "links", attributes: common });
    assert.deepEqual([unknown.status, unknown.description], [400, "Not found: sslProfile 'tls' not found"]);
    await create(atA, "sslProfile", "tls", await profile("a"));
    await create(atB, "sslProfile", "tls", await profile("b"));
    await create(atA, "listener", "links", common);
    await create(atB, "connector", "up", common);
    const status = async () => (await atB.ask({ operation: "READ", type: "connector", name: "up" })).body;
    await until(async () => (await status())["connectionStatus"] === "SUCCESS");
    const inUse = await atB.ask({ operation: "DELETE", type: "sslProfile", name: "tls" });
    assert.deepEqual([inUse.status, /is used by connector/.test(inUse.description)], [400, true]);
    const half = { operation: "UPDATE", type: "sslProfile", name: "tls", attributes: { caCertFile: "" } } as const;
    const lacking = await atB.ask(half);
    assert.deepEqual([lacking.status, /lacks a file/.test(lacking.description)], [400, true]);
    assert.equal((await status())["connectionStatus"], "SUCCESS", "and all is as it was");
    // New credentials are taken into use without a moment in which the link is down.
    const renewed = { operation: "UPDATE", type: "sslProfile", name: "tls", attributes: await profile("b") } as const;
    assert.equal((await atB.ask(renewed)).status, 200);
    assert.equal((await status())["connectionStatus"], "SUCCESS");
    assert.equal((await atB.ask({ operation: "DELETE", type: "connector", name: "up" })).status, 204);
    await until(() => a.site.status().access.every(({ name, peers }) => name === "amqp" || peers === 0));
    assert.equal((await atA.ask({ operation: "DELETE", type: "listener", name: "links" })).status, 204);
    const shown = JSON.stringify([a.logged, b.logged, a.site.status(), b.site.status()]);
    assert.ok(!shown.includes("PRIVATE KEY"), "a key is in a log or a status");
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("management changes: services with an sslProfile speak TLS with clients and targets", async () => {
  const dir = await Deno.makeTempDir();
  const authority = await TestAuthority.create("web");
  const { ca, cert, key } = await authority.issue({ name: "web", dns: ["localhost"] });
  for (const [name, text] of [["ca", ca], ["crt", cert], ["key", key]]) {
    await Deno.writeTextFile(`${dir}/${name}`, text!);
  }
  const target = createServer({ cert, key }, (socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  {
    await using hub = await Hub.start();
    const asker = await hub.asker();
    const create = async (type: string, name: string, attributes: Record<string, string>) => {
      const { status, description } = await asker.ask({ operation: "CREATE", type, name, attributes });
      return [status, description];
    };
    const shown = { certFile: `${dir}/crt`, privateKeyFile: `${dir}/key` };
    assert.equal((await create("sslProfile", "shown", shown))[0], 201);
    assert.equal((await create("sslProfile", "trusted", { caCertFile: `${dir}/ca` }))[0], 201);
    const port = freePort();
    const listener = { address: "web", host: "127.0.0.1", port: `${port}` };
    const [status, why] = await create("tcpListener", "web", { ...listener, sslProfile: "trusted" });
    assert.deepEqual([status, /tls\.crt is missing/.test(`${why}`)], [400, true]);
    const { port: targetPort } = target.address() as AddressInfo;
    const connector = { address: "web", host: "localhost", port: `${targetPort}`, sslProfile: "trusted" };
    assert.equal((await create("tcpConnector", "web", connector))[0], 201);
    assert.equal((await create("tcpListener", "door", { ...listener, sslProfile: "shown" }))[0], 201);
    await until(() => hub.site.status().listeners[0]?.open === true);
    const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] });
    await conn.write(new TextEncoder().encode("hello"));
    const buffer = new Uint8Array(5);
    assert.equal(await conn.read(buffer), 5);
    assert.equal(new TextDecoder().decode(buffer), "hello");
    conn.close();
  }
  await new Promise((resolve) => target.close(resolve));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("management changes: what a Tendril can't be is refused with the reason", async () => {
  await using hub = await Hub.start();
  const asker = await hub.asker();
  const cases: [string, Record<string, string | number | boolean>, RegExp][] = [
    ["tcpListener", { address: "x", port: "0" }, /'0' is not a port/],
    ["tcpListener", { address: "x", port: "http" }, /'http' is not a port/],
    ["tcpListener", { address: "x", port: "1", host: "a b" }, /not a host name/],
    ["tcpListener", { port: "1" }, /Exactly one of/],
    ["tcpListener", { address: "x" }, /Missing required attribute 'port'/],
    ["tcpConnector", { address: "x", port: "1", sslProfile: "p" }, /sslProfile 'p' not found/],
    ["tcpListener", { address: "x", port: "1", authenticatePeer: true }, /authenticatePeer/],
    ["connector", { role: "edge", port: "1" }, /use role='inter-router'/],
    ["connector", { role: "inter-router", port: "1" }, /without sslProfile/],
    ["connector", { role: "inter-router", port: "1", saslMechanisms: "PLAIN" }, /saslMechanisms=PLAIN/],
    ["connector", { role: "inter-router", port: "1", verifyHostname: false }, /verifyHostname/],
    ["listener", { role: "route-container", port: "1" }, /role='route-container'/],
    ["listener", { port: "1", http: true }, /http=true/],
    ["listener", { port: "amqp", host: "0.0.0.0" }, /without sslProfile/],
    ["sslProfile", { caCertFile: "/does/not/exist" }, /can't read caCertFile/],
    ["sslProfile", { password: "secret" }, /Unknown attribute 'password'/],
  ];
  for (const [type, attributes, why] of cases) {
    const { status, description } = await asker.ask({ operation: "CREATE", type, name: "x", attributes });
    assert.equal(status, 400, description);
    assert.match(description, why);
    assert.ok(!description.includes("secret"));
  }
  const bad = await asker.ask({
    operation: "UPDATE",
    type: "log",
    identity: "log/DEFAULT",
    attributes: { enable: "foo" },
  });
  assert.deepEqual([bad.status, /'foo' is not a valid log level/.test(bad.description)], [400, true]);
  const port = freePort();
  using _taken = Deno.listen({ hostname: "127.0.0.1", port });
  const attributes = { host: "127.0.0.1", port: `${port}` };
  const lost = await asker.ask({ operation: "CREATE", type: "listener", name: "x", attributes });
  assert.equal(lost.status, 500, "the system refuses the port");
  assert.equal((await asker.ask({ operation: "READ", type: "listener", name: "x" })).status, 404);
});

const CREATE = {
  operation: "CREATE",
  type: "tcpConnector",
  name: "x",
  attributes: { address: "x", host: "127.0.0.1", port: "1" },
} as const;

Deno.test("management changes: a client with a certificate needs a rule that says so", () =>
  withHub([], async (hub) => {
    const asker = await Asker.open((await hub.peer("ops", "ops", "normal")).wire);
    const refused = await asker.ask(CREATE);
    assert.deepEqual([refused.status, /by a rule of a Policy/.test(refused.description)], [403, true]);
    await hub.apply([{ name: "ops", default: "allow", rules: [{ peers: [{ commonName: "ops" }], manage: true }] }]);
    assert.equal((await asker.ask(CREATE)).status, 201);
    const other = await Asker.open((await hub.peer("eve", "eve", "normal")).wire);
    assert.equal((await other.ask({ ...CREATE, name: "y" })).status, 403, "the rule is for another");
    await hub.apply([{ name: "ops", default: "allow", rules: [{ manage: true, effect: "deny" }] }]);
    const denied = await asker.ask({ operation: "DELETE", type: "tcpConnector", name: "x" });
    assert.equal(denied.status, 403);
  }));

Deno.test("management changes: a Policy denies them to clients of a plain port, too", async () => {
  await using hub = await Hub.start();
  const asker = await hub.asker();
  assert.equal((await asker.ask(CREATE)).status, 201);
  const rules = [{ name: "nobody", effect: "deny" as const, link: [], offer: [], consume: [], manage: true as const }];
  await hub.site.apply({ ...hub.spec, policies: [{ name: "closed", default: "allow", rules }] });
  const denied = await asker.ask({ ...CREATE, name: "y" });
  assert.deepEqual([denied.status, /nobody of Policy closed denies it/.test(denied.description)], [403, true]);
  assert.equal((await asker.ask({ operation: "READ", type: "tcpConnector", name: "x" })).status, 200);
});

Deno.test("management changes: who asks by way of another router may change nothing", async () => {
  await using a = await Hub.start("a");
  await using b = await Hub.start("b");
  const authority = await TestAuthority.create("van");
  const tls = await authority.issue({ name: "any", ips: ["127.0.0.1"], dns: ["localhost"] });
  const port = freePort();
  const place = { host: "127.0.0.1", port };
  const ports = { name: "links", role: "inter-router", ...place, cost: 1, measured: false, tls } as const;
  await a.site.apply({ ...a.spec, access: [...a.spec.access, ports] });
  const endpoints = [{ role: "inter-router" as const, ...place, group: "" }];
  await b.site.apply({
    ...b.spec,
    links: [{ name: "up", cost: 1, measured: false, endpoints, tls, websocket: false }],
  });
  const asker = await b.asker();
  const there = "amqp:/_topo/0/a/$management";
  await until(async () =>
    (await asker.ask({ operation: "READ", type: "router.node", identity: "router.node/a" })).body["cost"] === 1
  );
  const read = await asker.ask({ operation: "READ", type: "router", identity: "router/a" }, there);
  assert.equal(read.status, 200);
  const refused = await asker.ask(CREATE, there);
  assert.deepEqual([refused.status, /connected to this router itself/.test(refused.description)], [403, true]);
});
