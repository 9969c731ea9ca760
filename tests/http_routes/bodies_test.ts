/** HTTP routes and what is more than a head: bodies, tunnels, answers that stand still, clients that leave. */

import assert from "node:assert/strict";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { routeOf, withRoutes } from "../support/routed_network.ts";
import { connect, readToEnd, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const OCTETS = 20_000_000;
const encoder = new TextEncoder();

/** A server that echoes by HTTP and WebSocket, and has answers that stand still or never end; `left` counts who gave up. */
function echoServer() {
  let left = 0;
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    switch (new URL(request.url).pathname) {
      case "/v1/ws": {
        const { socket, response } = Deno.upgradeWebSocket(request);
        socket.onmessage = ({ data }) => socket.send(data);
        return response;
      }
      case "/v1/still":
        return new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(encoder.encode("begun")),
            cancel: () => void left++,
          }),
        );
      case "/v1/endless":
        return new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(1000)),
            cancel: () => void left++,
          }),
        );
      default:
        return new Response(request.body);
    }
  });
  return { port: http.addr.port, left: () => left, stop: () => http.shutdown() };
}

testWith(["curl"], "HTTP routes: bodies, tunnels, and answers that stand still", async ({ curl }, t) => {
  const server = echoServer();
  const rewrite = "rewrite: { path: { type: ReplacePrefixMatch, value: /v1 } }";
  const rules = routeOf(
    `{ name: shut, matches: [{ path: { value: /shut } }], answer: { status: 403 } }`,
    `{ name: lost, matches: [{ path: { value: /lost } }], backends: [{ routingKey: nowhere }] }`,
    `{ name: app, matches: [{ path: { value: /app } }], backends: [{ routingKey: web-app }], timeouts: { idleSeconds: 1 }, ${rewrite} }`,
  );
  await withRoutes(rules, async ({ dir, port, port2, details, sites }) => {
    await Deno.writeTextFile(
      `${dir.replace(/\/west$/, "")}/north/app.yaml`,
      `apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata: { name: app }\nspec: { routingKey: web-app, host: 127.0.0.1, port: ${server.port}, type: http1 }\n`,
    );
    const served = async () => {
      const { details: { rules } } = await details("test");
      return JSON.stringify(rules).includes(`"routingKey":"web-app","reachable":true`);
    };
    await until(served);
    const file = await Deno.makeTempFile();
    await Deno.truncate(file, OCTETS);
    const ask = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(curl!, ["-sS", "--max-time", "60", ...args]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const size = ["-o", "/dev/null", "-w", "%{http_code} %{size_download}"];

    for (
      const [version, url, args] of [
        ["HTTP/1.1", `http://127.0.0.1:${port}`, []],
        ["HTTP/2", `http://127.0.0.1:${port2}`, ["--http2-prior-knowledge"]],
      ] as const
    ) {
      await t.step(`${version}: long bodies pass both ways, of known length and in chunks`, async () => {
        assert.equal(await ask(...args, ...size, "-T", file, `${url}/app/echo`), `200 ${OCTETS}`);
        const chunks = version === "HTTP/2" ? [] : ["-H", "Transfer-Encoding: chunked"];
        assert.equal(await ask(...args, ...size, ...chunks, "-T", file, `${url}/app/echo`), `200 ${OCTETS}`);
      });

      await t.step(`${version}: what is answered here is, whatever body follows`, async () => {
        // An answer before the end of a request is one that this curl takes for a fault of HTTP/2, now and then.
        const body = version === "HTTP/2" ? [] : ["-d", "x".repeat(5000)];
        const expect = version === "HTTP/2" ? [] : ["-H", "Expect: 100-continue", ...body];
        assert.match(await ask(...args, ...body, `${url}/shut`), /^403 Forbidden: .*HttpRoute "test"/s);
        assert.match(await ask(...args, ...expect, `${url}/lost`), /^503 .*rule "lost"/s);
        assert.match(await ask(...args, "-I", `${url}/lost`), /^HTTP\/[12.]+ 503.*^content-length: \d+\r$/ims);
        // With prior knowledge, this curl can't use a connection to any server twice.
        if (version === "HTTP/2") return;
        const several = await ask(`${url}/shut`, `${url}/lost`, `${url}/shut`);
        assert.deepEqual(several.match(/^\d{3} /gm), ["403 ", "503 ", "403 "]);
      });

      await t.step(`${version}: an answer that stands still is broken off`, async () => {
        const before = server.left();
        const { code, stdout } = await run(curl!, ["-sS", "-N", "--max-time", "20", ...args, `${url}/app/still`]);
        assert.equal(stdout, "begun");
        assert.ok([18, 56, 92].includes(code), `curl ended with ${code}`);
        await until(() => server.left() > before);
      });
    }

    await t.step("pipelined requests are answered in order, wherever their answers come from", async () => {
      const conn = await connect(port);
      const paths = Array.from({ length: 30 }, (_, at) => ["/shut", "/app/echo", "/lost"][at % 3]);
      const request = (path: string | undefined) => `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody`;
      await writeAll(conn, encoder.encode(paths.map(request).join("")));
      await conn.closeWrite();
      let text = "";
      await readToEnd(conn, (piece) => text += new TextDecoder().decode(piece));
      conn.close();
      const statuses = text.match(/(?<=HTTP\/1\.1 )\d{3}/g);
      assert.deepEqual(statuses, paths.map((_, at) => ["403", "200", "503"][at % 3]));
    });

    await t.step("a long body to a rule that answers itself does not keep the connection", async () => {
      const conn = await connect(port);
      await writeAll(conn, encoder.encode("POST /shut HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nbegun"));
      let text = "";
      await readToEnd(conn, (piece) => text += new TextDecoder().decode(piece));
      conn.close();
      assert.match(text, /^HTTP\/1.1 403 Forbidden\r\n.*rule "shut"\.\n$/s);
    });

    await t.step("a WebSocket echoes through a rule", async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/app/ws`);
      const heard: string[] = [];
      socket.onmessage = ({ data }) => heard.push(data);
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      socket.send("hello");
      await until(() => heard.length === 1);
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
      assert.deepEqual(heard, ["hello"]);
    });

    await t.step("a client that leaves is no error of the backend", async () => {
      const errors = async () => (await details("test")).details.errors;
      const before = await errors();
      const abort = new AbortController();
      const answer = await fetch(`http://127.0.0.1:${port}/app/endless`, { signal: abort.signal });
      const left = server.left();
      abort.abort();
      await assert.rejects(answer.text());
      await until(() => server.left() > left);
      assert.equal(await errors(), before);
      assert.doesNotMatch(sites["west"]!.output(), /adaptor failed/);
    });
    await Deno.remove(file);
  });
  await server.stop();
});
