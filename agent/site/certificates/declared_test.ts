import assert from "node:assert/strict";
import { covers, factsOf, hostsOf, isIssuedBy } from "../../pki/inspect.ts";
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

/** A Listener or Connector of `dir` with TLS by a Secret of the name `tls`. */
async function service(dir: string, kind: "Listener" | "Connector", host: string, tls: string): Promise<void> {
  const spec = `{routingKey: x, host: ${host}, port: 8443, tlsCredentials: ${tls}}`;
  const text = `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata: {name: x}\nspec: ${spec}\n`;
  await Deno.writeTextFile(`${dir}/${kind}-x.yaml`, text);
}

Deno.test("certificates: what services name and nobody has put there is made by an authority for services, and kept", () =>
  withSite(async (dir, write) => {
    await service(dir, "Listener", "127.0.0.1", "both");
    await service(dir, "Connector", "target.example", "both");
    const before = await loadSite(dir);
    assert.deepEqual(
      before.broken?.map(({ kind, status, message }) => `${kind} ${status}: ${message.replace(/.*\) *: */, "")}`),
      ["Listener", "Connector"].map((kind) =>
        `${kind} Pending: ${kind} x: the certificate in Secret both is not there yet`
      ),
    );
    await write("{subject: web}");
    const { listeners: [listener], connectors: [connector], broken } = await loadSite(dir);
    assert.deepEqual(broken, []);
    const { secrets } = await loadResources(dir);
    const authority = secrets.get("skupper-service-ca")?.get("tls.crt") ?? "";
    const cert = listener?.tls?.cert ?? "";
    assert.ok(isIssuedBy(cert, authority));
    assert.notEqual(authority, secrets.get("skupper-site-ca")?.get("tls.crt"), "it lets nobody in at ports for links");
    assert.equal(factsOf(cert).commonName, "127.0.0.1");
    for (const name of ["127.0.0.1", "localhost"]) assert.ok(covers(hostsOf(cert), name), name);
    assert.equal(connector?.tls?.ca, authority, "whom the Connector trusts");
    const { siteCertificates, isOwn } = await import("./list.ts");
    const made = siteCertificates(await loadResources(dir)).find(({ name }) => name === "both");
    assert.ok(made !== undefined && isOwn(made), "it is renewed as all that the site has issued");
    await write("{subject: web}");
    assert.equal((await loadSite(dir)).listeners[0]?.tls?.cert, cert, "it is made once");
  }));

Deno.test("certificates: a Certificate says more of what a service names than the service does", () =>
  withSite(async (dir, write) => {
    await service(dir, "Listener", "127.0.0.1", "web");
    await write("{subject: shop, hosts: [shop.example]}");
    assert.equal(factsOf(await certificate(dir)).commonName, "shop");
  }));

Deno.test("certificates: an edge makes what its services name, too, and no authority for links", async () => {
  const dir = await Deno.makeTempDir();
  const keeper = new CertificateKeeper(dir, silentLogger);
  try {
    const ports = { edgePort: 1, interRouterPort: 2, amqpPort: undefined };
    await createSite({ dir, name: "west", edge: true, linkAccess: false, bind: "", ...ports });
    await service(dir, "Listener", "127.0.0.1", "web");
    keeper.look();
    await keeper.idle;
    const { listeners, broken } = await loadSite(dir);
    assert.deepEqual([listeners.map(({ name }) => name), broken], [["x"], []]);
    assert.deepEqual([...(await loadResources(dir)).secrets.keys()].sort(), ["skupper-service-ca", "web"]);
  } finally {
    await keeper.stop();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("certificates: a Certificate by the authority for services has that made, if it is not there", () =>
  withSite(async (dir, write) => {
    await write("{subject: client, ca: skupper-service-ca}");
    const authority = (await loadResources(dir)).secrets.get("skupper-service-ca")?.get("tls.crt") ?? "";
    assert.ok(isIssuedBy(await certificate(dir), authority));
  }));

Deno.test("certificates: a Secret that a service has is not taken out as if the site could make it", () =>
  withSite(async (dir, write) => {
    await write("{subject: web}");
    await service(dir, "Listener", "127.0.0.1", "web");
    await Deno.remove(`${dir}/certificate.yaml`);
    const { changeFolder } = await import("../store/change.ts");
    const { editToDelete } = await import("../store/edit.ts");
    await assert.rejects(
      changeFolder(dir, false, (files) => editToDelete(files, [{ kind: "Secret", name: "web" }])),
      /Listener x: there is no Secret web/,
    );
    assert.notEqual(await certificate(dir), "");
  }));
