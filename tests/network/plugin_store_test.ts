/** Plugins over the network as processes: two interiors, and an edge that may reach nothing but its link. */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { digestOf } from "../../adaptors/compile.ts";
import { signDigest } from "../../agent/adaptor/signature.ts";
import { loadFixture } from "../../agent/adaptor/testing_fixture.ts";
import { freePort } from "../support/ports.ts";
import { type Process, start } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { connect, readExactly, writeAll } from "../support/tcp.ts";
import { startTendril, tendril, tendrilArgs } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const PAYLOAD = new TextEncoder().encode("hello");

interface Parts {
  readonly dir: string;
  /** Port of the Listener whose type is the plugin. */
  readonly port: number;
  readonly near: Process;
  /** The edge with few permissions; it is linked to `near`, which is linked to `far`. */
  startWest(): Process;
}

function withStores(body: (parts: Parts) => Promise<void>): Promise<void> {
  return onStage(async (dir, keep) => {
    const port = freePort();
    const far = await interiorFolder(`${dir}/far`, "far");
    const near = await interiorFolder(`${dir}/near`, "near");
    await linkInteriors(near, far);
    await edgeFolder(`${dir}/west`, "west", near, {
      listeners: [{ key: "echo", port, type: "echo" }],
      connectors: [{ key: "echo", port: 1 }],
    });
    const module = (await loadFixture("echo")).bytes;
    await Deno.writeFile(`${dir}/echo.wasm`, module);
    const processes = ["far", "near"].map((name) => keep(startTendril(name, ["run", `${dir}/${name}`])));
    const reach = [`127.0.0.1:${near.edgePort}`, `127.0.0.1:${port}`, `unix:${dir}/west/run/amqp.sock`];
    const flags = [
      "--no-prompt",
      "--ignore-env",
      `--allow-read=${dir}/west`,
      `--allow-write=${dir}/west/run`,
      `--allow-net=${reach.join(",")}`,
    ];
    const words = tendrilArgs(flags, ["run", `${dir}/west`, "--log-format", "json"]);
    const startWest = () => keep(start("west", Deno.execPath(), words));
    await body({ dir, port, near: processes[1]!, startWest });
  });
}

async function writeAdaptor(dir: string, spec: Record<string, unknown>): Promise<void> {
  const adaptor = { apiVersion: "tendril.dev/v1alpha1", kind: "Adaptor", metadata: { name: "echo" }, spec };
  await Deno.writeTextFile(`${dir}/west/echo.json`, JSON.stringify(adaptor));
}

async function speak(port: number): Promise<void> {
  await until(() => connect(port).then((conn) => (conn.close(), true), () => false), LIMIT_MS);
  const conn = await connect(port);
  await writeAll(conn, PAYLOAD);
  assert.ok(await readExactly(conn, PAYLOAD.length));
  conn.close();
}

async function pushed(dir: string, site: string, format = "json") {
  return await tendril("adaptor", "push", `${dir}/echo.wasm`, "--dir", `${dir}/${site}`, "-o", format);
}

Deno.test("plugin store: an edge with nothing but its link gets a signed plugin from two interiors away, and keeps it", () =>
  withStores(async ({ dir, port, startWest }) => {
    const module = await Deno.readFile(`${dir}/echo.wasm`);
    const { privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)).toBase64();
    const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    const { signature, publicKey } = await signDigest(await digestOf(module), pem);
    await writeAdaptor(dir, {
      source: "van:echo",
      sha256: await digestOf(module),
      signature,
      keys: [publicKey],
    });
    const west = startWest();
    await until(() => west.output().includes("VAN_MISSING"), LIMIT_MS);
    await until(async () => (await pushed(dir, "far")).code === 0, LIMIT_MS);
    await speak(port);
    const { stdout } = await tendril("adaptor", "list", "--dir", `${dir}/west`);
    assert.match(stdout, /echo +ready +0\.1\.0 +sha256:\w+ +0 +van:echo/);
    assert.deepEqual([...Deno.readDirSync(`${dir}/far/plugin-store`)].length, 1);
    await assert.rejects(Deno.stat(`${dir}/near/plugin-store`), Deno.errors.NotFound, "it lies at the other interior");
    const [json, yaml] = await Promise.all([pushed(dir, "far"), pushed(dir, "far", "yaml")]);
    assert.equal(JSON.parse(json.stdout).site, "far");
    assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout), "both forms say the same");
    await west.stop();
    await Deno.remove(`${dir}/far/plugin-store`, { recursive: true });
    startWest();
    await speak(port);
  }));

