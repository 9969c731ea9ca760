import assert from "node:assert/strict";
import { TurnedClock } from "../../lib/testing_clock.ts";
import { createAuthority, issue } from "../../pki/authority.ts";
import { factsOf, hostsOf, renewalTime } from "../../pki/inspect.ts";
import type { LogFields, Logger } from "../../telemetry/log.ts";
import { TrustAnchors } from "../../transport/trust.ts";
import { pemCertificates } from "../../transport/certificate.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import { createSite } from "../create.ts";
import { SERVICE_CA, SITE_CA } from "../port_access.ts";
import { generateLink } from "../generate_link.ts";
import { issueToken } from "../grants/issue_token.ts";
import { readAccess } from "../grants/access.ts";
import { parseLinkFile, secretYaml } from "../link_file.ts";
import { loadResources } from "../load.ts";
import { tlsCredentials } from "../secrets.ts";
import { CertificateKeeper } from "./keeper.ts";
import { certificateReport } from "./report.ts";
import { rotateAuthority } from "./rotate.ts";
import { certificateState, siteCertificates } from "./list.ts";

const DAY = 86_400_000;
const YEAR = 365 * DAY;
const START = Date.now();

/** A folder with a hub in it, and a keeper whose days pass as the test says. */
class Stage implements AsyncDisposable {
  readonly #clock = new TurnedClock();
  readonly log: { message: string; fields: LogFields }[] = [];
  readonly keeper: CertificateKeeper;
  now = START;

  private constructor(readonly dir: string) {
    const keep = (message: string, fields: LogFields = {}) => void this.log.push({ message, fields });
    const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
    this.keeper = new CertificateKeeper(dir, logger, this.#clock, () => this.now);
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await Deno.makeTempDir());
    const ports = { edgePort: 45671, interRouterPort: 55671, amqpPort: undefined };
    await createSite({ dir: stage.dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...ports });
    return stage;
  }

  /** Lets the keeper look at the time `now`, and waits until it has. */
  async lookAt(now: number): Promise<void> {
    this.now = now;
    this.keeper.look();
    await this.keeper.idle;
  }

  /** Lets the keeper's own timers run for an hour that takes it to `now`. */
  async wakeAt(now: number): Promise<void> {
    this.now = now;
    this.#clock.pass(3_600_000);
    await this.keeper.idle;
  }

  said(text: string): LogFields[] {
    return this.log.filter(({ message }) => message === text).map(({ fields }) => fields);
  }

  async tls(name: string): Promise<TlsCredentials> {
    return tlsCredentials((await loadResources(this.dir)).secrets.get(name) ?? new Map(), name);
  }

  async put(name: string, tls: TlsCredentials): Promise<void> {
    await Deno.writeTextFile(`${this.dir}/Secret-${name}.yaml`, secretYaml(name, tls));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper.stop();
    await Deno.remove(this.dir, { recursive: true });
  }
}

Deno.test("keeper: what the site issued is renewed at two thirds of its life, not before, in a file for its owner's eyes", async () => {
  await using stage = await Stage.open();
  const authority = await stage.tls(SITE_CA);
  const common = { authority, commonName: "hub", hosts: ["127.0.0.1", "hub.example"], client: true, server: true };
  await stage.put("hub", await issue({ ...common, years: 0.25, now: START }));
  const before = await stage.tls("hub");
  const due = renewalTime(factsOf(before.cert));
  await stage.lookAt(due - 2 * 3_600_000);
  assert.equal((await stage.tls("hub")).cert, before.cert);
  await stage.wakeAt(due);
  const after = await stage.tls("hub");
  assert.notEqual(after.cert, before.cert);
  assert.notEqual(after.key, before.key);
  assert.equal(after.ca, before.ca);
  assert.equal(stage.said("certificate renewed")[0]?.name, "hub");
  assert.ok(factsOf(after.cert).notAfter > due + YEAR);
  assert.match(new TextDecoder().decode(pemCertificates(after.cert)[0]), /hub\.example/);
  assert.equal((await Deno.stat(`${stage.dir}/Secret-hub.yaml`)).mode! & 0o777, 0o600);
  // The old one is good until its end, for peers that are shown it still.
  new TrustAnchors(authority.cert).verify(pemCertificates(before.cert), "server", due);
});

