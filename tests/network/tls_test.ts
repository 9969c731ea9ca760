/** TLS at Listeners and to the targets of Connectors: edge, interior and edge, real clients and servers. */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import type { TlsCredentials } from "../../agent/transport/channel.ts";
import { loadResources, loadSite } from "../../agent/site/load.ts";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { NodeHttp2Server } from "../support/node_http2.ts";
import { freePort } from "../support/ports.ts";
import { run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { withSecureNetwork, writeSecret } from "../support/secure_site.ts";
import { interiorFolder, resource } from "../support/site_folder.ts";
import { echo, readInto, readToEnd, server, writeAll } from "../support/tcp.ts";
import { startTendril, tendril, tendrilArgs } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const NAMES = { name: "web", dns: ["localhost"] };
const TEN_MIB = 10 * 1024 * 1024;

testWith(
  ["curl", "openssl"],
  "tls: curl at tcp, http1 and http2 listeners, through the network",
  async ({ curl, openssl }, t) => {
    const target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      return pathname === "/echo" ? new Response(await request.bytes()) : new Response(`plain ${pathname}`);
    });
    const authority = await TestAuthority.create("ca");
    const [raw, one, two] = [freePort(), freePort(), freePort()];
    const more = { tlsCredentials: "web" };
    const { port } = target.addr;
    await withSecureNetwork({
      listeners: [
        { key: "raw", port: raw, more },
        { key: "one", port: one, type: "http1", more },
        { key: "two", port: two, type: "http2", more },
      ],
      connectors: [{ key: "raw", port }, { key: "one", port, type: "http1" }, { key: "two", port, type: "http1" }],
      secrets: { web: await authority.issue(NAMES) },
    }, async ({ dir, west }) => {
      await Deno.writeTextFile(`${dir}/ca.pem`, authority.pem);
      await Deno.writeFile(`${dir}/file`, crypto.getRandomValues(new Uint8Array(65_536)));
      const ask = (...args: string[]) => run(curl!, ["-sS", "--max-time", "30", "--cacert", `${dir}/ca.pem`, ...args]);
      const asked = async (...args: string[]) => {
        const { code, stdout, stderr } = await ask(...args);
        assert.equal(code, 0, stderr);
        return stdout;
      };

      await t.step("each speaks what its type says, and HTTP/2 is found by ALPN", async () => {
        for (const [listener, version] of [[raw, "1.1"], [one, "1.1"], [two, "2"]] as const) {
          const url = `https://localhost:${listener}`;
          const answer = await asked("--http2", "-w", " %{http_version} %{num_connects}\n", `${url}/a`, `${url}/b`);
          assert.equal(answer, `plain /a ${version} 1\nplain /b ${version} 0\n`);
        }
      });

      await t.step("who speaks only what is not spoken there is refused by ALPN", async () => {
        for (const [listener, protocol] of [[one, "h2"], [two, "http/1.1"]] as const) {
          const { stderr } = await run(openssl!, ["s_client", "-connect", `localhost:${listener}`, "-alpn", protocol]);
          assert.match(stderr, /alert no application protocol/);
        }
      });

      await t.step("octets pass both ways unchanged, many of them", async () => {
        const file = `${dir}/file`;
        await Deno.writeFile(file, new Uint8Array(TEN_MIB).map((_, at) => at * 31 >> 7));
        for (const listener of [raw, one, two]) {
          await asked("-T", file, "-X", "POST", "-o", `${dir}/back`, `https://localhost:${listener}/echo`);
          const [sent, back] = [await Deno.readFile(file), await Deno.readFile(`${dir}/back`)];
          assert.ok(sent.length === back.length && sent.every((octet, at) => back[at] === octet), `${listener}`);
        }
      });

      await t.step(
        "whoever does not trust the certificate is not served, and whoever speaks no TLS neither",
        async () => {
          const other = await TestAuthority.create("other");
          await Deno.writeTextFile(`${dir}/other.pem`, other.pem);
          const { code } = await run(curl!, ["-sS", "--cacert", `${dir}/other.pem`, `https://localhost:${raw}/`]);
          assert.equal(code, 60);
          assert.notEqual((await run(curl!, ["-sS", `http://localhost:${raw}/`])).code, 0);
          assert.match(west.output(), /client refused/);
        },
      );
    });
    await target.shutdown();
  },
);

