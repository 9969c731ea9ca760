import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { TendrilError } from "../lib/errors.ts";
import { covers, hostsOf } from "../pki/inspect.ts";
import { type CreateOptions, createSite } from "./create.ts";
import { loadResources, loadSite } from "./load.ts";

const INTERIOR = {
  name: "hub",
  edge: false,
  linkAccess: true,
  bind: "127.0.0.1",
  edgePort: 45_671,
  interRouterPort: 55_671,
  amqpPort: undefined,
} as const;
const EDGE = { ...INTERIOR, name: "west", edge: true, linkAccess: false } as const;

async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await body(`${parent}/site`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** The error that `work` fails with. */
async function failure(work: Promise<unknown>): Promise<TendrilError> {
  const error = await work.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof TendrilError, `${error}`);
  assert.ok(error.hint, "it names the next step");
  return error;
}

const filesIn = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

testWith(
  ["openssl"],
  "site create: an interior has an authority, a server certificate and its ports",
  () =>
    withFolder(async (dir) => {
      const { files } = await createSite({ ...INTERIOR, dir, edgePort: 4001, interRouterPort: 4002, amqpPort: 4003 });
      assert.deepEqual([...files].sort(), filesIn(dir));
      assert.deepEqual(filesIn(dir), [
        "RouterAccess-hub.yaml",
        "Secret-hub.yaml",
        "Secret-skupper-site-ca.yaml",
        "Site-hub.yaml",
      ]);
      const warnings: string[] = [];
      const site = await loadSite(dir, { warn: (message) => warnings.push(message) });
      assert.deepEqual(warnings, []);
      assert.match(site.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.deepEqual([site.name, site.role], ["hub", "interior"]);
      assert.deepEqual(site.access.map(({ role, host, port, tls }) => [role, host, port, tls !== undefined]), [
        ["inter-router", "127.0.0.1", 4002, true],
        ["edge", "127.0.0.1", 4001, true],
        ["normal", "127.0.0.1", 4003, false],
      ]);
      const { secrets } = await loadResources(dir);
      const [ca, server] = [secrets.get("skupper-site-ca"), secrets.get("hub")];
      assert.equal(ca?.get("ca.crt"), ca?.get("tls.crt"));
      assert.equal(server?.get("ca.crt"), ca?.get("tls.crt"));
      for (const secret of [ca, server]) assert.match(secret?.get("tls.key") ?? "", /^-----BEGIN RSA PRIVATE KEY-----/);
      await Deno.writeTextFile(`${dir}/ca.pem`, ca?.get("tls.crt") ?? "");
      await Deno.writeTextFile(`${dir}/server.pem`, server?.get("tls.crt") ?? "");
      for (const host of ["127.0.0.1", "::1"]) {
        const args = ["verify", "-CAfile", `${dir}/ca.pem`, "-verify_ip", host, `${dir}/server.pem`];
        assert.equal((await run("openssl", args)).code, 0, host);
      }
      const names = hostsOf(server?.get("tls.crt") ?? "");
      for (const host of ["localhost", "127.0.0.1", "::1", Deno.hostname()]) assert.ok(covers(names, host), host);
      for (const { address, scopeid } of Deno.networkInterfaces()) {
        if (!scopeid) assert.ok(covers(names, address), address);
      }
    }),
);

Deno.test("site create: folder and files are for their owner only, and nothing temporary is left", () =>
  withFolder(async (dir) => {
    const { files } = await createSite({ ...INTERIOR, dir });
    assert.equal((await Deno.stat(dir)).mode! & 0o777, 0o700);
    for (const file of filesIn(dir)) assert.equal((await Deno.stat(`${dir}/${file}`)).mode! & 0o777, 0o600, file);
    assert.equal(filesIn(dir).length, files.length);
  }));

Deno.test("site create: an edge is a Site and nothing else", () =>
  withFolder(async (dir) => {
    assert.deepEqual(await createSite({ ...EDGE, dir }), { files: ["Site-west.yaml"] });
    const site = await loadSite(dir);
    assert.deepEqual([site.name, site.role, site.access], ["west", "edge", []]);
  }));

Deno.test("site create: without link access, clients without certificates are served on loopback only", () =>
  withFolder(async (dir) => {
    await createSite({ ...INTERIOR, dir, linkAccess: false, bind: "0.0.0.0", amqpPort: 5672 });
    const { access } = await loadSite(dir);
    assert.deepEqual(access.map(({ role, host, tls }) => [role, host, tls]), [["normal", "127.0.0.1", undefined]]);
  }));

Deno.test("site create: links accepted everywhere do not put a wildcard into the certificate", () =>
  withFolder(async (dir) => {
    await createSite({ ...INTERIOR, dir, bind: "0.0.0.0" });
    const [access] = (await loadSite(dir)).access;
    assert.equal(access?.host, "0.0.0.0");
    assert.ok(!hostsOf(access?.tls?.cert ?? "").dns.has("0.0.0.0"));
  }));

for (
  const [what, wrong, code] of [
    ["an edge with link access", { edge: true }, "SITE_EDGE_ACCESS"],
    ["an edge with a port for clients", { edge: true, linkAccess: false, amqpPort: 5672 }, "SITE_EDGE_ACCESS"],
    ["a name with a line break", { name: "a\nb" }, "SITE_NAME"],
    ["a name that leads out of the folder", { name: "../x" }, "SITE_NAME"],
    ["a name with dots", { name: "west.example" }, "SITE_NAME"],
    ["a name that is too long", { name: "a".repeat(64) }, "SITE_NAME"],
    ["a name that YAML takes for a number", { name: "123" }, "SITE_NAME"],
    ["a name that older YAML takes for a boolean", { name: "no" }, "SITE_NAME"],
    ["a bind address with quotes", { bind: '"\n' }, "SITE_INVALID"],
  ] as const
) {
  Deno.test(`site create: ${what} is refused, and nothing is written`, () =>
    withFolder(async (dir) => {
      const options: CreateOptions = { ...INTERIOR, dir, ...wrong };
      assert.equal((await failure(createSite(options))).code, code);
      await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
    }));
}

Deno.test("site create: a site that is there is not touched, whatever its file is called", () =>
  withFolder(async (dir) => {
    await createSite({ ...EDGE, dir });
    const before = await Deno.readTextFile(`${dir}/Site-west.yaml`);
    assert.equal((await failure(createSite({ ...INTERIOR, dir }))).code, "SITE_EXISTS");
    await Deno.rename(`${dir}/Site-west.yaml`, `${dir}/mine.yml`);
    const error = await failure(createSite({ ...EDGE, dir }));
    assert.equal(error.code, "SITE_EXISTS");
    assert.match(error.message, /mine\.yml/);
    assert.deepEqual(filesIn(dir), ["mine.yml"]);
    assert.equal(await Deno.readTextFile(`${dir}/mine.yml`), before);
  }));

Deno.test("site create: a Site that was half written is one, whatever its file is called", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(dir);
    const half = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  na";
    await Deno.writeTextFile(`${dir}/mine.yaml`, half);
    const error = await failure(createSite({ ...EDGE, dir }));
    assert.equal(error.code, "SITE_EXISTS");
    assert.match(error.message, /mine\.yaml:4:3/);
    assert.deepEqual(filesIn(dir), ["mine.yaml"]);
  }));

