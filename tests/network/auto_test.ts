/** `--protocol auto` across edge, interior and edge: what is spoken is found out at the listener, and kept apart at the target. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { withNetwork } from "../support/network.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { withSecureNetwork } from "../support/secure_site.ts";
import { connect, readToEnd, writeAll } from "../support/tcp.ts";
import { tendril } from "../support/tendril.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Says hello before it is asked, then gives back what it is sent. */
async function greet(listener: Deno.TcpListener): Promise<void> {
  for await (const conn of listener) {
    (async () => {
      await writeAll(conn, encoder.encode("hello\n"));
      await conn.readable.pipeTo(conn.writable);
    })().catch(() => {});
  }
}

/** What comes back for `text` until the far end shuts; the pieces go out one by one. */
async function say(port: number, ...pieces: string[]): Promise<string> {
  const conn = await connect(port);
  for (const piece of pieces) await writeAll(conn, encoder.encode(piece));
  await conn.closeWrite();
  let text = "";
  await readToEnd(conn, (piece) => text += decoder.decode(piece));
  conn.close();
  return text;
}

testWith(["curl"], "auto: each client is served by what it speaks, and the status tells", async ({ curl }, t) => {
  const web = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ url }) => new Response(new URL(url).pathname),
  );
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const greeting = greet(server);
  const targets = { web: (web.addr as Deno.NetAddr).port, greeter: server.addr.port };
  await withNetwork(targets, async ({ ports, westDir }) => {
    const ask = async (...args: string[]) => (await run(curl!, ["-sS", "--max-time", "60", ...args])).stdout;
    const found = ["-w", " %{http_version} %{num_connects} "];
    const url = `http://127.0.0.1:${ports.web}`;

    await t.step("HTTP/1.1 and HTTP/2 reach the same server, each request by itself", async () => {
      assert.equal(await ask(...found, `${url}/a`, `${url}/b`), "/a 1.1 1 /b 1.1 0 ");
      assert.equal(await ask("--http2-prior-knowledge", ...found, `${url}/c`), "/c 2 1 ");
    });

    await t.step("a server that speaks first is heard by a client that does not", async () => {
      const conn = await connect(ports.greeter!);
      const buffer = new Uint8Array(100);
      assert.equal(decoder.decode(buffer.subarray(0, (await conn.read(buffer))!)), "hello\n");
      await writeAll(conn, encoder.encode("and you"));
      assert.equal(decoder.decode(buffer.subarray(0, (await conn.read(buffer))!)), "and you");
      conn.close();
    });

    await t.step("a client that speaks at once loses nothing, whatever it says, however it is cut", async () => {
      for (const text of ["x", "GET", "GET /only half", "PRI * HTTP/2.0\r", "A".repeat(100_000), ""]) {
        assert.equal(await say(ports.greeter!, text), `hello\n${text}`);
      }
      assert.equal(await say(ports.greeter!, ..."GET it\r\n"), "hello\nGET it\r\n");
    });

    await t.step("a request that trickles is one all the same", async () => {
      const answer = await say(ports.web!, ..."GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      assert.match(answer, /^HTTP\/1.1 200 [^]*\/slow$/);
    });

    await t.step("a client that is silent for long holds nobody up", async () => {
      const silent = await connect(ports.web!);
      const slow = await connect(ports.web!);
      await writeAll(slow, encoder.encode("GE"));
      assert.equal(await ask(`${url}/quick`), "/quick");
      silent.close();
      slow.close();
    });

    await t.step("the status says what clients have spoken", async () => {
      const { stdout } = await tendril("listener", "status", "web", "--dir", westDir, "-o", "json");
      const [{ details }] = JSON.parse(stdout).resources;
      assert.deepEqual([details.detectedHttp1, details.detectedHttp2], [3, 1]);
      assert.ok(details.detectedTcp >= 2);
    });
  }, { type: "auto" });
  server.close();
  await greeting;
  await web.shutdown();
});

testWith(
  ["curl"],
  "auto: inside TLS as well, where clients are told of HTTP/2",
  async ({ curl }) => {
    const web = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("served"));
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const greeting = greet(server);
    const authority = await TestAuthority.create("ca");
    const [webPort, greeterPort] = [freePort(), freePort()];
    const type = "auto";
    await withSecureNetwork({
      listeners: [
        { key: "web", port: webPort, type, more: { tlsCredentials: "web" } },
        { key: "greeter", port: greeterPort, type, more: { tlsCredentials: "web" } },
      ],
      connectors: [{ key: "web", port: web.addr.port, type }, { key: "greeter", port: server.addr.port, type }],
      secrets: { web: await authority.issue({ name: "web", dns: ["localhost"] }) },
    }, async ({ dir }) => {
      await Deno.writeTextFile(`${dir}/ca.pem`, authority.pem);
      for (const [flag, version] of [["--http2", "2"], ["--http1.1", "1.1"]] as const) {
        const args = ["-sS", "--max-time", "30", "--cacert", `${dir}/ca.pem`, flag, "-w", " %{http_version}"];
        const { stdout, stderr } = await run(curl!, [...args, `https://localhost:${webPort}/`]);
        assert.equal(stdout, `served ${version}`, stderr);
      }
      const conn = await Deno.connectTls({ hostname: "localhost", port: greeterPort, caCerts: [authority.pem] });
      const buffer = new Uint8Array(100);
      assert.equal(decoder.decode(buffer.subarray(0, (await conn.read(buffer))!)), "hello\n");
      conn.close();
    });
    server.close();
    await greeting;
    await web.shutdown();
  },
);