Deno.test("keeper: the certificate of the port for tokens is renewed as well, its authority while no token is out", async () => {
  await using stage = await Stage.open();
  const options = { dir: stage.dir, redemptions: 1, cost: 1, host: "hub.example", port: 9090 };
  await issueToken({ ...options, window: "36000h" }, () => Promise.resolve());
  const before = await readAccess(stage.dir);
  await stage.lookAt(START + 4 * YEAR);
  assert.deepEqual(await readAccess(stage.dir), before, "the token names the authority, with which another would end");
  await stage.lookAt(START + 4.5 * YEAR);
  const after = await readAccess(stage.dir);
  assert.notEqual(after?.tls.ca, before?.tls.ca);
  assert.ok(hostsOf(after!.tls.cert).dns.has("hub.example"));
  await stage.lookAt(START + 4.6 * YEAR);
  assert.deepEqual(await readAccess(stage.dir), after);
});

Deno.test("keeper: an authority of the site's own making is followed by another in good time, and both count", async () => {
  await using stage = await Stage.open();
  const { yaml } = await generateLink({ dir: stage.dir, host: "127.0.0.1" });
  const [old] = parseLinkFile(yaml, "link.yaml");
  const [before, first] = [await stage.tls("hub"), await stage.tls(SITE_CA)];
  const late = factsOf(first.cert).notAfter - 30 * DAY;
  await stage.lookAt(late);
  const [after, next] = [await stage.tls("hub"), await stage.tls(SITE_CA)];
  assert.notEqual(next.cert, first.cert);
  const { yaml: anew } = await generateLink({ dir: stage.dir, host: "127.0.0.1" });
  const [young] = parseLinkFile(anew, "link.yaml");
  for (const { tls } of [old!, young!]) {
    new TrustAnchors(tls.ca).verify(pemCertificates(after.cert), "server", late);
    new TrustAnchors(after.ca).verify(pemCertificates(tls.cert), "client", late);
  }
  assert.ok(factsOf(after.cert).notAfter > factsOf(before.cert).notAfter + YEAR);
  assert.equal(stage.said("certificate renewed").length, 1);
  await stage.lookAt(late + 3_600_000);
  assert.equal((await stage.tls("hub")).cert, after.cert, "once is enough");
  // When the old one has expired, nothing of it is left.
  await stage.lookAt(late + 31 * DAY);
  const last = await stage.tls("hub");
  assert.deepEqual([last.ca, pemCertificates(last.cert).length], [next.cert, 1]);
  assert.equal((await loadResources(stage.dir)).secrets.get(SITE_CA)?.size, 3);
});

Deno.test("keeper: a rotation that was broken off is brought to its end", async () => {
  await using stage = await Stage.open();
  const before = await stage.tls("hub");
  const { fingerprint } = await rotateAuthority(stage.dir, START, 30 * DAY);
  // As if it had ended between the files.
  await stage.put("hub", before);
  await stage.lookAt(START + 1000);
  const after = await stage.tls("hub");
  assert.equal(factsOf((await stage.tls(SITE_CA)).cert).fingerprint, fingerprint);
  new TrustAnchors((await stage.tls(SITE_CA)).cert).verify(pemCertificates(after.cert), "server", START);
  new TrustAnchors(before.ca).verify(pemCertificates(after.cert), "server", START);
  await assert.rejects(rotateAuthority(stage.dir, START, DAY), { code: "SITE_HANDOVER" });
  // At once, whatever the last one promised.
  await rotateAuthority(stage.dir, START, 0);
  const last = await stage.tls("hub");
  assert.equal(last.ca, (await stage.tls(SITE_CA)).cert);
  assert.throws(() => new TrustAnchors(before.ca).verify(pemCertificates(last.cert), "server", START), {
    code: "LINK_TLS_CA",
  });
});

