/** A GiB up and down through each HTTP adaptor, edge to edge: every octet arrives, once and in its place. */

import assert from "node:assert/strict";
import { bulk, digestOf } from "../support/bulk.ts";
import { withNetwork } from "../support/network.ts";
import { freePort } from "../support/ports.ts";
import { start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { connect, readToEnd, writeAll } from "../support/tcp.ts";

const GIB = 1024 ** 3;
const SERVER = new URL("../support/bulk_server.ts", import.meta.url).pathname;
const encoder = new TextEncoder();

/** The answer to a POST of known length. */
async function post(port: number, octets: number): Promise<string> {
  const conn = await connect(port);
  const head = `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${octets}\r\n\r\n`;
  await writeAll(conn, encoder.encode(head));
  for (const piece of bulk(octets)) await writeAll(conn, piece);
  let text = "";
  await readToEnd(conn, (piece) => text += new TextDecoder().decode(piece));
  conn.close();
  return text;
}

/** The digest of what `curl` gets; it is given `octets` to send. */
async function ask(curl: string, args: readonly string[], octets = 0): Promise<string> {
  const child = new Deno.Command(curl, {
    args: ["-sS", "--http2-prior-knowledge", ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const digest = digestOf(child.stdout);
  const writer = child.stdin.getWriter();
  for (const piece of bulk(octets)) await writer.write(piece);
  await writer.close();
  assert.equal((await child.status).code, 0);
  return await digest;
}

testWith(["curl"], "long bodies: 1 GiB each way, in HTTP/1.1 and in HTTP/2", async ({ curl }, t) => {
  const target = freePort();
  await using server = start("server", Deno.execPath(), ["run", "--quiet", "--allow-net", SERVER, `${target}`]);
  await untilListening(target, server);
  const expected = await digestOf(bulk(GIB));

  await withNetwork({ web: target }, async ({ ports }) => {
    await t.step("HTTP/1.1", async () => {
      const answer = await fetch(`http://127.0.0.1:${ports.web}/?size=${GIB}`);
      assert.equal(answer.headers.get("content-length"), `${GIB}`);
      assert.equal(await digestOf(answer.body!), expected);
      assert.ok((await post(ports.web!, GIB)).endsWith(`\r\n\r\n${expected}`));
    });
  }, { type: "http1" });

  await withNetwork({ web: target }, async ({ ports }) => {
    const url = `http://127.0.0.1:${ports.web}/`;
    await t.step("HTTP/2", async () => {
      assert.equal(await ask(curl!, [`${url}?size=${GIB}`]), expected);
      const said = await digestOf([encoder.encode(expected)]);
      assert.equal(await ask(curl!, ["-T", "-", url], GIB), said);
    });
  }, { type: "http2" });
});
