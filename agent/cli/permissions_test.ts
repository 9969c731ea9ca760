/**
 * Every command runs with exactly the permissions that its help documents, and asks for nothing beyond them: Deno
 * writes each access down (`DENO_AUDIT_PERMISSIONS`), and the test reads it.
 */

import assert from "node:assert/strict";
import { TestAuthority } from "../transport/testing_certs.ts";
import { EXIT } from "./exit_codes.ts";
import { Audited, type Reach, siteReach } from "../../tests/support/audited.ts";
import { freePort } from "../../tests/support/ports.ts";
import { run, untilListening } from "../../tests/support/processes.ts";
import { resource } from "../../tests/support/site_folder.ts";
import { until } from "../../tests/support/until.ts";

Deno.test("permissions: every command does its work with exactly those that its help documents", async () => {
  const dir = await Deno.makeTempDir();
  const [edge, interRouter, amqp, listener, forwarded, atHub] = Array.from({ length: 6 }, freePort);
  assert.ok(edge && interRouter && amqp && listener && forwarded && atHub);
  const at = (...ports: number[]) => ports.map((port) => `127.0.0.1:${port}`);
  const once: Audited[] = [];
  const asking: Audited[] = [];
  const changing: Audited[] = [];
  const command = async (words: string[], reach: Reach) => {
    const audited = new Audited(dir, words, reach);
    once.push(audited);
    return await audited.run();
  };
  const ports = ["--edge-port", edge, "--inter-router-port", interRouter, "--amqp-port", amqp].map(String);
  const hubWords = ["site", "create", "hub", "--dir", "hub", "--enable-link-access", "--bind", "127.0.0.1", ...ports];
  try {
    await using target = serve();
    await command(hubWords, { DIR: ["hub"] });
    await command(["site", "create", "west", "--dir", "west", "--edge"], { DIR: ["west"] });
    await command(["link", "generate", "--dir", "hub", "--host", "hub.example"], { DIR: ["hub"] });
    const module = new URL("../adaptor/builtin/tcp.wasm", import.meta.url).pathname;
    await Deno.copyFile(module, `${dir}/tcp.wasm`);
    const author = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", author.privateKey)).toBase64();
    await Deno.writeTextFile(`${dir}/author.pem`, `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
    for (const verb of ["inspect", "test", "verify"]) {
      await command(["adaptor", verb, "tcp.wasm"], { FILE: ["tcp.wasm"] });
    }
    await command(["adaptor", "new", "mine", "--dir", "mine"], { DIR: ["mine"] });
    await command(["adaptor", "build", "mine"], { DIR: ["mine"], OUT: ["mine/mine.wasm"] });
    const trial = { FILE: ["mine/mine.wasm"], YAML: ["mine/transcripts.yaml"] };
    await command(["adaptor", "test", "mine/mine.wasm", "--transcripts", "mine/transcripts.yaml"], trial);
    const signing = { FILE: ["tcp.wasm"], KEY: ["author.pem"] };
    await command(["adaptor", "sign", "tcp.wasm", "--key", "author.pem"], signing);
    const link = await command(["link", "generate", "--dir", "hub", "--host", "127.0.0.1"], { DIR: ["hub"] });
    await Deno.writeTextFile(`${dir}/link.yaml`, link, { mode: 0o600 });
    await Deno.writeTextFile(`${dir}/west/link.yaml`, link, { mode: 0o600 });
    await Deno.writeTextFile(`${dir}/west/listener.yaml`, resource("Listener", { key: "web", port: listener }));
    await Deno.writeTextFile(`${dir}/hub/listener.yaml`, resource("Listener", { key: "own", port: atHub }));
    await Deno.writeTextFile(`${dir}/hub/connector.yaml`, resource("Connector", { key: "hubs", port: target.port }));
    await Deno.writeTextFile(`${dir}/west/connector.yaml`, resource("Connector", { key: "own", port: target.port }));

    const oneLiner = { "FILE": ["link.yaml"], "LINK_HOST:PORT": at(edge) };
    const targetAt = { "TARGET_HOST:PORT": at(target.port) };
    const hub = new Audited(dir, ["run", "hub"], {
      ...siteReach(dir, "hub"),
      "DIR/plugin-store": ["hub/plugin-store"],
      "ACCESS_HOST:PORT": at(edge, interRouter, amqp),
      "LISTENER_HOST:PORT": at(atHub),
      ...targetAt,
    });
    const west = new Audited(dir, ["run", "west"], {
      ...siteReach(dir, "west"),
      "LINK_HOST:PORT": at(edge),
      "LISTENER_HOST:PORT": at(listener),
      ...targetAt,
    });
    const expose = new Audited(dir, ["expose", "web", `${target.port}`, "--link", "link.yaml"], {
      ...oneLiner,
      ...targetAt,
    });
    const forward = new Audited(dir, ["forward", "hubs", `${forwarded}`, "--link", "link.yaml", "--wait", "30"], {
      ...oneLiner,
      "LISTENER_HOST:PORT": at(forwarded),
    });
    {
      await using hubProcess = hub.start("hub");
      await until(() => hubProcess.output().includes("accepting peers"));
      await using westProcess = west.start("west");
      await using exposeProcess = expose.start("expose");
      await using forwardProcess = forward.start("forward");
      for (
        const [port, process] of [
          [listener, westProcess],
          [forwarded, forwardProcess],
          [atHub, hubProcess],
        ] as const
      ) {
        await untilListening(port, process);
        const response = await fetch(`http://127.0.0.1:${port}/`);
        assert.equal(await response.text(), "through", process.output());
      }
      await until(() => exposeProcess.output().includes("routing key is reachable"));
      const questions = [["network", "status"], ["network", "path", "web"], ["ping", "web"], ["adaptor", "list"]];
      for (const words of [...questions, ["status"], ["reload"], ["listener", "status", "web"]]) {
        asking.push(new Audited(dir, [...words, "--dir", "west"], siteReach(dir, "west")));
        await asking.at(-1)!.run();
      }
      const pushing = { ...siteReach(dir, "hub"), FILE: ["mine/mine.wasm"] };
      asking.push(new Audited(dir, ["adaptor", "push", "mine/mine.wasm", "--dir", "hub"], pushing));
      await asking.at(-1)!.run();
      await Deno.writeTextFile(`${dir}/new.yaml`, resource("Connector", { key: "new", port: target.port }));
      const changes = [
        ["plan"],
        ["plan", "-f", "new.yaml"],
        ["apply", "-f", "new.yaml"],
        ["connector", "update", "new", "--port", "1"],
        ["delete", "-f", "new.yaml"],
        ["listener", "create", "more", `${freePort()}`, "--host", "127.0.0.1"],
        ["listener", "delete", "more"],
        ["link", "create", "link.yaml"],
        ["certificate", "import", "web-tls", "--cert", "tls.crt", "--key", "tls.key", "--ca", "tls.crt"],
        ["listener", "create", "tls", `${freePort()}`, "--host", "127.0.0.1", "--tls-credentials", "web-tls"],
      ];
      const { cert, key } = await (await TestAuthority.create("ca")).issue({ name: "web" });
      await Deno.writeTextFile(`${dir}/tls.crt`, cert);
      await Deno.writeTextFile(`${dir}/tls.key`, key);
      const pem = { CERT: ["tls.crt"], KEY: ["tls.key"], CA: ["tls.crt"] };
      for (const words of changes) {
        const file = words.find((word) => word.endsWith(".yaml"));
        const reach = { ...siteReach(dir, "west"), ...pem, ...(file === undefined ? {} : { FILE: [file] }) };
        changing.push(new Audited(dir, [...words, "--dir", "west"], reach));
        await changing.at(-1)!.run();
      }
      for (const process of [exposeProcess, forwardProcess, westProcess, hubProcess]) {
        process.signal("SIGINT");
        assert.equal(await process.ended, 0, process.output());
      }
    }
    for (const words of [["status"], ["renew"], ["rotate-ca"], ["revoke", "2CA9"]]) {
      await command(["certificate", ...words, "--dir", "hub"], { DIR: ["hub"] });
    }
    const fromStdin = ["expose", "web", `${target.port}`, "--link", "-", "--wait", "1"];
    const unread = new Audited(dir, fromStdin, { "LINK_HOST:PORT": at(edge), ...targetAt });
    await unread.run(link, EXIT.network);
    assert.deepEqual([...await unread.check()].sort(), ["env", "net"], "a link from stdin needs no file");
    for (const audited of once) {
      const kinds = await audited.check();
      assert.ok([...kinds].every((kind) => ["read", "write", "env", "sys"].includes(kind)), [...kinds].join());
    }
    for (const audited of changing) {
      assert.deepEqual([...await audited.check()].sort(), ["env", "net", "read", "write"], "files and one socket");
    }
    for (const audited of asking) {
      assert.deepEqual([...await audited.check()].sort(), ["net", "read", "write"], "one socket, and nothing else");
    }
    for (const audited of [hub, west]) {
      assert.deepEqual([...await audited.check()].sort(), ["env", "net", "read", "write"], "no run, no ffi, no sys");
    }
    for (const audited of [expose, forward]) {
      const kinds = await audited.check();
      assert.deepEqual([...kinds].sort(), ["env", "net", "read"], "no run, no ffi, no sys, no write");
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("permissions: the audit writes down every kind of access that the test above relies on, refused ones too", async () => {
  const dir = await Deno.makeTempDir();
  const attempts = [
    `Deno.readTextFileSync("x")`,
    `Deno.writeTextFileSync("x", "")`,
    `Deno.hostname()`,
    `Deno.env.get("X")`,
    `Deno.listen({ hostname: "127.0.0.1", port: 1 })`,
    `Deno.dlopen("x.so", {})`,
  ];
  const script = attempts.map((attempt) => `try { ${attempt}; } catch { /* refused */ }`).join("\n");
  try {
    await Deno.writeTextFile(`${dir}/script.ts`, script);
    const env = { DENO_AUDIT_PERMISSIONS: `${dir}/audit` };
    const { code, stderr } = await run(Deno.execPath(), ["run", "--no-prompt", "--no-config", "script.ts"], {
      cwd: dir,
      env,
    });
    assert.equal(code, 0, stderr);
    const lines = (await Deno.readTextFile(`${dir}/audit`)).trim().split("\n");
    const kinds = new Set(lines.map((line) => JSON.parse(line).permission));
    for (const kind of ["read", "write", "sys", "env", "net", "ffi"]) assert.ok(kinds.has(kind), kind);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** A target that answers every request the same. */
function serve(): { port: number } & AsyncDisposable {
  const headers = { connection: "close" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("through", { headers }),
  );
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
