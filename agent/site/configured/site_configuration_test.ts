import assert from "node:assert/strict";
import { change } from "../../management/change.ts";
import { type AttributeValue, attributeValue } from "../../management/configured.ts";
import { map } from "../../management/values.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { LinkSpec, SiteSpec } from "../spec.ts";
import type { SiteChange, SiteStatus } from "../status.ts";
import { SiteConfiguration } from "./site_configuration.ts";

const FOLDER: SiteSpec = {
  id: "00000000-0000-4000-8000-000000000000",
  name: "home",
  role: "interior",
  listeners: [],
  connectors: [],
  links: [],
  access: [],
  policies: [],
};
const STATUS: SiteStatus = {
  id: FOLDER.id,
  name: FOLDER.name,
  role: FOLDER.role,
  routerId: FOLDER.name,
  links: [],
  listeners: [],
  connectors: [],
  access: [],
  adaptors: [],
};
const LOOPBACK = { host: "127.0.0.1" };

/** A link of the folder. */
function link(name: string, port: number): LinkSpec {
  const endpoints = [{ role: "inter-router" as const, host: "far.example", port, group: "" }];
  const tls = { ca: "", cert: "", key: "" };
  return { name, cost: 1, measured: false, endpoints, tls, websocket: false };
}

/** A site without sockets, and its configuration. */
class TestSite {
  readonly logger: Logger = { level: "info", debug() {}, info() {}, warn() {}, error() {} };
  /** What became of the parts by the next change. */
  changes: SiteChange[] = [];
  ending = false;
  readonly configuration = new SiteConfiguration(
    FOLDER,
    { apply: () => Promise.resolve(this.changes), status: () => STATUS, ending: () => this.ending },
    this.logger,
  );

  /** The status of the answer to a change. */
  async ask(
    operation: "CREATE" | "UPDATE" | "DELETE",
    type: string,
    by: { readonly name: string } | { readonly identity: string },
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Promise<number> {
    const properties = Object.entries({ operation, type, ...by });
    const body = map(Object.entries(attributes).map(([key, value]) => [key, attributeValue(value)]));
    return (await change(this.configuration, { properties, body })).status;
  }

  names(type: string): string[] {
    return [...this.configuration.entities(type)].map(({ name }) => name);
  }
}

Deno.test("configured site: what is of the folder stays, though management created something of its name before", async () => {
  const site = new TestSite();
  assert.equal(await site.ask("CREATE", "tcpListener", { name: "hub" }, { address: "a", port: "9001" }), 201);
  await site.configuration.follow({ ...FOLDER, links: [link("hub", 1)] });
  assert.equal(await site.ask("DELETE", "connector", { name: "hub" }), 403);
  assert.deepEqual([site.names("tcpListener"), site.names("connector")], [["hub"], ["hub"]]);
  assert.equal(await site.ask("DELETE", "tcpListener", { name: "hub" }), 204);
  assert.deepEqual([site.names("tcpListener"), site.names("connector")], [[], ["hub"]]);
});

Deno.test("configured site: of two listeners with one name, management changes its own, the folder keeps its own", async () => {
  const site = new TestSite();
  const name = "listener/web";
  assert.equal(await site.ask("CREATE", "tcpListener", { name }, { address: "a", port: "9001", ...LOOPBACK }), 201);
  await site.configuration.follow({
    ...FOLDER,
    listeners: [{ name: "web", routingKey: "b", port: 9002, ...LOOPBACK }],
  });
  assert.deepEqual(site.names("tcpListener"), [name, name]);
  const ofFolder = { identity: `tcpListener/127.0.0.1:9002:${name}` };
  assert.equal(await site.ask("UPDATE", "tcpListener", ofFolder, { observer: "none" }), 403);
  assert.equal(await site.ask("DELETE", "tcpListener", ofFolder), 403);
  assert.equal(await site.ask("UPDATE", "tcpListener", { name }, { observer: "none" }), 200);
  assert.equal(await site.ask("DELETE", "tcpListener", { name }), 204);
  assert.deepEqual([...site.configuration.entities("tcpListener")].map(({ identity }) => identity), [
    ofFolder.identity,
  ]);
});

Deno.test("configured site: one that is stopping creates nothing, and lets things go", async () => {
  const site = new TestSite();
  assert.equal(await site.ask("CREATE", "tcpListener", { name: "l" }, { address: "a", port: "9001" }), 201);
  site.ending = true;
  assert.equal(await site.ask("CREATE", "tcpListener", { name: "m" }, { address: "a", port: "9002" }), 503);
  assert.equal(await site.ask("CREATE", "sslProfile", { name: "p" }), 503);
  assert.deepEqual(site.names("tcpListener"), ["l"]);
  assert.equal(await site.ask("DELETE", "tcpListener", { name: "l" }), 204);
});

Deno.test("configured site: a part that can't be started is not created, whatever its name", async () => {
  const site = new TestSite();
  const failed = (kind: SiteChange["kind"], name: string) => {
    site.changes = [{ kind, name, action: "failed", error: new Error("the port is taken") }];
  };
  for (const name of ["plain", "with space", " ", "a b c"]) {
    failed("Listener", `management/${name}`);
    assert.equal(await site.ask("CREATE", "tcpListener", { name }, { address: "a", port: "9001" }), 500, name);
    failed("RouterAccess", `management/${name} normal`);
    assert.equal(await site.ask("CREATE", "listener", { name }, { ...LOOPBACK, port: "9002" }), 500, name);
  }
  assert.deepEqual([site.names("tcpListener"), site.names("listener")], [[], []]);
  // Another one that fails is no business of this one.
  failed("Listener", "management/with other");
  assert.equal(await site.ask("CREATE", "tcpListener", { name: "with" }, { address: "a", port: "9001" }), 201);
});

Deno.test("configured site: ports and levels have names of their own, and none that every object has", async () => {
  const site = new TestSite();
  const create = (port: string) => site.ask("CREATE", "tcpListener", { name: port }, { address: "a", port });
  for (const port of ["amqp", "amqps", "9001"]) assert.equal(await create(port), 201, port);
  for (const port of ["constructor", "toString", "__proto__"]) assert.equal(await create(port), 400, port);
  const level = (enable: string) => site.ask("UPDATE", "log", { name: "log/DEFAULT" }, { enable });
  assert.equal(await level("Warning+"), 200);
  for (const word of ["constructor", "toString", "__proto__"]) assert.equal(await level(word), 400, word);
  assert.equal(site.logger.level, "warn");
});