/** A server with TLS on each of `ports`, the second of which wants client certificates and the third speaks HTTP/2. */
function nginxConfig(dir: string, ports: readonly [number, number, number]): string {
  const tls = `ssl_certificate ${dir}/tls.crt; ssl_certificate_key ${dir}/tls.key; root ${dir}/root;`;
  return `daemon off; master_process off; pid ${dir}/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${dir}/t; proxy_temp_path ${dir}/t; fastcgi_temp_path ${dir}/t;
  uwsgi_temp_path ${dir}/t; scgi_temp_path ${dir}/t;
  server { listen 127.0.0.1:${ports[0]} ssl; ${tls} add_header x-seen "$ssl_server_name $server_protocol"; }
  server { listen 127.0.0.1:${ports[1]} ssl; ${tls} ssl_verify_client on; ssl_client_certificate ${dir}/ca.pem; }
  server { listen 127.0.0.1:${ports[2]} ssl http2; ${tls} add_header x-seen "$ssl_server_name $server_protocol"; }
}
`;
}

testWith(["curl", "nginx"], "tls: nginx as a target, through the network", async ({ curl, nginx }, t) => {
  const dir = await Deno.makeTempDir();
  const authority = await TestAuthority.create("ca");
  const { cert, key } = await authority.issue(NAMES);
  await Deno.mkdir(`${dir}/root`);
  for (const [name, text] of [["tls.crt", cert], ["tls.key", key], ["ca.pem", authority.pem], ["root/a", "nginx"]]) {
    await Deno.writeTextFile(`${dir}/${name}`, text!);
  }
  const [plain, wanting, h2] = [freePort(), freePort(), freePort()];
  await Deno.writeTextFile(`${dir}/nginx.conf`, nginxConfig(dir, [plain, wanting, h2]));
  await using server = start("nginx", nginx!, ["-p", dir, "-c", `${dir}/nginx.conf`]);
  await untilListening(h2, server);
  const ports: Record<string, number> = {};
  const to = (key: string, port: number, type: string, fields: Record<string, string | boolean> = {}) => {
    ports[key] = freePort();
    return { key, port, type, more: { host: "localhost", tlsCredentials: "trust", ...fields } };
  };
  const connectors = [
    to("tcp", plain, "tcp"),
    to("http1", plain, "http1"),
    to("http2", h2, "http2"),
    to("anyname", plain, "http1", { host: "127.0.0.1", verifyHostname: false }),
    to("known", wanting, "http1", { tlsCredentials: "client", useClientCert: true }),
    to("unknown", wanting, "http1"),
  ];
  const listeners = connectors.map(({ key, type }) => ({ key, port: ports[key]!, type }));
  const secrets = { trust: { ca: authority.pem }, client: await authority.issue({ name: "east" }) };
  await withSecureNetwork({ listeners, connectors, secrets }, async () => {
    const ask = async (key: string, ...args: string[]) => {
      const { code, stdout, stderr } = await run(curl!, ["-sS", "-i", ...args, `http://127.0.0.1:${ports[key]}/a`]);
      assert.equal(code, 0, stderr);
      return stdout;
    };

    await t.step("its name is asked for, and each is spoken to as its type says", async () => {
      assert.match(await ask("tcp"), /x-seen: localhost HTTP\/1\.1\r\n[^]*nginx$/);
      assert.match(await ask("http1"), /x-seen: localhost HTTP\/1\.1\r\n[^]*nginx$/);
      assert.match(await ask("http2", "--http2-prior-knowledge"), /x-seen: localhost HTTP\/2\.0\r\n[^]*nginx$/);
    });

    await t.step("with verifyHostname: false the certificate may be for another name", async () => {
      assert.match(await ask("anyname"), /nginx$/);
    });

    await t.step("a client certificate is shown where it is to be, and nowhere else", async () => {
      assert.match(await ask("known"), /nginx$/);
      assert.match(await ask("unknown"), /No required SSL certificate was sent/);
    });
  });
  await Deno.remove(dir, { recursive: true });
});

