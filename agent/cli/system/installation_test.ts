import assert from "node:assert/strict";
import { prepareAccess } from "../../site/grants/access.ts";
import { createSite } from "../../site/create.ts";
import { installation } from "./installation.ts";

const MULTI_KEY = "apiVersion: skupper.io/v2alpha1\nkind: MultiKeyListener\nmetadata: {name: m}\n" +
  "spec: {host: 0.0.0.0, port: 80, strategy: {priority: {routingKeys: [a]}}}\n";

/** What the unit of the site may do that `change` has made of one without low ports. */
async function capabilities(change: (dir: string) => Promise<unknown>): Promise<string | undefined> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${root}/tendril.js`, "");
    const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
    const site = { name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1" };
    await createSite({ dir: `${root}/hub`, ...site, ...ports });
    await change(`${root}/hub`);
    const { text } = await installation(`${root}/hub`, "system", 10, `file://${root}/tendril.js`);
    return /^CapabilityBoundingSet=(.*)$/m.exec(text)?.[1];
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("installation: a low port of any kind takes the capability for it", async () => {
  const low = "CAP_NET_BIND_SERVICE";
  assert.equal(await capabilities((dir) => Deno.writeTextFile(`${dir}/m.yaml`, MULTI_KEY)), low);
  assert.equal(await capabilities((dir) => prepareAccess(dir, "127.0.0.1", 443, Date.now())), low);
});

Deno.test("installation: other ports take none, nor do low ones elsewhere", async () => {
  const high = MULTI_KEY.replace("80", "8080");
  assert.equal(await capabilities((dir) => Deno.writeTextFile(`${dir}/m.yaml`, high)), "");
  const target = "apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata: {name: c}\n" +
    "spec: {routingKey: c, host: 10.0.0.1, port: 80}\n";
  assert.equal(await capabilities((dir) => Deno.writeTextFile(`${dir}/c.yaml`, target)), "");
});
