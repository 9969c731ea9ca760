/** TLS at Listeners and to the targets of Connectors: edge, interior and edge, real clients and servers. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { freePort, run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { withSecureNetwork } from "../support/secure_site.ts";

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