testWith(["curl", "node"], "tls: a target that speaks HTTP/2 hears of https", async ({ curl, node }) => {
  const authority = await TestAuthority.create("ca");
  const [target, port] = await NodeHttp2Server.start(node!, await authority.issue(NAMES));
  await using _ = target;
  const listening = freePort();
  await withSecureNetwork({
    listeners: [{ key: "web", port: listening, type: "http2" }],
    connectors: [{ key: "web", port, type: "http2", more: { host: "localhost", tlsCredentials: "trust" } }],
    secrets: { trust: { ca: authority.pem } },
  }, async () => {
    const url = `http://localhost:${listening}/headers`;
    const { stdout, stderr } = await run(curl!, ["-sS", "--http2-prior-knowledge", "--max-time", "30", url]);
    assert.equal(JSON.parse(stdout || "{}")[":scheme"], "https", stderr);
  });
});

testWith(
  ["openssl"],
  "tls: a session of a Listener is resumed there, and opens no port for links",
  async ({ openssl }) => {
    const dir = await Deno.makeTempDir();
    const { edgePort, interRouterPort } = await interiorFolder(`${dir}/hub`);
    using target = server(echo);
    const port = freePort();
    const more = { tlsCredentials: "web" };
    await Deno.writeTextFile(`${dir}/hub/listener.yaml`, resource("Listener", { key: "web", port, type: "tcp", more }));
    await Deno.writeTextFile(`${dir}/hub/connector.yaml`, resource("Connector", { key: "web", port: target.port }));
    await writeSecret(`${dir}/hub`, "web", await (await TestAuthority.create("ca")).issue(NAMES));
    await using hub = startTendril("hub", ["run", `${dir}/hub`, "--log-level", "debug"]);
    try {
      await untilListening(port, hub, 30_000);
      /** What openssl prints until it has its word back, or is turned away. */
      const visit = async (at: number, flag: string) => {
        const child = new Deno.Command(openssl!, {
          args: ["s_client", "-connect", `127.0.0.1:${at}`, "-tls1_3", flag, `${dir}/ticket`],
          stdin: "piped",
          stdout: "piped",
          stderr: "null",
        }).spawn();
        const writer = child.stdin.getWriter();
        let stdout = "";
        // What is written to somebody who has left is no matter here.
        const written = writer.write(new TextEncoder().encode("hello\n")).catch(() => {});
        for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
          stdout += piece;
          if (/^hello$/m.test(stdout)) writer.close().catch(() => {});
        }
        await written;
        await writer.close().catch(() => {});
        await child.status;
        return stdout;
      };
      assert.match(await visit(port, "-sess_out"), /^New, TLSv1\.3[^]*\nhello\n/m);
      assert.match(await visit(port, "-sess_in"), /^Reused, TLSv1\.3[^]*\nhello\n/m);
      for (const [count, linkPort] of [edgePort, interRouterPort].entries()) {
        await visit(port, "-sess_out");
        await visit(linkPort, "-sess_in");
        // Any other reason would mean that the ticket was not taken, and that this test tests nothing.
        await until(() => hub.output().split("LINK_TLS_RESUMED").length > count + 1);
      }
    } finally {
      await hub.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** A server with TLS that says how much it was sent when its client has ended its side, and not before. */
async function counting(identity: TlsCredentials): Promise<Server> {
  const counter = createServer({ ...identity, ...{ allowHalfOpen: true } }, (socket) => {
    let octets = 0;
    socket.on("error", () => {}).on("data", (chunk) => octets += chunk.length);
    socket.on("end", () => socket.end(`${octets} octets`));
  });
  await new Promise<void>((resolve) => counter.listen(0, "127.0.0.1", resolve));
  return counter;
}

Deno.test("tls: with tcp each direction ends by itself, by TLS at both ends", async () => {
  const authority = await TestAuthority.create("ca");
  const target = await counting(await authority.issue(NAMES));
  const port = freePort();
  const more = { tlsCredentials: "web" };
  const { port: targetPort } = target.address() as AddressInfo;
  await withSecureNetwork({
    listeners: [{ key: "count", port, more }],
    connectors: [{ key: "count", port: targetPort, more: { ...more, host: "localhost" } }],
    secrets: { web: await authority.issue(NAMES) },
  }, async () => {
    for (const octets of [0, 5, TEN_MIB]) {
      const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts: [authority.pem] });
      await writeAll(conn, new Uint8Array(octets));
      await conn.closeWrite();
      let answer = "";
      await readToEnd(conn, (piece) => answer += new TextDecoder().decode(piece));
      assert.equal(answer, `${octets} octets`);
      conn.close();
    }
  });
  await new Promise((resolve) => target.close(resolve));
});