Deno.test("keeper: an authority of somebody else's is warned of, and a certificate that would end with it stays", async () => {
  await using stage = await Stage.open();
  const authority = await createAuthority({ commonName: "corporate", years: 1, now: START });
  await stage.put(SITE_CA, authority);
  const common = { authority, commonName: "hub", hosts: ["127.0.0.1"], client: true, server: true };
  await stage.put("hub", await issue({ ...common, years: 1, now: START }));
  const before = await stage.tls("hub");
  await stage.lookAt(START + 0.8 * YEAR);
  assert.equal((await stage.tls(SITE_CA)).cert, authority.cert);
  assert.equal((await stage.tls("hub")).cert, before.cert, "another would end with its authority as well");
  const [warning] = stage.said("a certificate expires").filter(({ name }) => name === SITE_CA);
  assert.match(String(warning?.next), /rotate-ca/);
});

/** A Certificate for the Secret `name`. */
async function ask(dir: string, name: string, spec: string): Promise<void> {
  const head = `apiVersion: skupper.io/v2alpha1\nkind: Certificate\nmetadata: {name: ${name}}\n`;
  await Deno.writeTextFile(`${dir}/Certificate-${name}.yaml`, `${head}spec: ${spec}\n`);
}

Deno.test("keeper: what another authority in the folder has signed is renewed by that one", async () => {
  await using stage = await Stage.open();
  const authority = await createAuthority({ commonName: "shops", years: 20, now: START });
  await stage.put("shop-ca", authority);
  await ask(stage.dir, "shop", "{subject: shop, ca: shop-ca, hosts: [shop.example]}");
  await stage.lookAt(START);
  const before = await stage.tls("shop");
  await stage.wakeAt(renewalTime(factsOf(before.cert)));
  const after = await stage.tls("shop");
  assert.notEqual(after.cert, before.cert);
  assert.ok(hostsOf(after.cert).dns.has("shop.example"));
  new TrustAnchors(authority.cert).verify(pemCertificates(after.cert), "server", stage.now);
  const { certificates } = await certificateReport(stage.dir, stage.now);
  assert.equal(certificates.find(({ name }) => name === "shop")?.issuedBy, "shop-ca");
  const followed = certificates.filter(({ renewed }) => renewed !== null).map(({ name }) => name);
  assert.deepEqual(followed, [SITE_CA, "hub", "shop"], "and what somebody else has put there is for them to follow");
});

Deno.test("keeper: an authority that a Certificate asks for is followed in good time, and both count for services", async () => {
  await using stage = await Stage.open();
  await ask(stage.dir, "shop-ca", "{subject: shops, signing: true}");
  await ask(stage.dir, "shop", "{subject: shop, ca: shop-ca, hosts: [shop.example]}");
  await Deno.writeTextFile(
    `${stage.dir}/web.yaml`,
    "apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata:\n  name: web\n" +
      "spec: {routingKey: web, host: 127.0.0.1, port: 8443, tlsCredentials: shop}\n---\n" +
      "apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata:\n  name: made\n" +
      "spec: {routingKey: web, host: 127.0.0.1, port: 8444, tlsCredentials: made}\n",
  );
  await stage.lookAt(START);
  const names = [["shop-ca", "shop"], [SERVICE_CA, "made"]] as const;
  const old = new Map(await Promise.all(names.map(async ([ca]) => [ca, await stage.tls(ca)] as const)));
  const late = factsOf(old.get("shop-ca")!.cert).notAfter - 30 * DAY;
  await stage.lookAt(late);
  for (const [ca, leaf] of names) {
    const [next, shown] = [await stage.tls(ca), await stage.tls(leaf)];
    assert.notEqual(next.cert, old.get(ca)!.cert);
    for (const known of [next, old.get(ca)!]) {
      new TrustAnchors(known.cert).verify(pemCertificates(shown.cert), "server", late);
    }
    assert.ok(shown.ca.includes(old.get(ca)!.cert), "whoever reads ca.crt knows both");
  }
  const once = await stage.tls("shop-ca");
  await stage.lookAt(late + 3_600_000);
  assert.equal((await stage.tls("shop-ca")).cert, once.cert, "once is enough");
  await stage.lookAt(late + 31 * DAY);
  for (const [ca, leaf] of names) {
    const shown = await stage.tls(leaf);
    assert.deepEqual([shown.ca, pemCertificates(shown.cert).length], [(await stage.tls(ca)).cert, 1]);
  }
});

