import assert from "node:assert/strict";
import { factsOf, hostsOf, isIssuedBy } from "../../pki/inspect.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { createSite } from "../create.ts";
import { loadResources, loadSite } from "../load.ts";
import { CertificateKeeper } from "./keeper.ts";

/** Looks once after the certificates of an interior whose folder also has `files`, and again after each change. */
async function withSite(body: (dir: string, write: (spec: string) => Promise<void>) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
  await createSite({ dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...ports });
  const keeper = new CertificateKeeper(dir, silentLogger);
  const write = async (spec: string) => {
    const head = "apiVersion: skupper.io/v2alpha1\nkind: Certificate\nmetadata: {name: web}\n";
    await Deno.writeTextFile(`${dir}/certificate.yaml`, `${head}spec: ${spec}\n`);
    keeper.look();
    await keeper.idle;
  };
  try {
    await body(dir, write);
  } finally {
    await keeper.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

async function certificate(dir: string): Promise<string> {
  return (await loadResources(dir)).secrets.get("web")?.get("tls.crt") ?? "";
}

Deno.test("certificates: a Certificate becomes a Secret that the site's authority has signed, and follows it", () =>
  withSite(async (dir, write) => {
    await write("{subject: web, hosts: [web.example, 10.0.0.1]}");
    const first = await certificate(dir);
    const authority = (await loadResources(dir)).secrets.get("skupper-site-ca")?.get("tls.crt") ?? "";
    assert.ok(isIssuedBy(first, authority));
    assert.equal(factsOf(first).commonName, "web");
    assert.deepEqual([...hostsOf(first).dns].sort(), ["10.0.0.1", "web.example"]);
    const [spec] = (await loadSite(dir)).certificates ?? [];
    assert.equal(spec?.expires, factsOf(first).notAfter);
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(`${dir}/Secret-web.yaml`)).mode! & 0o777, 0o600);
    await write("{subject: web, hosts: [web.example]}");
    assert.equal(await certificate(dir), first, "it names more than is asked for: that is no reason for another");
    await write("{subject: web, hosts: [shop.example]}");
    assert.deepEqual([...hostsOf(await certificate(dir)).dns], ["shop.example"]);
  }));

Deno.test("certificates: a Secret that somebody else has put there stays, and a missing authority is told", () =>
  withSite(async (dir, write) => {
    await write("{subject: web, ca: nobody}");
    assert.equal(await certificate(dir), "");
    const text = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {tls.crt: mine}\n";
    await Deno.writeTextFile(`${dir}/Secret-web.yaml`, text);
    await write("{subject: web}");
    assert.equal(await Deno.readTextFile(`${dir}/Secret-web.yaml`), text);
  }));

Deno.test("certificates: one that signs is an authority, and signs others", () =>
  withSite(async (dir, write) => {
    await write("{subject: shop-ca, signing: true}");
    const authority = await certificate(dir);
    assert.ok(factsOf(authority).authority);
    await write(
      "{subject: shop-ca, signing: true}\n---\napiVersion: skupper.io/v2alpha1\nkind: Certificate\n" +
        "metadata: {name: shop}\nspec: {subject: shop, ca: web}",
    );
    const shop = (await loadResources(dir)).secrets.get("shop")?.get("tls.crt") ?? "";
    assert.ok(isIssuedBy(shop, authority));
  }));
