/** TLS at a C router's tcpListener and tcpConnector, with ours at the other end: inside the network both carry what was inside. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { edgeConnector, router, section, startRouter, tlsProfile } from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { writeSecret } from "../support/secure_site.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { complaints } from "./complaints.ts";

/** A server with TLS that speaks HTTP/1.1 and HTTP/2, as is agreed. */
function nginxConfig(dir: string, port: number): string {
  return `daemon off; master_process off; pid ${dir}/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${dir}/t; proxy_temp_path ${dir}/t; fastcgi_temp_path ${dir}/t;
  uwsgi_temp_path ${dir}/t; scgi_temp_path ${dir}/t;
  server {
    listen 127.0.0.1:${port} ssl http2; ssl_certificate ${dir}/certFile.pem; ssl_certificate_key ${dir}/privateKeyFile.pem;
    location / { return 200 "$server_protocol"; }
  }
}
`;
}

testWith(
  ["skrouterd", "curl", "nginx", "nghttp"],
  "interop: TLS at a C edge's services and at ours",
  async (programs, t) => {
    const { skrouterd, curl, nginx, nghttp } = programs as Record<string, string>;
    const dir = await Deno.makeTempDir();
    const authority = await TestAuthority.create("ca");
    const hubFolder = await interiorFolder(`${dir}/hub`);
    const [target, atTheirs, atOurs] = [freePort(), freePort(), freePort()];
    const more = { host: "localhost", tlsCredentials: "web" };
    await edgeFolder(`${dir}/ours`, "ours", hubFolder, {
      listeners: [{ key: "to-theirs", port: atOurs, more: { tlsCredentials: "web" } }],
      connectors: [{ key: "to-ours", port: target, more }],
    });
    await writeSecret(`${dir}/ours`, "web", await authority.issue({ name: "web", dns: ["localhost"] }));
    await Deno.mkdir(`${dir}/web`);
    const web = await tlsProfile(`${dir}/web`, `${dir}/ours/Secret-web.yaml`, "", "web");
    await Deno.mkdir(`${dir}/link`);
    const uplink = await tlsProfile(`${dir}/link`, `${dir}/ours/link.yaml`);
    await Deno.writeTextFile(`${dir}/web/nginx.conf`, nginxConfig(`${dir}/web`, target));
    const service = { host: "localhost", sslProfile: "web" };
    const hub = startTendril("hub", ["run", `${dir}/hub`]);
    const ours = startTendril("ours", ["run", `${dir}/ours`]);
    const theirs = await startRouter(skrouterd!, dir, "theirs", [
      router("edge", "theirs"),
      uplink,
      web,
      edgeConnector(hubFolder.edgePort),
      section("tcpListener", { name: "a", address: "to-ours", port: atTheirs, observer: "none", ...service }),
      section("tcpConnector", { name: "b", address: "to-theirs", port: target, ...service }),
    ]);
    const server = start("nginx", nginx!, ["-p", `${dir}/web`, "-c", `${dir}/web/nginx.conf`]);
    try {
      await untilListening(atTheirs, theirs, 30_000);
      await untilListening(atOurs, ours, 30_000);
      const ask = async (port: number, ...args: string[]) => {
        const url = `https://localhost:${port}/`;
        const words = ["-sS", "--max-time", "20", "--cacert", `${dir}/web/caCertFile.pem`, ...args, url];
        const { code, stdout, stderr } = await run(curl!, words);
        assert.equal(code, 0, stderr);
        return stdout;
      };
      await t.step("from our listener to their connector", async () => {
        assert.equal(await ask(atOurs), "HTTP/1.1");
      });
      await t.step("from their listener to our connector", async () => {
        assert.equal(await ask(atTheirs, "--http1.1"), "HTTP/1.1");
      });
      await t.step("what a client agrees on with their listener, our connector agrees on with the target", async () => {
        // Their listener prefers HTTP/1.1; this client offers HTTP/2 alone.
        const { stdout } = await run(nghttp!, [`https://localhost:${atTheirs}/`]);
        assert.match(stdout, /HTTP\/2\.0/);
      });
      await t.step("their log holds no complaint about us", () => {
        assert.deepEqual(complaints(theirs.output()), []);
      });
    } catch (error) {
      console.error([hub, ours, theirs].map((each) => `--- ${each.name}\n${each.output().slice(-2500)}`).join("\n"));
      throw error;
    } finally {
      await Promise.all([hub, ours, theirs, server].map((process) => process.stop()));
      await Deno.remove(dir, { recursive: true });
    }
  },
);
