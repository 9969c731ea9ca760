import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { TendrilError } from "../lib/errors.ts";
import { createAuthority } from "../pki/authority.ts";
import { covers, hostsOf, isIssuedBy } from "../pki/inspect.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import { createSite } from "./create.ts";
import { SITE_CA } from "./port_access.ts";
import { generateLink } from "./generate_link.ts";
import { parseLinkFile, secretYaml } from "./link_file.ts";
import { loadResources, loadSite } from "./load.ts";

const HUB = {
  name: "hub",
  edge: false,
  linkAccess: true,
  bind: "127.0.0.1",
  edgePort: 4001,
  interRouterPort: 4002,
  amqpPort: 4003,
} as const;

/** Runs `body` in the folder of a fresh interior. */
async function withHub(body: (dir: string) => Promise<void>, options: Partial<Parameters<typeof createSite>[0]> = {}) {
  const dir = await Deno.makeTempDir();
  try {
    await createSite({ ...HUB, dir, ...options });
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function failure(work: Promise<unknown>): Promise<TendrilError> {
  const error = await work.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof TendrilError, `${error}`);
  assert.ok(error.hint, "it names the next step");
  return error;
}

async function serverOf(dir: string): Promise<TlsCredentials> {
  const tls = (await loadSite(dir)).access.find(({ role }) => role === "edge")?.tls;
  assert.ok(tls);
  return tls;
}

Deno.test("link generate: a link file has the form that Skupper reads, and this site as its end", () =>
  withHub(async (dir) => {
    const { yaml, reissued } = await generateLink({ dir, host: "127.0.0.1" });
    assert.equal(reissued, false);
    const documents = parseAllDocuments(yaml);
    const [secret, link] = (Array.isArray(documents) ? documents : []).map((document) => document.toJS());
    assert.deepEqual([secret.kind, secret.type, secret.metadata.name], ["Secret", "kubernetes.io/tls", "link-hub"]);
    assert.deepEqual(link, {
      apiVersion: "skupper.io/v2alpha1",
      kind: "Link",
      metadata: { name: "link-hub" },
      spec: {
        cost: 1,
        endpoints: [
          { name: "inter-router", host: "127.0.0.1", port: "4002" },
          { name: "edge", host: "127.0.0.1", port: "4001" },
        ],
        tlsCredentials: "link-hub",
      },
    });
    for (const key of ["ca.crt", "tls.crt", "tls.key"]) {
      assert.match(yaml, new RegExp(`^  ${key.replace(".", "\\.")}: [A-Za-z0-9+/]+=*$`, "m"));
    }
    const [parsed] = parseLinkFile(yaml, "link.yaml");
    assert.ok(parsed);
    const { ca, cert, key } = parsed.tls;
    assert.match(key, /^-----BEGIN RSA PRIVATE KEY-----/);
    assert.ok(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)));
    assert.ok(isIssuedBy(cert, ca));
    assert.ok(isIssuedBy((await serverOf(dir)).cert, ca));
    assert.deepEqual(hostsOf(cert), { dns: new Set(), ip: new Set() });
  }));

Deno.test("link generate: each link has a key of its own, and the name and cost asked for", () =>
  withHub(async (dir) => {
    const made = [];
    for (const name of ["one", "two"]) {
      const { yaml } = await generateLink({ dir, host: "localhost", name, cost: 7 });
      made.push(...parseLinkFile(yaml, "link.yaml"));
    }
    assert.deepEqual(made.map(({ name, cost }) => [name, cost]), [["one", 7], ["two", 7]]);
    assert.equal(new Set(made.map(({ tls }) => tls.key)).size, 2);
    assert.equal(new Set(made.map(({ tls }) => new X509Certificate(tls.cert).serialNumber)).size, 2);
  }));

Deno.test("link generate: a host that the site's certificate does not name is added, once", () =>
  withHub(async (dir) => {
    const before = await serverOf(dir);
    assert.equal((await generateLink({ dir, host: "hub.example.com" })).reissued, true);
    assert.equal((await generateLink({ dir, host: "FD00:0::5" })).reissued, true);
    const after = await serverOf(dir);
    for (const host of ["fd00::5", "HUB.example.com", "127.0.0.1"]) {
      const { yaml, reissued } = await generateLink({ dir, host });
      assert.equal(reissued, false, host);
      assert.ok(covers(hostsOf(after.cert), parseLinkFile(yaml, "x")[0]?.endpoints[0]?.host ?? ""), host);
    }
    for (const host of hostsOf(before.cert).dns) assert.ok(covers(hostsOf(after.cert), host), host);
    assert.notEqual(after.key, before.key);
    assert.equal(after.ca, before.ca);
    assert.ok(isIssuedBy(after.cert, after.ca));
    assert.ok(new X509Certificate(after.cert).checkPrivateKey(createPrivateKey(after.key)));
    assert.equal((await Deno.stat(`${dir}/Secret-hub.yaml`)).mode! & 0o777, 0o600);
    assert.deepEqual([...Deno.readDirSync(dir)].filter(({ name }) => name.endsWith(".tmp")), []);
  }));