Deno.test("keeper: files that were given are warned of and left alone, and keep nothing else from renewal", async () => {
  await using stage = await Stage.open();
  const authority = await createAuthority({ commonName: SITE_CA, years: 1, now: START });
  const common = { authority, commonName: "hub", hosts: ["127.0.0.1"], client: true, server: true };
  const web = await issue({ ...common, commonName: "web", years: 0.5, now: START });
  for (const [folder, tls] of [[`issuers/${SITE_CA}`, authority], ["certs/web", web]] as const) {
    await Deno.mkdir(`${stage.dir}/${folder}`, { recursive: true });
    for (const [file, text] of [["tls.crt", tls.cert], ["tls.key", tls.key], ["ca.crt", tls.ca]] as const) {
      await Deno.writeTextFile(`${stage.dir}/${folder}/${file}`, text);
    }
  }
  await stage.put("hub", await issue({ ...common, years: 0.5, now: START }));
  await Deno.writeTextFile(
    `${stage.dir}/web.yaml`,
    "apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata:\n  name: web\n" +
      "spec: {routingKey: web, host: 127.0.0.1, port: 8443, tlsCredentials: web}\n",
  );
  const before = await stage.tls("hub");
  await stage.lookAt(START + 0.7 * YEAR);
  assert.notEqual((await stage.tls("hub")).cert, before.cert);
  assert.deepEqual([(await stage.tls(SITE_CA)).cert, (await stage.tls("web")).cert], [authority.cert, web.cert]);
  assert.deepEqual(stage.said("a certificate was not renewed"), []);
  assert.deepEqual(stage.said("a certificate expires").map(({ name }) => name), [SITE_CA]);
  assert.deepEqual(stage.said("a certificate has expired").map(({ name }) => name), ["web"]);
});

Deno.test("keeper: what others issued is warned of, once a day and before it expires, and never touched", async () => {
  await using stage = await Stage.open();
  const other = await createAuthority({ commonName: "far-ca", years: 5, now: START });
  const common = { authority: other, commonName: "hub", hosts: [], client: true, server: true };
  await stage.put("link-far", await issue({ ...common, years: 30 / 365, now: START }));
  await Deno.writeTextFile(
    `${stage.dir}/link.yaml`,
    "apiVersion: skupper.io/v2alpha1\nkind: Link\nmetadata:\n  name: far\nspec:\n  tlsCredentials: link-far\n" +
      "  endpoints:\n  - {name: inter-router, host: far.example, port: 55671}\n",
  );
  const before = await stage.tls("link-far");
  const told = () => stage.said("a certificate expires").length;
  await stage.lookAt(START + 15 * DAY);
  assert.equal(told(), 0);
  for (const days of [21, 21.1, 21.5]) await stage.lookAt(START + days * DAY);
  assert.equal(told(), 1);
  assert.deepEqual(
    [stage.said("a certificate expires")[0]?.code, stage.said("a certificate expires")[0]?.name],
    ["CERTIFICATE_EXPIRES", "link-far"],
  );
  await stage.lookAt(START + 22.5 * DAY);
  assert.equal(told(), 2);
  await stage.lookAt(START + 31 * DAY);
  assert.equal(stage.said("a certificate has expired").length, 1);
  assert.equal((await stage.tls("link-far")).cert, before.cert);
});

