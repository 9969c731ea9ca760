/** What a site does about links where nothing but the Site says that there are to be some, and what it is given for them. */

import assert from "node:assert/strict";
import { createAuthority, issue } from "../pki/authority.ts";
import { covers, factsOf, hostsOf, isIssuedBy } from "../pki/inspect.ts";
import { silentLogger } from "../telemetry/log.ts";
import { CertificateKeeper } from "./certificates/keeper.ts";
import { generateLink } from "./generate_link.ts";
import { loadResources, loadSite } from "./load.ts";

const SITE = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: hub}\nspec: {linkAccess: default}\n";
const DAY_IN_YEARS = 1 / 365;

function access(spec: string): string {
  return `apiVersion: skupper.io/v2alpha1\nkind: RouterAccess\nmetadata: {name: hub}\nspec: ${spec}\n`;
}

/** An `input` folder as Skupper has it: `resources`, and what is beside it. */
async function withInput(body: (input: string, look: () => Promise<void>) => Promise<void>): Promise<void> {
  const input = await Deno.makeTempDir();
  await Deno.mkdir(`${input}/resources`);
  await Deno.writeTextFile(`${input}/resources/Site-hub.yaml`, SITE);
  const keeper = new CertificateKeeper(`${input}/resources`, silentLogger);
  try {
    await body(input, async () => {
      keeper.look();
      await keeper.idle;
    });
  } finally {
    await keeper.stop();
    await Deno.remove(input, { recursive: true });
  }
}

async function give(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
}

async function ports(dir: string) {
  const { access, broken } = await loadSite(dir);
  return { access, told: broken?.map(({ kind, name, status }) => `${kind} ${name} ${status}`) };
}

Deno.test("link access: a Site that asks for it is all it takes: ports, authority and certificate are made", () =>
  withInput(async (input, look) => {
    const dir = `${input}/resources`;
    const before = await ports(dir);
    assert.deepEqual([before.access, before.told], [[], ["RouterAccess hub Pending"]]);
    await assert.rejects(generateLink({ dir, host: "127.0.0.1" }), { code: "SITE_NO_ACCESS" });
    await look();
    const { access, told } = await ports(dir);
    assert.deepEqual(told, []);
    assert.deepEqual(access.map(({ name, role, host, port }) => `${name} ${role} ${host}:${port}`), [
      "hub inter-router 0.0.0.0:55671",
      "hub edge 0.0.0.0:45671",
    ]);
    const authority = (await loadResources(dir)).secrets.get("skupper-site-ca")?.get("tls.crt") ?? "";
    const cert = access[0]?.tls?.cert ?? "";
    assert.ok(factsOf(authority).authority && isIssuedBy(cert, authority));
    assert.ok(covers(hostsOf(cert), "localhost"));
    assert.match((await generateLink({ dir, host: "127.0.0.1" })).yaml, /port: "45671"/);
    await look();
    assert.equal((await ports(dir)).access[0]?.tls?.cert, cert, "it is made once");
  }));

Deno.test("link access: with none asked for, or with a RouterAccess, there are no others", () =>
  withInput(async (input, look) => {
    const dir = `${input}/resources`;
    await Deno.writeTextFile(`${dir}/Site-hub.yaml`, SITE.replace("default", "none"));
    await look();
    assert.deepEqual((await ports(dir)).access, []);
    await Deno.writeTextFile(`${dir}/Site-hub.yaml`, SITE);
    await Deno.writeTextFile(`${dir}/access.yaml`, access("{roles: [{name: edge, port: 1234}], bindHost: 127.0.0.1}"));
    await look();
    assert.deepEqual((await ports(dir)).access.map(({ role, port }) => `${role} ${port}`), ["edge 1234"]);
    assert.deepEqual((await ports(dir)).told, []);
  }));

Deno.test("link access: the certificate has the names that the RouterAccess asks for, and keeps those it had", () =>
  withInput(async (input, look) => {
    const dir = `${input}/resources`;
    const names = async () => hostsOf((await ports(dir)).access[0]?.tls?.cert ?? "").dns;
    const write = async (hosts: string) => {
      const spec = `{roles: [{name: edge}], subjectAlternativeNames: [${hosts}]}`;
      await Deno.writeTextFile(`${dir}/access.yaml`, access(spec));
      await look();
    };
    await write("hub.example, 10.0.0.1");
    assert.deepEqual([...await names()].sort(), ["10.0.0.1", "hub.example"]);
    await generateLink({ dir, host: "other.example" });
    await write("hub.example, '*.hub.example'");
    assert.deepEqual([...await names()].sort(), ["*.hub.example", "10.0.0.1", "hub.example", "other.example"]);
  }));

