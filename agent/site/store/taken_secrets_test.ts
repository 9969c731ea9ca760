import assert from "node:assert/strict";
import { createAuthority } from "../../pki/authority.ts";
import { readDocuments } from "../documents.ts";
import { secretYaml } from "../link_file.ts";
import { base64, CA, CERT, link, secret } from "../testing_link_files.ts";
import { resource, withFolder } from "../testing_load.ts";
import { changeFolder } from "./change.ts";
import { editToApply, incoming } from "./edit.ts";
import { freeSecretName, refuseTakenSecrets } from "./taken_secrets.ts";

const read = (...texts: string[]) => readDocuments(texts.join("---\n"), "x.yaml");
/** Another Secret than {@link secret} of that name. */
const other = (name: string) => secret(name).replace(base64(CERT), base64(CA));
const WEST = read(other("west"), link("west"));
const SITE = resource("Site", "west", "{linkAccess: default}");

/** Every way to use the Secret `west`. */
const USERS: Readonly<Record<string, string>> = {
  "RouterAccess hub": resource("RouterAccess", "hub", "{tlsCredentials: west, roles: [{name: edge}]}"),
  "RouterAccess west": resource("RouterAccess", "west", "{roles: [{name: edge}]}"),
  "RouterAccess far": resource("RouterAccess", "far", "{issuer: west, tlsCredentials: x, roles: [{name: edge}]}"),
  "Site hub": resource("Site", "hub", "{defaultIssuer: west}"),
  "Certificate west": resource("Certificate", "west", "{subject: a}"),
  "Certificate a": resource("Certificate", "a", "{subject: a, ca: west}"),
  "Listener a": resource("Listener", "a", "{routingKey: a, host: h, port: 1, tlsCredentials: west}"),
  "Link a": resource("Link", "a", "{tlsCredentials: x, endpoints: [], settings: {proxy-configuration: west}}"),
};

for (const [user, text] of Object.entries(USERS)) {
  Deno.test(`taken Secrets: that of a link does not take the place of what ${user} uses`, () => {
    for (const there of [read(text, secret("west")), read(text)]) {
      // Links may share one, as far as they are not of strangers.
      const strange = user.startsWith("Link");
      if (strange) refuseTakenSecrets(there, WEST);
      assert.throws(() => refuseTakenSecrets(there, WEST, strange), {
        code: "SITE_SECRET_USED",
        message: new RegExp(`Secret west .*: ${user} uses`),
        hint: /link generate --name/,
      });
    }
    // Who puts both there knows what the name means.
    refuseTakenSecrets(read(text, secret("west")), [...WEST, ...read(text)]);
    refuseTakenSecrets(read(text, other("west")), WEST);
    assert.equal(freeSecretName(read(text), "west"), "west-1");
  });
}

Deno.test("taken Secrets: what a Site alone asks for counts, before it is made", () => {
  assert.throws(() => refuseTakenSecrets(read(SITE), WEST), { message: /RouterAccess west uses/ });
  refuseTakenSecrets(read(resource("Site", "west", "{edge: true}")), WEST);
});

Deno.test("taken Secrets: one with the same values is the same, however it is written", () => {
  const there = read(USERS["RouterAccess hub"]!, other("west"));
  const labelled = other("west").replace("name: west", "name: west\n  labels: {a: b}");
  assert.notEqual(labelled, other("west"));
  refuseTakenSecrets(there, read(labelled, link("west")));
});

Deno.test("taken Secrets: an authority is not replaced, whatever it is called and whoever uses it", async () => {
  const { ca, cert, key } = await createAuthority({ commonName: "mine", years: 1, now: Date.now() });
  const authority = read(secretYaml("west", { ca, cert, key }));
  assert.throws(() => refuseTakenSecrets(authority, WEST), { code: "SITE_SECRET_USED", message: /as an authority/ });
  for (const name of ["skupper-site-ca", "skupper-service-ca"]) {
    assert.throws(() => refuseTakenSecrets([], read(secret(name), link("x", { secret: name }))), /as an authority/);
  }
});

Deno.test("taken Secrets: a link gets other credentials, and what else is called like it does not matter", () => {
  const there = read(SITE, secret("hub"), link("hub"), resource("Listener", "hub", "{routingKey: hub, port: 1}"));
  refuseTakenSecrets(there, read(other("hub"), link("hub")));
  refuseTakenSecrets(read(secret("west")), WEST);
});

Deno.test("taken Secrets: without a link they are the user's own business, unless all are asked about", () => {
  const listener = resource("Listener", "a", "{routingKey: a, host: h, port: 1, tlsCredentials: web}");
  const there = read(listener, secret("web"));
  const put = read(other("web"), secret("hub"), link("hub"));
  refuseTakenSecrets(there, read(other("web")));
  refuseTakenSecrets(there, put);
  assert.throws(() => refuseTakenSecrets(there, put, true), { message: /Secret web .*Listener a uses/ });
});

Deno.test("taken Secrets: one that is given as files stands for one in the folder, whoever applies the link", () =>
  withFolder({ "site.yaml": resource("Site", "hub", "{defaultIssuer: west}") }, async (dir) => {
    await Deno.mkdir(`${dir}/certs/west`, { recursive: true });
    await Deno.writeTextFile(`${dir}/certs/west/tls.crt`, CERT);
    const text = `${secret("west")}---\n${link("west")}`;
    const apply = (files: ReadonlyMap<string, string>) =>
      editToApply(files, incoming(text, readDocuments(text, "in.yaml")));
    for (const dryRun of [true, false]) {
      await assert.rejects(changeFolder(dir, dryRun, apply), { code: "SITE_SECRET_USED", message: /Site hub uses/ });
    }
    assert.deepEqual((await Array.fromAsync(Deno.readDir(dir), ({ name }) => name)).sort(), [
      ".tendril-lock",
      "certs",
      "site.yaml",
    ]);
  }));

Deno.test("taken Secrets: a free name is one that a resource may have, however long the one that is taken", () => {
  const long = `${"a".repeat(239)}.${"b".repeat(13)}`;
  assert.equal(freeSecretName(read(secret("a"), secret("a-1")), "a"), "a-2");
  assert.equal(freeSecretName(read(secret(long)), long), `${"a".repeat(239)}-1`);
  assert.equal(freeSecretName([], "a.b"), "a.b");
});
