/** What a user has written into a Secret that the site issues anew. */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { SITE_CA } from "./port_access.ts";
import { renewAll } from "./certificates/renew.ts";
import { rotateAuthority } from "./certificates/rotate.ts";
import { createSite } from "./create.ts";
import { generateLink } from "./generate_link.ts";
import { loadResources } from "./load.ts";
import { tlsCredentials } from "./secrets.ts";
import { base64 } from "./testing_link_files.ts";

const HUB = { name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", amqpPort: undefined } as const;
const HANDOVER = ["previous.crt", "bridge.crt", "previous-until"];

/** A hub whose Secret `name` is `edit` of what it was. */
async function withHub(
  name: string,
  edit: (text: string) => string,
  body: (dir: string, file: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await createSite({ ...HUB, dir, edgePort: 45_671, interRouterPort: 55_671 });
    const file = `${dir}/Secret-${name}.yaml`;
    await Deno.writeTextFile(file, edit(await Deno.readTextFile(file)));
    await body(dir, file);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function tlsOf(dir: string, name: string) {
  return tlsCredentials((await loadResources(dir)).secrets.get(name) ?? new Map(), name);
}

/** Labels, annotations, comments and a value of the user's own, here and there. */
function annotated(text: string): string {
  return `# Of our hub\n${text}`
    .replace("metadata:\n", "metadata:\n  labels: { team: net } # ours\n  annotations:\n    note: a line\n")
    .replace("\ndata:\n", `\ndata:\n  # Read by the backup\n  extra.txt: ${base64("mine")}\n`);
}

/** `text` without values and with what is set alone, to compare all else. */
function unset(text: string): string {
  return text.replaceAll(/^( {2}(ca\.crt|tls\.crt|tls\.key):).*$/gm, "$1");
}

Deno.test("own Secrets: a renewal changes the credentials alone, and the file stays for its owner's eyes", () =>
  withHub("hub", annotated, async (dir, file) => {
    const [text, before] = [await Deno.readTextFile(file), await tlsOf(dir, "hub")];
    await Deno.chmod(file, 0o640);
    const renewals = await renewAll(dir, Date.now(), "hub");
    assert.deepEqual(renewals.map(({ name, error }) => [name, error]), [["hub", undefined]]);
    const [renewed, after] = [await Deno.readTextFile(file), await tlsOf(dir, "hub")];
    assert.notEqual(after.key, before.key);
    assert.equal(unset(renewed), unset(text));
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    // Another host is another reason for the same.
    await generateLink({ dir, host: "hub.example" });
    assert.notEqual((await tlsOf(dir, "hub")).key, after.key);
    assert.equal(unset(await Deno.readTextFile(file)), unset(text));
  }));

Deno.test("own Secrets: plain values in stringData make way, others of them stay", () =>
  withHub("hub", (text) => {
    const { data, ...rest } = parse(text);
    const plain = (key: string) => new TextDecoder().decode(Uint8Array.fromBase64(data[key]));
    const stringData = { "tls.crt": plain("tls.crt"), "tls.key": plain("tls.key"), mine: "kept" };
    return JSON.stringify({ ...rest, data: { "ca.crt": data["ca.crt"] }, stringData });
  }, async (dir, file) => {
    const before = await tlsOf(dir, "hub");
    await renewAll(dir, Date.now(), "hub");
    assert.notEqual((await tlsOf(dir, "hub")).cert, before.cert);
    const { data, stringData } = parse(await Deno.readTextFile(file));
    assert.deepEqual([Object.keys(data), stringData], [["ca.crt", "tls.crt", "tls.key"], { mine: "kept" }]);
  }));

Deno.test("own Secrets: with nothing but stringData in it, a Secret has data afterwards", () =>
  withHub("hub", (text) => {
    const { data, ...rest } = parse(text);
    const stringData = Object.fromEntries(
      Object.entries<string>(data).map(([key, value]) => [key, new TextDecoder().decode(Uint8Array.fromBase64(value))]),
    );
    return JSON.stringify({ ...rest, data: null, stringData });
  }, async (dir, file) => {
    const before = await tlsOf(dir, "hub");
    await renewAll(dir, Date.now(), "hub");
    assert.notEqual((await tlsOf(dir, "hub")).cert, before.cert);
    const { data, stringData } = parse(await Deno.readTextFile(file));
    assert.deepEqual([Object.keys(data), stringData], [["ca.crt", "tls.crt", "tls.key"], undefined]);
  }));

Deno.test("own Secrets: a handover between authorities comes and goes, and what else is there stays", () =>
  withHub(SITE_CA, (text) => {
    const { data } = parse(text);
    // Both are the same for an authority, and may be written once.
    return annotated(text).replace(`ca.crt: ${data["ca.crt"]}`, `ca.crt: &ca ${data["ca.crt"]}`)
      .replace(`tls.crt: ${data["tls.crt"]}`, "tls.crt: *ca\n  old.crt: *ca");
  }, async (dir, file) => {
    const now = Date.now();
    const before = await tlsOf(dir, SITE_CA);
    const read = async () => parse(await Deno.readTextFile(file));
    await rotateAuthority(dir, now, 3_600_000);
    const during = await read();
    for (const key of HANDOVER) assert.ok(during.data[key], key);
    await renewAll(dir, now + 7_200_000, "none");
    const after = await read();
    for (const key of HANDOVER) assert.equal(after.data[key], undefined, key);
    for (const { metadata, data } of [during, after]) {
      assert.deepEqual(metadata, { labels: { team: "net" }, annotations: { note: "a line" }, name: SITE_CA });
      assert.deepEqual([data["extra.txt"], data["old.crt"]], [base64("mine"), base64(before.cert)]);
    }
    const next = await tlsOf(dir, SITE_CA);
    assert.notEqual(next.cert, before.cert);
    assert.equal(next.ca, next.cert);
    assert.match(await Deno.readTextFile(file), /^# Of our hub\n[^]*\n {2}# Read by the backup\n/);
  }));