Deno.test("tls: a Secret that comes later opens the Listener, and one that is replaced cuts nobody off", async () => {
  const [old, next] = [await TestAuthority.create("old"), await TestAuthority.create("next")];
  using target = server(echo);
  const [port, late] = [freePort(), freePort()];
  await withSecureNetwork({
    listeners: [{ key: "web", port, more: { tlsCredentials: "web" } }],
    connectors: [{ key: "web", port: target.port }],
    secrets: { web: await old.issue(NAMES) },
  }, async ({ dir, west }) => {
    const listener = resource("Listener", {
      key: "late",
      port: late,
      more: { tlsCredentials: "late", routingKey: "web" },
    });
    // One with nothing in it: what is not there at all, the site would make.
    await writeSecret(`${dir}/west`, "late", {});
    await Deno.writeTextFile(`${dir}/west/late.yaml`, listener.replace("  routingKey: late\n", ""));
    const statusOf = async (name: string) => {
      const { stdout } = await tendril("listener", "status", "--dir", `${dir}/west`, "-o", "json");
      const { resources } = JSON.parse(stdout) as { resources: { name: string; status: string; message: string }[] };
      return resources.find((resource) => resource.name === name);
    };
    await until(async () => (await statusOf("late")) !== undefined, 20_000);
    const { status, message } = (await statusOf("late"))!;
    assert.equal(status, "Error");
    assert.match(message, /Secret late for Listener late: tls\.crt is missing/);
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: late }), Deno.errors.ConnectionRefused);
    await writeSecret(`${dir}/west`, "late", await old.issue(NAMES));
    await untilListening(late, west);
    assert.equal((await statusOf("late"))?.status, "Ready");

    const connect = (authority: TestAuthority) =>
      Deno.connectTls({ hostname: "localhost", port, caCerts: [authority.pem] });
    const before = await connect(old);
    const speak = async (conn: Deno.Conn, text: string) => {
      await writeAll(conn, new TextEncoder().encode(text));
      const buffer = new Uint8Array(text.length);
      assert.ok(await readInto(conn, buffer));
      assert.equal(new TextDecoder().decode(buffer), text);
    };
    await speak(before, "before");
    await writeSecret(`${dir}/west`, "web", { ...await next.issue(NAMES), key: (await old.issue(NAMES)).key });
    await until(() => /tls\.key does not belong to tls\.crt/.test(west.output()));
    await speak(before, "a broken one changes nothing");
    await writeSecret(`${dir}/west`, "web", await next.issue(NAMES));
    await until(async () => {
      const after = await connect(next);
      const trusted = await after.handshake().then(() => true, () => false);
      if (trusted) await speak(after, "after");
      after.close();
      return trusted;
    }, 20_000);
    await speak(before, "still here");
    before.close();
  });
});

