/**
 * Clients that send a head or a body octet by octet, or begin one and fall silent (slowloris): each is turned away in its time, and
 * meanwhile others are served. The program's clock runs 50 times as fast as ours, so that its minutes pass in a test.
 */

import assert from "node:assert/strict";
import { Flag, frame, framesOf, headers, join, PREFACE, settings, Type } from "../../agent/adaptor/testing_http2.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { resource } from "../support/site_folder.ts";
import { closeQuietly, connect, readToEnd, writeAll } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const HURRY = new URL("../support/hurry_preload.ts", import.meta.url).pathname;
const TIMES = 50;
const CLIENTS = 10;
const encoder = new TextEncoder();
const POST = [":method: POST", ":scheme: http", ":path: /", ":authority: h"];

/** What came back to a client that first sends `begun`, then `more` again and again, until it is turned away. */
async function slowClient(port: number, begun: Uint8Array, more = ""): Promise<Uint8Array> {
  const conn = await connect(port);
  const pieces: Uint8Array[] = [];
  let over = false;
  const read = readToEnd(conn, (piece) => pieces.push(piece.slice())).catch(() => 0).finally(() => over = true);
  await writeAll(conn, begun);
  while (!over && more !== "") {
    await writeAll(conn, encoder.encode(more)).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await read;
  closeQuietly(conn);
  return join(...pieces);
}

const text = (octets: Uint8Array) => new TextDecoder().decode(octets);

Deno.test("slow clients: a head or a body that does not come in time costs its client the connection, and nobody else", async () => {
  const dir = await Deno.makeTempDir();
  let bodies = 0;
  const target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") bodies++;
    await request.body?.pipeTo(new WritableStream()).catch(() => bodies--);
    return new Response("served");
  });
  const [port, port2] = [freePort(), freePort()];
  const web = { port: target.addr.port, type: "http1" };
  assert.equal((await tendril("site", "create", "west", "--dir", dir, "--edge")).code, 0);
  const services = [
    resource("Listener", { key: "one", port, type: "http1" }),
    resource("Listener", { key: "two", port: port2, type: "http2" }),
    resource("Connector", { key: "one", ...web }),
    resource("Connector", { key: "two", ...web }),
  ];
  await Deno.writeTextFile(`${dir}/services.yaml`, services.join("---\n"));
  const west = startTendril("west", ["run", dir, `${TIMES}`], { flags: ["--preload", HURRY] });
  const many = (client: () => Promise<Uint8Array>) => Array.from({ length: CLIENTS }, client);
  try {
    await untilListening(port, west, 30_000);
    await untilListening(port2, west, 30_000);
    const head = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    const body = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n";
    const chunks = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const silent = join(PREFACE, settings(), headers(1, POST, Flag.none), frame(Type.data, 0, 1, "x"));
    const unfinished = join(PREFACE, settings(), frame(Type.headers, Flag.end, 1));
    const slow = {
      heads: many(() => slowClient(port, encoder.encode(head), "a")),
      bodies: many(() => slowClient(port, encoder.encode(body), "a")),
      chunks: many(() => slowClient(port, encoder.encode(chunks), "1\r\na\r\n")),
      bodies2: many(() => slowClient(port2, silent)),
      heads2: many(() => slowClient(port2, unfinished)),
      silent2: many(() => slowClient(port2, PREFACE)),
    };
    let over = false;
    const all = Promise.all(Object.values(slow).flat()).finally(() => over = true);
    while (!over) assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "served");
    await all;
    for (const answer of await Promise.all([...slow.heads, ...slow.bodies, ...slow.chunks])) {
      assert.match(text(answer), /^HTTP\/1\.1 408 .*error=connection_read_timeout/s);
    }
    for (const answer of await Promise.all(slow.bodies2)) {
      const types = framesOf(answer).map(({ type }) => type);
      assert.ok(types.includes(Type.reset) && types.at(-1) === Type.goaway, `${types}`);
    }
    for (const answer of await Promise.all([...slow.heads2, ...slow.silent2])) {
      assert.equal(framesOf(answer).at(-1)?.type, Type.goaway);
    }
    assert.equal(bodies, 0, "no server holds on to what will not come");
    await until(async () => {
      const { stdout } = await tendril("listener", "status", "two", "--dir", dir, "-o", "json");
      return JSON.parse(stdout).resources[0].details.connections === 0;
    });
  } finally {
    await west.stop();
    await target.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
});