Deno.test("site create: an authority that is there is not replaced, and what was written is taken back", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(dir);
    await Deno.writeTextFile(`${dir}/Secret-hub.yaml`, "# mine\n");
    assert.equal((await failure(createSite({ ...INTERIOR, dir }))).code, "SITE_EXISTS");
    assert.deepEqual(filesIn(dir), ["Secret-hub.yaml"]);
    assert.equal(await Deno.readTextFile(`${dir}/Secret-hub.yaml`), "# mine\n");
  }));

Deno.test("site create: of two at once, one makes the whole site and the other nothing", () =>
  withFolder(async (dir) => {
    const both = await Promise.allSettled([createSite({ ...INTERIOR, dir }), createSite({ ...INTERIOR, dir })]);
    const refused = both.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    assert.deepEqual(refused.map((error) => error.code), ["SITE_EXISTS"]);
    const [access] = (await loadSite(dir)).access;
    const { secrets } = await loadResources(dir);
    const authority = new X509Certificate(secrets.get("skupper-site-ca")?.get("tls.crt") ?? "");
    assert.ok(new X509Certificate(access?.tls?.cert ?? "").verify(authority.publicKey));
    assert.equal(filesIn(dir).length, 4);
  }));

Deno.test("site create: a file in place of the folder is told as such", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(dir, "");
    assert.equal((await failure(createSite({ ...EDGE, dir }))).code, "SITE_WRITE");
  }));

Deno.test({
  name: "site create: without permission to look at the system, loopback and the bind address are named",
  permissions: { read: true, write: true, sys: false, env: true },
  fn: () =>
    withFolder(async (dir) => {
      await createSite({ ...INTERIOR, dir, bind: "10.0.0.4" });
      const [access] = (await loadSite(dir)).access;
      assert.deepEqual([...hostsOf(access?.tls?.cert ?? "").dns], ["10.0.0.4", "localhost", "127.0.0.1", "::1"]);
    }),
});
