/** HTTP/2 across edge, interior and edge: real processes, mutual TLS, real clients and servers. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { startNginx } from "../support/nginx.ts";
import { NodeHttp2Server } from "../support/node_http2.ts";
import { freePort } from "../support/ports.ts";
import { run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";

const TEN_MIB = 10 * 1024 * 1024;

testWith(
  ["curl", "h2load", "nghttp", "nginx", "node"],
  "http2: curl, nghttp and h2load, Node and nginx, through the network",
  async (programs, t) => {
    const dir = await Deno.makeTempDir();
    await Deno.mkdir(`${dir}/root`);
    const file = `${dir}/root/ten`;
    await Deno.writeFile(file, new Uint8Array(TEN_MIB).fill(0x61));
    await Deno.writeTextFile(`${dir}/root/small`, "nginx");
    const nginxPort = freePort();
    const nginx = await startNginx(dir, "nginx", `server { listen 127.0.0.1:${nginxPort} http2; root ${dir}/root; }`);
    const [node, nodePort] = await NodeHttp2Server.start(programs.node!);
    try {
      await untilListening(nginxPort, nginx, 10_000);
      await withNetwork({ node: nodePort, nginx: nginxPort }, async ({ ports }) => {
        const url = `http://127.0.0.1:${ports.node}`;
        const files = `http://127.0.0.1:${ports.nginx}`;
        const ask = async (...args: string[]) => {
          const { code, stdout, stderr } = await run(programs.curl!, [
            "-sS",
            "--http2-prior-knowledge",
            "--max-time",
            "60",
            ...args,
          ]);
          assert.equal(code, 0, stderr);
          return stdout;
        };
        const octets = ["-o", "/dev/null", "-w", "%{http_version} %{size_download}"];

        await t.step("requests of one client, over one connection", async () => {
          const { stdout } = await run(programs.nghttp!, [`${url}/a`, `${url}/b`]);
          assert.deepEqual(stdout.match(/node \/[ab]/g)?.sort(), ["node /a", "node /b"]);
          assert.equal(await ask("-w", " %{http_version}", `${files}/small`), "nginx 2");
        });

        await t.step("an Upgrade from HTTP/1.1, which is refused where it can't be", async () => {
          const curl = (...args: string[]) => run(programs.curl!, ["-sS", "--max-time", "60", ...args]);
          const found = ["-w", " %{http_version} %{http_code} %{num_connects}\n"];
          const { stdout } = await curl("--http2", ...found, `${url}/a`, `${url}/b`);
          assert.equal(stdout, "node /a 2 200 1\nnode /b 2 200 0\n");
          assert.equal((await curl("--http2", "-d", "x", ...octets, `${url}/echo`)).stdout.slice(0, 3), "1.1");
          assert.match((await curl("--http1.1", ...found, `${url}/a`)).stdout, /^505 [^]*1\.1 505 1\n$/);
          const { stdout: both } = await run(programs.nghttp!, ["-u", `${url}/a`, `${url}/b`]);
          assert.deepEqual(both.match(/node \/[ab]/g)?.sort(), ["node /a", "node /b"]);
          const { stdout: ten } = await run(programs.nghttp!, ["-u", "-n", "-s", `${files}/ten`]);
          assert.match(ten, /200 +10M \/ten/);
        });

        await t.step("10 MiB up and down", async () => {
          assert.equal(await ask("-T", file, `${url}/count`), `${TEN_MIB}`);
          assert.equal(await ask(...octets, `${url}/zeros?size=${TEN_MIB}`), `2 ${TEN_MIB}`);
          assert.equal(await ask(...octets, `${files}/ten`), `2 ${TEN_MIB}`);
          assert.equal(await ask(...octets, "-T", file, `${url}/echo`), `2 ${TEN_MIB}`);
        });

        await t.step("trailers, HEAD and a status without a body", async () => {
          assert.match(await ask("-D", "-", `${url}/trailers`), /\r\n\r\nbodygrpc-status: 0\r\nx-more: yes\r\n/s);
          assert.match(await ask("-I", `${files}/ten`), /^HTTP\/2 200 \r\n.*content-length: 10485760\r\n/s);
          assert.match(await ask("-D", "-", `${files}/missing`), /^HTTP\/2 404 /);
        });

        await t.step("server-sent events come while the answer goes on", async () => {
          const args = ["-sSN", "--http2-prior-knowledge", `${url}/events`];
          const child = new Deno.Command(programs.curl!, { args, stdout: "piped" }).spawn();
          let text = "";
          for await (const piece of child.stdout) {
            text += new TextDecoder().decode(piece);
            if (text.includes("data: 20\n\n")) break;
          }
          child.kill();
          await child.status;
          const events = Array.from({ length: 21 }, (_, index) => `data: ${index}\n\n`).join("");
          assert.ok(text.startsWith(events), text);
        });

        await t.step("trailers of a request", async () => {
          const { stdout } = await run(programs.nghttp!, [
            "--no-content-length",
            "--trailer",
            "x-sum: 42",
            "-d",
            file,
            `${url}/their-trailers`,
          ]);
          assert.equal(stdout, "42");
        });

        await t.step("1,000 requests, 100 at a time on one connection", async () => {
          for (const target of [`${url}/x`, `${files}/small`]) {
            const { stdout } = await run(programs.h2load!, ["-n", "1000", "-c", "1", "-m", "100", target]);
            assert.match(stdout, /1000 succeeded, 0 failed, 0 errored/);
            assert.match(stdout, /status codes: 1000 2xx/);
          }
        });

        await t.step("uploads at a time on one connection", async () => {
          const { stdout } = await run(programs.h2load!, [
            "-n",
            "40",
            "-c",
            "1",
            "-m",
            "20",
            "-d",
            `${dir}/root/ten`,
            `${url}/count`,
          ]);
          assert.match(stdout, /40 succeeded, 0 failed, 0 errored/);
        });

        await t.step("downloads at a time, with small windows", async () => {
          const flags = ["-n", "20", "-c", "2", "-m", "10", "-w", "14", "-W", "15"];
          const { stdout } = await run(programs.h2load!, [...flags, `${files}/ten`]);
          assert.match(stdout, /20 succeeded, 0 failed, 0 errored/);
        });
      }, { type: "http2" });
    } finally {
      await node[Symbol.asyncDispose]();
      await nginx.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