Deno.test("plugin store: who may push from afar is a Policy's to say, and both ends are told", () =>
  withStores(async ({ dir, port, near, startWest }) => {
    await writeAdaptor(dir, { source: "van:echo", sha256: await digestOf(await Deno.readFile(`${dir}/echo.wasm`)) });
    const west = startWest();
    await until(() => west.output().includes("VAN_MISSING"), LIMIT_MS);
    await until(async () => (await pushed(dir, "west")).stderr.includes("only by a rule of a Policy"), LIMIT_MS);
    const refused = await pushed(dir, "west");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /near lets peers store plugins only by a rule of a Policy/);
    assert.match(refused.stderr, /next: Add a rule with `push: true`/);
    assert.match(near.output(), /refused by policy.*push/);
    const policy = (rules: unknown[]) =>
      JSON.stringify({ apiVersion: "tendril.dev/v1alpha1", kind: "Policy", metadata: { name: "p" }, spec: { rules } });
    const apply = async (rules: unknown[]) => {
      await Deno.writeTextFile(`${dir}/near/policy.json`, policy(rules));
      assert.equal((await tendril("reload", "--dir", `${dir}/near`)).code, 0);
    };
    const fetching = { name: "nobody fetches", effect: "deny", consume: ["_tendril/adaptors/*"] };
    await apply([{ push: true }, fetching]);
    const allowed = await pushed(dir, "west");
    assert.equal(allowed.code, 0, allowed.stderr);
    const { site, source } = JSON.parse(allowed.stdout);
    assert.deepEqual([site, source], ["near", "van:echo"]);
    await until(() => west.output().includes("VAN_REFUSED"), LIMIT_MS);
    assert.match(west.output(), /nobody fetches of Policy p denies it/);
    await apply([{ push: true }]);
    await speak(port);
  }));

Deno.test("plugin store: who may load which plugin is a Policy's to say, at the interior and at the edge, and both ends are told", () =>
  withStores(async ({ dir, port, near, startWest }) => {
    const sha256 = await digestOf(await Deno.readFile(`${dir}/echo.wasm`));
    await until(async () => (await pushed(dir, "near")).code === 0, LIMIT_MS);
    const apply = async (site: string, rules: unknown[]) => {
      const [apiVersion, metadata] = ["tendril.dev/v1alpha1", { name: "plugins" }];
      const policy = { apiVersion, kind: "Policy", metadata, spec: { default: "deny", rules } };
      await Deno.writeTextFile(`${dir}/${site}/policy.json`, JSON.stringify(policy));
    };
    const reload = async (site: string) => assert.equal((await tendril("reload", "--dir", `${dir}/${site}`)).code, 0);
    const open = { link: ["edge", "inter-router"], offer: ["*"], consume: ["echo"] };
    await apply("near", [open]);
    await reload("near");
    await writeAdaptor(dir, { source: "van:echo", sha256 });
    const west = startWest();
    await until(() => west.output().includes("VAN_REFUSED"), LIMIT_MS);
    const reason = `load the plugin ${sha256}: no rule of Policy plugins allows it`;
    assert.match(west.output(), new RegExp(`near does not let \\S+ ${reason}`));
    await until(() => new RegExp(`refused by policy.*action=load.*plugin=${sha256}.*${reason}`).test(near.output()));
    const list = async () => (await tendril("adaptor", "list", "--dir", `${dir}/west`)).stdout;
    assert.match(await list(), /echo +failed .*does not let/);

    await apply("near", [open, { load: [{ sha256 }] }]);
    await reload("near");
    await speak(port);

    // Now at the edge: by source first, which is another; then by name.
    await apply("west", [{ load: [{ source: "https:*" }] }]);
    await reload("west");
    const denied = `${sha256} may not be loaded as echo: no rule of Policy plugins allows it`;
    await until(() => west.output().includes(denied), LIMIT_MS);
    assert.match(west.output(), /"code":"ADAPTOR_DENIED"/);
    assert.match(await list(), /echo +failed .*may not be loaded as echo/);
    await until(() => connect(port).then((conn) => (conn.close(), false), () => true), LIMIT_MS);
    await apply("west", [{ load: [{ name: "echo", source: "van:*" }] }]);
    await reload("west");
    await speak(port);
  }));

Deno.test("plugin store: what no site would load is not stored", () =>
  withStores(async ({ dir }) => {
    await until(async () => (await pushed(dir, "near")).code === 0, LIMIT_MS);
    await Deno.writeFile(`${dir}/echo.wasm`, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const { code, stderr } = await pushed(dir, "near");
    assert.equal(code, 1);
    assert.match(stderr, /ADAPTOR_MEMORY/);
    assert.deepEqual([...Deno.readDirSync(`${dir}/near/plugin-store`)].length, 1);
  }));
