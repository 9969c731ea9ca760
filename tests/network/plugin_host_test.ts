/** Plugins of a running site: obtained while it runs, replaced, kept while a new version can't be had. */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { signDigest } from "../../agent/adaptor/signature.ts";
import type { PolicyPlugin, PolicySpec } from "../../agent/site/spec.ts";
import { loadFixture } from "../../agent/adaptor/testing_fixture.ts";
import { fileAdaptor, PluginSite } from "../support/plugin_site.ts";
import { connect, readExactly, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const PAYLOAD = new TextEncoder().encode("hello");
const WRONG = `sha256:${"0".repeat(64)}`;

async function speak(conn: Deno.TcpConn): Promise<void> {
  await writeAll(conn, PAYLOAD);
  assert.ok(await readExactly(conn, PAYLOAD.length));
}

async function speakTo(site: PluginSite, name: string): Promise<void> {
  await until(() => site.listener(name).open);
  const conn = await connect(site.listener(name).port);
  await speak(conn);
  conn.close();
}

Deno.test("plugin host: a plugin of the folder serves under the name of its resource, and the status shows where it is from", async () => {
  await using site = await PluginSite.start(["echo"], [fileAdaptor("mine", "echo.wasm")]);
  await speakTo(site, "mine");
  const { bytes } = await loadFixture("echo");
  const digest = "sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const { versions, ...rest } = site.adaptor("mine");
  assert.deepEqual(versions.map(({ calls, ...version }) => [calls > 0, version]), [
    [true, { digest, version: "0.1.0", errors: 0, traps: 0 }],
  ]);
  assert.deepEqual(rest, {
    name: "mine",
    digest,
    version: "0.1.0",
    source: "file:echo.wasm",
    state: "ready",
    faults: 0,
    rollbacks: 0,
    message: "OK",
  });
  assert.equal(site.adaptor("tcp").source, "built in");
});

Deno.test("plugin host: a plugin that can't be had shuts its own listener, with the reason, and is there when it can", async () => {
  await using site = await PluginSite.start([], [fileAdaptor("echo")]);
  await speakTo(site, "plain");
  await until(() => site.adaptor("echo").state === "failed");
  const { open, message } = site.listener("echo");
  assert.equal(open, false);
  assert.match(message, /adaptor echo: .*echo\.wasm can't be read/);
  assert.ok(site.log.some(({ fields }) => fields.code === "ADAPTOR_FILE" && fields.adaptor === "echo"));
  await site.put("echo.wasm", (await loadFixture("echo")).bytes);
  await speakTo(site, "echo");
  assert.equal(site.adaptor("echo").message, "OK");
});

Deno.test("plugin host: a module against the policy serves nobody, and is told with its code", async () => {
  await using site = await PluginSite.start([], []);
  await site.put("bad.wasm", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 8, 1, 1, 0x61, 1, 0x62, 2, 0, 1));
  await site.apply([fileAdaptor("bad")]);
  await until(() => site.adaptor("bad").state === "failed");
  assert.ok(site.log.some(({ fields }) => fields.code === "ADAPTOR_IMPORT" && fields.adaptor === "bad"));
  assert.equal(site.listener("bad").open, false);
  await speakTo(site, "plain");
});

Deno.test("plugin host: while a new version can't be had the good one serves, new clients too", async () => {
  await using site = await PluginSite.start(["echo"], [fileAdaptor("echo")]);
  await until(() => site.listener("echo").open);
  const conn = await connect(site.listener("echo").port);
  await speak(conn);
  const { digest } = site.adaptor("echo");
  await site.apply([{ ...fileAdaptor("echo"), sha256: WRONG }]);
  await until(() => site.log.some(({ fields }) => fields.code === "ADAPTOR_DIGEST"));
  assert.deepEqual([site.adaptor("echo").digest, site.adaptor("echo").state], [digest, "ready"]);
  assert.match(site.adaptor("echo").message, /goes on with what it has, without sha256:0000.* not sha256:0000/);
  await speak(conn);
  await speakTo(site, "echo");
  conn.close();
});

Deno.test("plugin host: another version serves new clients, and those it finds stay with theirs", async () => {
  await using site = await PluginSite.start(["echo", "hostile"], [fileAdaptor("swap", "echo.wasm")]);
  await until(() => site.listener("swap").open);
  const conn = await connect(site.listener("swap").port);
  await speak(conn);
  const { digest } = site.adaptor("swap");
  await site.apply([fileAdaptor("swap", "hostile.wasm")]);
  await until(() => site.adaptor("swap").digest !== digest && site.listener("swap").open);
  await speakTo(site, "swap");
  await speak(conn);
  conn.close();
});

Deno.test("plugin host: a plugin that is gone takes its listener with it", async () => {
  await using site = await PluginSite.start(["echo"], [fileAdaptor("echo")]);
  await speakTo(site, "echo");
  await site.apply([]);
  assert.deepEqual([site.adaptor("echo"), site.listener("echo")], [undefined, undefined]);
  await speakTo(site, "plain");
});

Deno.test("plugin host: a Policy of the site's own folder says what is loaded, by digest, name, source and signer", async () => {
  const { bytes } = await loadFixture("echo");
  const digest = "sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const keys = generateKeyPairSync("ed25519");
  const pem = `${keys.privateKey.export({ type: "pkcs8", format: "pem" })}`;
  const { signature, publicKey } = await signDigest(digest, pem);
  const policy = (load: readonly PolicyPlugin[], effect: "allow" | "deny" = "allow"): PolicySpec => ({
    name: "p",
    default: "deny",
    rules: [{ name: "plugins", effect, link: [], offer: [], consume: [], load }],
  });
  const mine = { ...fileAdaptor("mine", "echo.wasm"), signature };
  await using site = await PluginSite.start(["echo"], [mine]);
  await speakTo(site, "mine");
  const allowed: PolicyPlugin[] = [{ sha256: digest }, { name: "mi*" }, { source: "file:*" }, { signer: publicKey }];
  const other = `${generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" })}`;
  for (const plugin of allowed) {
    await site.apply([mine], [policy([plugin])]);
    await speakTo(site, "mine");
    await site.apply([mine], [policy([plugin], "deny")]);
    await until(() => site.adaptor("mine").state === "failed");
    assert.match(site.adaptor("mine").message, /may not be loaded as mine: plugins of Policy p denies it/);
    await until(() => !site.listener("mine").open);
    await speakTo(site, "plain");
  }
  await site.apply([mine], [policy([{ signer: other }])]);
  await until(() => /no rule of Policy p allows it/.test(site.adaptor("mine").message));
  await site.apply([mine], []);
  await speakTo(site, "mine");
  const told = site.log.filter(({ fields }) => fields.code === "ADAPTOR_DENIED");
  assert.deepEqual(new Set(told.map(({ fields }) => fields.adaptor)), new Set(["mine"]));
});

Deno.test("plugin host: a version that a Policy denies does not push out the one that it allows", async () => {
  const { bytes } = await loadFixture("echo");
  const digest = "sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const rules = [{
    name: "plugins",
    effect: "allow",
    link: [],
    offer: [],
    consume: [],
    load: [{ sha256: digest }],
  }] as const;
  const policies = [{ name: "p", default: "deny", rules }] as const;
  await using site = await PluginSite.start(["echo"], []);
  await site.apply([fileAdaptor("mine", "echo.wasm")], policies);
  await speakTo(site, "mine");
  await site.apply([{ ...fileAdaptor("mine", "echo.wasm"), sha256: `sha256:${"00".repeat(32)}` }], policies);
  await until(() => /goes on with what it has, without sha256:.*may not be loaded/.test(site.adaptor("mine").message));
  await speakTo(site, "mine");
});