testWith(
  ["curl"],
  "tls: a target that is not to be trusted is told of at its site, and its clients get nothing",
  async ({ curl }) => {
    const [authority, other] = [await TestAuthority.create("ca"), await TestAuthority.create("other")];
    const target = await counting(await authority.issue(NAMES));
    const { port: targetPort } = target.address() as AddressInfo;
    const [raw, http] = [freePort(), freePort()];
    const more = { host: "localhost", tlsCredentials: "other" };
    await withSecureNetwork({
      listeners: [{ key: "raw", port: raw }, { key: "http", port: http, type: "http1" }],
      connectors: [{ key: "raw", port: targetPort, more }, { key: "http", port: targetPort, type: "http1", more }],
      secrets: { other: { ca: other.pem } },
    }, async ({ dir, east }) => {
      const { stdout } = await run(curl!, ["-sS", "-i", `http://127.0.0.1:${http}/`]);
      assert.match(stdout, /^HTTP\/1\.1 503 /);
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: raw });
      assert.equal(await readToEnd(conn), 0);
      conn.close();
      await until(() => east.output().split("TARGET_TLS_CA").length > 2);
      const status = await tendril("connector", "status", "--dir", `${dir}/east`, "-o", "json");
      for (const { message, next } of JSON.parse(status.stdout).resources) {
        assert.match(message, /^can't reach localhost:\d+: .*has a certificate of a CA that is not trusted here/);
        assert.match(next, /^Put the CA .* into ca\.crt/);
      }
      const check = await tendril("debug", "check", "--dir", `${dir}/east`);
      assert.notEqual(check.code, 0);
      assert.match(check.stdout, /Broken: target of raw [^]*has a certificate of a CA that is not trusted here/);
    });
    await new Promise((resolve) => target.close(resolve));
  },
);

testWith(["openssl"], "tls: the commands that docs/tls.md shows make what it says", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/tls.md", import.meta.url));
  const script = /```sh\n(.*?)```/s.exec(text)?.[1] ?? "";
  const dir = await Deno.makeTempDir();
  try {
    assert.equal((await tendril("site", "create", "west", "--dir", `${dir}/west`, "--edge")).code, 0);
    const lines = script.trim().replaceAll("\\\n", "").split("\n");
    assert.equal(lines.length, 3);
    for (const line of lines) {
      const [command = "", ...words] = line.split(/\s+/);
      const ours = tendrilArgs(["--ignore-env", "--allow-net", "--allow-read", "--allow-write"], words);
      const { code, stderr } = command === "tendril"
        ? await run(Deno.execPath(), ours, { cwd: dir })
        : await run(command, words, { cwd: dir });
      assert.equal(code, 0, `${line}: ${stderr}`);
    }
    const { listeners, broken } = await loadSite(`${dir}/west`);
    assert.deepEqual(listeners.map(({ name, port, protocol }) => [name, port, protocol]), [["web", 8443, "http1"]]);
    assert.equal(listeners[0]?.tls?.cert, await Deno.readTextFile(`${dir}/tls.crt`));
    assert.deepEqual(broken ?? [], []);
    assert.equal(
      ((await Deno.stat(`${dir}/west/Secret-web-tls.yaml`)).mode ?? 0) & 0o077,
      0,
      "the key is for its owner",
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("tls: a site makes what a Listener shows and whom a Connector trusts", async () => {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const [secure, plain] = [freePort(), freePort()];
  try {
    await interiorFolder(`${dir}/hub`);
    const services = [
      resource("Listener", { key: "secure", port: secure, more: { tlsCredentials: "shown" } }),
      resource("Connector", { key: "secure", port: target.port }),
      // Its target is the Listener above.
      resource("Listener", { key: "plain", port: plain }),
      resource("Connector", { key: "plain", port: secure, more: { tlsCredentials: "trusted" } }),
    ];
    await Deno.writeTextFile(`${dir}/hub/services.yaml`, services.join("---\n"));
    await using hub = startTendril("hub", ["run", `${dir}/hub`]);
    for (const port of [secure, plain]) await untilListening(port, hub);
    const ca = (await loadResources(`${dir}/hub`)).secrets.get("skupper-service-ca")?.get("tls.crt") ?? "";
    const speak = async (conn: Deno.Conn) => {
      await writeAll(conn, new TextEncoder().encode("hello"));
      const buffer = new Uint8Array(5);
      assert.ok(await readInto(conn, buffer), hub.output());
      assert.equal(new TextDecoder().decode(buffer), "hello");
      conn.close();
    };
    await speak(await Deno.connectTls({ hostname: "localhost", port: secure, caCerts: [ca] }));
    await until(() => /certificate renewed name=trusted/.test(hub.output()));
    await until(async () => {
      const { stdout } = await tendril("connector", "status", "plain", "--dir", `${dir}/hub`, "-o", "json");
      return JSON.parse(stdout).resources[0]?.status === "Ready";
    });
    await speak(await Deno.connect({ hostname: "127.0.0.1", port: plain }));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
