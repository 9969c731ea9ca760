/** Targets that are told who their clients are: nginx behind an edge, clients at another one, by the PROXY protocol. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { freePort } from "../support/ports.ts";
import { run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { withSecureNetwork } from "../support/secure_site.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

/** Servers that want the header: in the clear, with HTTP/2, and behind TLS. What they were told is in answer and log. */
function nginxConfig(dir: string, ports: readonly [number, number, number]): string {
  const says = 'location / { return 200 "$proxy_protocol_addr $proxy_protocol_server_port $connection\\n"; }';
  const tls = `ssl_certificate ${dir}/tls.crt; ssl_certificate_key ${dir}/tls.key;`;
  return `daemon off; master_process off; pid ${dir}/pid; error_log stderr;
events {}
http {
  log_format told '$proxy_protocol_addr $proxy_protocol_port $request_uri'; access_log ${dir}/told.log told;
  client_body_temp_path ${dir}/t; proxy_temp_path ${dir}/t; fastcgi_temp_path ${dir}/t;
  uwsgi_temp_path ${dir}/t; scgi_temp_path ${dir}/t;
  server { listen 127.0.0.1:${ports[0]} proxy_protocol; ${says} }
  server { listen 127.0.0.1:${ports[1]} proxy_protocol http2; ${says} }
  server { listen 127.0.0.1:${ports[2]} proxy_protocol ssl; ${tls} ${says} }
}
`;
}

const SETTINGS = "{ tendril.proxy-protocol: v2 }";

testWith(["curl", "nginx"], "PROXY protocol: nginx sees who the clients are", async ({ curl, nginx }, t) => {
  const dir = await Deno.makeTempDir();
  const authority = await TestAuthority.create("ca");
  const { cert, key } = await authority.issue({ name: "web", dns: ["localhost"] });
  for (const [name, text] of [["tls.crt", cert], ["tls.key", key], ["told.log", ""]]) {
    await Deno.writeTextFile(`${dir}/${name}`, text!);
  }
  const [plain, h2, tls] = [freePort(), freePort(), freePort()];
  await Deno.writeTextFile(`${dir}/nginx.conf`, nginxConfig(dir, [plain, h2, tls]));
  await using server = start("nginx", nginx!, ["-p", dir, "-c", `${dir}/nginx.conf`]);
  await untilListening(tls, server);
  const ports: Record<string, number> = {};
  const to = (key: string, port: number, type: string, fields: Record<string, string> = {}) => {
    ports[key] = freePort();
    return { key, port, type, more: { settings: SETTINGS, ...fields } };
  };
  const secure = { host: "localhost", tlsCredentials: "trust" };
  const connectors = [
    to("tcp", plain, "tcp"),
    to("http1", plain, "http1"),
    to("http2", h2, "http2"),
    to("auto", plain, "auto"),
    to("tcp-tls", tls, "tcp", secure),
    to("http1-tls", tls, "http1", secure),
    to("checked", plain, "http1", { healthCheck: "{ http: { path: /checked }, intervalSeconds: 1 }" }),
    to("dialled", plain, "tcp", { healthCheck: "{ tcp: {}, intervalSeconds: 1 }" }),
    to("untold", plain, "tcp", { settings: "{}" }),
  ];
  const listeners = connectors.map(({ key, type }) => ({ key, port: ports[key]!, type }));
  await withSecureNetwork({ listeners, connectors, secrets: { trust: { ca: authority.pem } } }, async () => {
    /** What each of the requests of one client was told, which has an address of its own. */
    const ask = async (key: string, client: string, ...paths: string[]) => {
      const port = ports[key]!;
      const http2 = key === "http2" ? ["--http2-prior-knowledge"] : [];
      const urls = paths.map((path) => `http://127.0.0.1:${port}/${path}`);
      const words = ["-sS", "--max-time", "20", "--interface", client, ...http2, ...urls];
      const { code, stdout, stderr } = await run(curl!, words);
      assert.equal(code, 0, `${key}: ${stderr}`);
      return stdout.trimEnd().split("\n").map((line) => line.split(" "));
    };

    for (const key of ["tcp", "http1", "http2", "auto", "tcp-tls", "http1-tls"]) {
      await t.step(`${key}: each client by its own address, in a connection of its own`, async () => {
        // This curl can't ask twice over a connection that it began in HTTP/2.
        const paths = key === "http2" ? ["a"] : ["a", "b"];
        const seen = await Promise.all(["127.0.0.7", "127.0.0.8"].map((client) => ask(key, client, ...paths)));
        const [one, other] = seen as [string[][], string[][]];
        assert.deepEqual(one.map(([client]) => client), paths.map(() => "127.0.0.7"));
        assert.deepEqual(other.map(([client]) => client), paths.map(() => "127.0.0.8"));
        assert.equal(one[0]![1], `${ports[key]}`, "the port is that of the listener");
        const connections = (lines: string[][]) => new Set(lines.map(([, , connection]) => connection));
        assert.deepEqual([connections(one).size, connections(other).size], [1, 1], "requests of one share one");
        assert.ok(connections(one).isDisjointFrom(connections(other)), "requests of several never do");
      });
    }

    await t.step("what nginx logs has the client's own port", async () => {
      const port = freePort();
      const url = `http://127.0.0.1:${ports["tcp"]}/logged`;
      await run(curl!, ["-sS", "--interface", "127.0.0.6", "--local-port", `${port}`, url]);
      const log = `127.0.0.6 ${port} /logged\n`;
      await until(async () => (await Deno.readTextFile(`${dir}/told.log`)).includes(log));
    });

    await t.step("health checks speak for nobody, and pass", async () => {
      await until(async () => / {2}\/checked\n|^- - \/checked$/m.test(await Deno.readTextFile(`${dir}/told.log`)));
      const [line] = await ask("checked", "127.0.0.5", "a");
      assert.equal(line?.[0], "127.0.0.5");
      assert.equal((await ask("dialled", "127.0.0.5", "a"))[0]?.[0], "127.0.0.5");
      assert.doesNotMatch(server.output(), /127\.0\.0\.1.*broken header/);
    });

    await t.step("without the setting there is no header, of which nginx complains", async () => {
      const { code } = await run(curl!, ["-sS", "--max-time", "20", `http://127.0.0.1:${ports["untold"]}/`]);
      assert.notEqual(code, 0);
      await until(() => /broken header: "GET/.test(server.output()));
    });
  });
  await Deno.remove(dir, { recursive: true });
});

Deno.test("PROXY protocol: another version than v2 is refused, with place and choice", async () => {
  const dir = await Deno.makeTempDir();
  await tendril("site", "create", "east", "--dir", dir, "--edge");
  const connector = `apiVersion: skupper.io/v2alpha1
kind: Connector
metadata: { name: web }
spec: { routingKey: web, host: 127.0.0.1, port: 80, settings: { tendril.proxy-protocol: v1 } }
`;
  await Deno.writeTextFile(`${dir}/web.yaml`, connector);
  const { stdout, stderr } = await tendril("plan", "--dir", dir);
  assert.match(stdout + stderr, /web\.yaml:4:\d+ .*Connector web: spec\.settings\.tendril\.proxy-protocol must be v2/);
  await Deno.remove(dir, { recursive: true });
});
