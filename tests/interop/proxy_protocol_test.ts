/** Clients of our listener and of a C router's, seen by a target behind our connector, with a C interior between. */

import assert from "node:assert/strict";
import { edgeListener, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { complaints } from "./complaints.ts";

function nginxConfig(dir: string, told: number, plain: number): string {
  return `daemon off; master_process off; pid ${dir}/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${dir}/t; proxy_temp_path ${dir}/t; fastcgi_temp_path ${dir}/t;
  uwsgi_temp_path ${dir}/t; scgi_temp_path ${dir}/t;
  server { listen 127.0.0.1:${told} proxy_protocol; location / { return 200 "<$proxy_protocol_addr>"; } }
  server { listen 127.0.0.1:${plain}; location / { return 200 "plain"; } }
}
`;
}

testWith(
  ["skrouterd", "curl", "nginx"],
  "interop: the address of a client passes a C interior, and is not made up where a C router has the listener",
  async (programs, t) => {
    const { skrouterd, curl, nginx } = programs as Record<string, string>;
    const dir = await Deno.makeTempDir();
    const [told, plain, tcp, http, theirs, out] = Array.from({ length: 6 }, () => freePort()) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    await Deno.writeTextFile(`${dir}/nginx.conf`, nginxConfig(dir, told, plain));
    const hub = await interiorFolder(`${dir}/hub`);
    const more = { settings: "{ tendril.proxy-protocol: v2 }" };
    await edgeFolder(`${dir}/west`, "west", hub, {
      listeners: [{ key: "tcp", port: tcp }, { key: "http", port: http, type: "http1" }, { key: "out", port: out }],
    });
    await edgeFolder(`${dir}/east`, "east", hub, {
      connectors: [{ key: "tcp", port: told, more }, { key: "http", port: told, type: "http1", more }],
    });
    const interior = await startRouter(skrouterd!, dir, "hub", [
      router("interior", "hub"),
      await tlsProfile(dir, `${dir}/hub/Secret-hub.yaml`),
      edgeListener(hub.edgePort),
      tcpService("tcpListener", { key: "tcp", port: theirs }),
      tcpService("tcpConnector", { key: "out", port: plain }),
    ]);
    const [west, east] = ["west", "east"].map((name) => startTendril(name, ["run", `${dir}/${name}`]));
    const server = start("nginx", nginx!, ["-p", dir, "-c", `${dir}/nginx.conf`]);
    try {
      for (const port of [tcp, http, out]) await untilListening(port, west!, 30_000);
      await untilListening(theirs, interior, 30_000);
      const ask = async (port: number) => {
        const words = ["-sS", "--max-time", "20", "--interface", "127.0.0.7", `http://127.0.0.1:${port}/`];
        const { code, stdout, stderr } = await run(curl!, words);
        assert.equal(code, 0, stderr);
        return stdout;
      };
      await t.step("of our listeners: by stream, and by request", async () => {
        assert.deepEqual([await ask(tcp), await ask(http)], ["<127.0.0.7>", "<127.0.0.7>"]);
      });
      await t.step("of theirs, which tells nobody: the header speaks for nobody", async () => {
        assert.equal(await ask(theirs), "<>");
      });
      await t.step("their connector takes our streams as before", async () => {
        assert.equal(await ask(out), "plain");
        assert.deepEqual(complaints(interior.output()), []);
      });
    } catch (error) {
      console.error([interior, west!, east!].map((each) => each.output().slice(-3000)).join("\n---\n"));
      throw error;
    } finally {
      await Promise.all([west!.stop(), east!.stop(), interior.stop(), server.stop()]);
      await Deno.remove(dir, { recursive: true });
    }
  },
);