for (const how of ["spec.issuer of a RouterAccess", "spec.defaultIssuer of the Site"]) {
  Deno.test(`link access: ${how} names the authority that issues everything; it is made, renewed and rotated as any`, () =>
    withInput(async (input, look) => {
      const dir = `${input}/resources`;
      const ofSite = how.includes("Site");
      await Deno.writeTextFile(
        `${dir}/Site-hub.yaml`,
        ofSite ? SITE.replace("default", "default, defaultIssuer: van-ca") : SITE,
      );
      await Deno.writeTextFile(
        `${dir}/access.yaml`,
        access(`{roles: [{name: edge}]${ofSite ? "" : ", issuer: van-ca"}}`),
      );
      await look();
      const { secrets } = await loadResources(dir);
      const authority = secrets.get("van-ca")?.get("tls.crt") ?? "";
      assert.equal(secrets.has("skupper-site-ca"), false);
      assert.ok(isIssuedBy((await ports(dir)).access[0]?.tls?.cert ?? "", authority));
      const client = /tls\.crt: (\S+)/.exec((await generateLink({ dir, host: "127.0.0.1" })).yaml)?.[1] ?? "";
      assert.ok(isIssuedBy(atob(client), authority));
      const { rotateAuthority } = await import("./certificates/rotate.ts");
      const { fingerprint } = await rotateAuthority(dir, Date.now(), 0);
      const next = (await loadResources(dir)).secrets.get("van-ca")?.get("tls.crt") ?? "";
      assert.equal(factsOf(next).fingerprint, fingerprint);
      assert.ok(isIssuedBy((await ports(dir)).access[0]?.tls?.cert ?? "", next));
    }));
}

Deno.test("given secrets: an authority in issuers and a certificate in certs count, and nobody writes to them", () =>
  withInput(async (input, look) => {
    const dir = `${input}/resources`;
    const now = Date.now();
    const corporate = await createAuthority({ commonName: "corporate", years: 1, now });
    await give(`${input}/issuers/skupper-site-ca`, { "tls.crt": corporate.cert, "tls.key": corporate.key });
    await look();
    // Skupper's own authorities come without ca.crt, too: what signs needs none but itself.
    const first = await ports(dir);
    assert.deepEqual(first.told, []);
    assert.ok(isIssuedBy(first.access[0]?.tls?.cert ?? "", corporate.cert));
    const common = { authority: corporate, client: true, server: true, years: DAY_IN_YEARS, now };
    const own = await issue({ ...common, commonName: "mine", hosts: ["mine.example"] });
    const files = { "ca.crt": own.ca, "tls.crt": own.cert, "tls.key": own.key };
    await give(`${input}/certs/hub`, files);
    await look();
    assert.equal((await ports(dir)).access[0]?.tls?.cert, own.cert, "it takes the place of the one that was made");
    const error = await generateLink({ dir, host: "not.mine.example" }).then(() => undefined, (error) => error);
    assert.match(String(error), /does not name not\.mine\.example/);
    for (const [name, text] of Object.entries(files)) {
      assert.equal(await Deno.readTextFile(`${input}/certs/hub/${name}`), text);
    }
  }));

Deno.test("given secrets: in a folder of any name they are in the folder itself; what can't be one is told or passed over", () =>
  withInput(async (input) => {
    const dir = `${input}/other`;
    const now = Date.now();
    const own = await createAuthority({ commonName: "mine", years: 1, now });
    await give(`${dir}/certs/web`, { "tls.crt": own.cert, "tls.key": own.key, "README": "mine" });
    await give(`${dir}/certs/api.example.com`, { "ca.crt": own.cert });
    await give(`${dir}/certs/Not A Name`, { "tls.crt": "x" });
    await give(`${dir}/certs/Notes`, { "README": "x" });
    await give(`${dir}/certs/..data`, { "tls.crt": "of a mounted volume" });
    await give(`${dir}/certs`, { "stray.pem": "x" });
    await give(`${dir}/issuers/empty`, {});
    const listener = "apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: {name: web}\n" +
      "spec: {routingKey: web, host: 127.0.0.1, port: 1234, tlsCredentials: web}\n";
    await give(dir, { "site.yaml": SITE.replace("linkAccess: default", "edge: true"), "web.yaml": listener });
    const warnings: string[] = [];
    const { listeners, broken } = await loadSite(dir, { warn: (warning) => warnings.push(warning) });
    assert.deepEqual([listeners[0]?.tls?.cert, broken], [own.cert, []]);
    assert.deepEqual([...(await loadResources(dir)).secrets.keys()], ["api.example.com", "web"]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /\/certs\/Not A Name: .*passed over.*lower-case letters/);
    await Deno.writeTextFile(`${dir}/certs/web/tls.key`, "none");
    const [fault] = (await loadSite(dir)).broken ?? [];
    assert.match(
      fault?.message ?? "",
      /\/certs\/web:\d+:\d+ \(document 1\): Secret web for Listener web: tls\.key is not PEM/,
    );
    await Deno.writeFile(`${dir}/certs/web/tls.key`, new Uint8Array([0xff, 0xfe]));
    await assert.rejects(loadResources(dir), /certs\/web\/tls\.key:1:1 \(document 1\): not a text in UTF-8/);
  }));