Deno.test("link generate: a certificate that shares its file with other resources is never replaced", () =>
  withHub(async (dir) => {
    const path = `${dir}/Secret-hub.yaml`;
    const listener = "---\napiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: {name: web}\n" +
      "spec: {routingKey: web, host: 127.0.0.1, port: 9090}\n";
    const text = await Deno.readTextFile(path) + listener;
    await Deno.writeTextFile(path, text);
    assert.equal((await failure(generateLink({ dir, host: "hub.example.com" }))).code, "SITE_SECRET");
    assert.equal(await Deno.readTextFile(path), text);
    await Deno.rename(path, `${dir}/all.yaml`);
    assert.equal((await failure(generateLink({ dir, host: "hub.example.com" }))).code, "SITE_SECRET");
    assert.equal((await generateLink({ dir, host: "127.0.0.1" })).reissued, false);
  }));

Deno.test("link generate: the certificate is found by its RouterAccess, not by the site's name", () =>
  withHub(async (dir) => {
    await Deno.rename(`${dir}/Secret-hub.yaml`, `${dir}/Secret-front.yaml`);
    for (const file of ["Secret-front.yaml", "RouterAccess-hub.yaml"]) {
      const text = await Deno.readTextFile(`${dir}/${file}`);
      const renamed = file.startsWith("Secret") ? text.replace("name: hub", "name: front") : text;
      await Deno.writeTextFile(`${dir}/${file}`, renamed.replace("tlsCredentials: hub\n", "tlsCredentials: front\n"));
    }
    assert.equal((await generateLink({ dir, host: "hub.example.com" })).reissued, true);
    assert.ok(covers(hostsOf((await serverOf(dir)).cert), "hub.example.com"));
    assert.ok((await loadResources(dir)).secrets.get("hub") === undefined);
  }));

Deno.test("link generate: a site without link access has no authority to issue with", async () => {
  await withHub(async (dir) => {
    assert.equal((await failure(generateLink({ dir, host: "127.0.0.1" }))).code, "SITE_NO_ACCESS");
  }, { linkAccess: false });
  await withHub(async (dir) => {
    assert.equal((await failure(generateLink({ dir, host: "127.0.0.1" }))).code, "SITE_NO_ACCESS");
  }, { linkAccess: false, edge: true, amqpPort: undefined });
});

Deno.test("link generate: a folder without the authority's Secret says so", () =>
  withHub(async (dir) => {
    await Deno.remove(`${dir}/Secret-${SITE_CA}.yaml`);
    const error = await failure(generateLink({ dir, host: "127.0.0.1" }));
    assert.equal(error.code, "SITE_NO_ACCESS");
    assert.match(error.message, /skupper-site-ca/);
  }));

Deno.test("link generate: an authority that did not issue the site's certificate, or lacks its key, is refused", () =>
  withHub(async (dir) => {
    const path = `${dir}/Secret-${SITE_CA}.yaml`;
    const own = (await loadResources(dir)).secrets.get(SITE_CA);
    const other = await createAuthority({ commonName: SITE_CA, years: 1, now: Date.now() });
    await Deno.writeTextFile(path, secretYaml(SITE_CA, other));
    const foreign = await failure(generateLink({ dir, host: "127.0.0.1" }));
    assert.equal(foreign.code, "SITE_SECRET");
    assert.match(foreign.message, /not issued by/);
    const cert = own?.get("tls.crt") ?? "";
    await Deno.writeTextFile(path, secretYaml(SITE_CA, { ca: cert, cert, key: other.key }));
    const mixed = await failure(generateLink({ dir, host: "127.0.0.1" }));
    assert.equal(mixed.code, "SITE_SECRET");
    assert.match(mixed.message, /does not belong/);
  }));

Deno.test("link generate: where the site has not made its certificate yet, starting it is what is told", () =>
  withHub(async (dir) => {
    await Deno.remove(`${dir}/Secret-hub.yaml`);
    const error = await failure(generateLink({ dir, host: "127.0.0.1" }));
    assert.equal(error.code, "SITE_NO_ACCESS");
    assert.match(error.message, /is not made yet/);
    assert.match(error.hint ?? "", /tendril run/);
  }));

Deno.test("link generate: hosts, names and costs that would break the file are refused", () =>
  withHub(async (dir) => {
    for (const host of ["", "a b", 'x"\n', "[::1]", "hub:45671/x"]) {
      assert.equal((await failure(generateLink({ dir, host }))).code, "SITE_INVALID", host);
    }
    for (const name of ["", "a: b", "null", "A", "1.5"]) {
      assert.equal((await failure(generateLink({ dir, host: "localhost", name }))).code, "SITE_NAME", name);
    }
    for (const cost of [0, 1.5, NaN]) {
      assert.equal((await failure(generateLink({ dir, host: "localhost", cost }))).code, "SITE_INVALID", `${cost}`);
    }
  }));