Deno.test("keeper: what a Listener shows is warned of as well, though its Secret trusts nobody", async () => {
  await using stage = await Stage.open();
  const other = await createAuthority({ commonName: "far-ca", years: 5, now: START });
  const common = { authority: other, commonName: "web", hosts: ["web.example"], client: false, server: true };
  const { cert, key } = await issue({ ...common, years: 30 / 365, now: START });
  await Deno.writeTextFile(
    `${stage.dir}/web.yaml`,
    secretYaml("web", { cert, key }) +
      "---\napiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata:\n  name: web\n" +
      "spec: {routingKey: web, host: 127.0.0.1, port: 8443, tlsCredentials: web}\n",
  );
  const uses = siteCertificates(await loadResources(stage.dir)).map(({ name, use }) => `${name} ${use}`);
  assert.deepEqual(uses, [`${SITE_CA} authority`, "hub port", "web service"]);
  await stage.lookAt(START + 21 * DAY);
  const [warning] = stage.said("a certificate expires");
  assert.equal(warning?.name, "web");
  assert.match(String(warning?.next), /certificate import/);
});

Deno.test("keeper: a Secret that shares its file is not replaced; that is told, and not tried in a hurry", async () => {
  await using stage = await Stage.open();
  const file = `${stage.dir}/Secret-hub.yaml`;
  const authority = await createAuthority({ commonName: "ca", years: 50, now: START });
  await stage.put(SITE_CA, authority);
  const common = { authority, commonName: "hub", hosts: ["127.0.0.1"], client: true, server: true };
  const tls = await issue({ ...common, years: 1, now: START });
  const shared = `${secretYaml("hub", tls)}---\napiVersion: v1\nkind: Secret\nmetadata: {name: mine}\n`;
  await Deno.writeTextFile(file, shared);
  for (const minutes of [0, 1, 2, 3]) await stage.lookAt(START + 0.8 * YEAR + minutes * 60_000);
  assert.equal(await Deno.readTextFile(file), shared);
  const failures = stage.said("a certificate was not renewed");
  assert.deepEqual(failures.map(({ name, code }) => [name, code]), [["hub", "SITE_SECRET"]]);
});

Deno.test("certificates: clocks that differ by ten minutes spoil none of them", async () => {
  await using stage = await Stage.open();
  const now = Date.now();
  const { yaml } = await generateLink({ dir: stage.dir, host: "hub.example" });
  assert.ok(yaml.includes("kind: Link"));
  const { cert, ca } = await stage.tls("hub");
  for (const skew of [-10, 10]) {
    new TrustAnchors(ca).verify(pemCertificates(cert), "server", now + skew * 60_000);
    new TrustAnchors(ca).verify(pemCertificates(cert), "client", now + skew * 60_000);
  }
  // A clock that is ten minutes ahead sees it expire only long after it was renewed.
  assert.ok(factsOf(cert).notAfter - renewalTime(factsOf(cert)) > 10 * 60_000);
});

Deno.test("certificates: each is listed with what it is for, who issued it, and how it is", async () => {
  await using stage = await Stage.open();
  const found = siteCertificates(await loadResources(stage.dir));
  assert.deepEqual(found.map(({ name, use, by }) => [name, use, by]), [
    [SITE_CA, "authority", "itself"],
    ["hub", "port", "this site"],
  ]);
  const [authority] = found;
  assert.ok(authority !== undefined);
  const at = (years: number) => certificateState(authority, START + years * YEAR);
  assert.deepEqual([at(-1), at(0), at(3.5), at(4.8), at(6)], ["not yet valid", "ok", "due", "late", "expired"]);
});
