/** Servers that answer before they have read a request, or only began to, through edges and an interior. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { connect, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const REFUSED = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno\n";

/** What comes of a connection, as text. */
class Reading {
  text = "";
  readonly #conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Reads until `end` has come, and takes what is before and with it; undefined when the connection ends first. */
  async upTo(end: string): Promise<string | undefined> {
    const octets = new Uint8Array(65_536);
    while (!this.text.includes(end)) {
      const count = await this.#conn.read(octets).catch(() => null);
      if (count === null) return undefined;
      this.text += new TextDecoder("latin1").decode(octets.subarray(0, count));
    }
    const at = this.text.indexOf(end) + end.length;
    const taken = this.text.slice(0, at);
    this.text = this.text.slice(at);
    return taken;
  }

  /** Reads so many octets. */
  async octets(count: number): Promise<number> {
    const octets = new Uint8Array(65_536);
    while (this.text.length < count) {
      const read = await this.#conn.read(octets).catch(() => null);
      if (read === null) break;
      this.text += new TextDecoder("latin1").decode(octets.subarray(0, read));
    }
    const taken = Math.min(count, this.text.length);
    this.text = this.text.slice(taken);
    return taken;
  }
}

/** The octets of the bodies that the server has read. */
const bodies: number[] = [];

async function serve(conn: Deno.Conn): Promise<void> {
  const reading = new Reading(conn);
  for (;;) {
    const head = await reading.upTo("\r\n\r\n");
    if (head === undefined) return;
    if (head.includes(" /refused ")) return await writeAll(conn, encode(REFUSED));
    if (head.includes(" /interim ")) return await writeAll(conn, encode("HTTP/1.1 100 Continue\r\n\r\n"));
    await writeAll(conn, encode(OK));
    const length = /content-length: (\d+)/i.exec(head);
    if (length !== null) bodies.push(await reading.octets(Number(length[1])));
    else bodies.push((await reading.upTo("\r\n0\r\n\r\n"))!.length);
  }
}

Deno.test("a server may answer before it has read a request, refuse the rest of it, or only begin to answer", async () => {
  using target = server(serve);
  await withNetwork({ web: target.port }, async ({ ports: { web: port = 0 }, east }) => {
    // The answer is complete before the body begins: that arrives all the same, and the connection goes on.
    using conn = await connect(port);
    const client = new Reading(conn);
    const chunked = `8\r\nabcdefgh\r\n`.repeat(1000) + "0\r\n\r\n";
    for (
      const [framing, body] of [
        ["Content-Length: 5", "hello"],
        ["Content-Length: 3000000", "x".repeat(3_000_000)],
        ["Transfer-Encoding: chunked", chunked],
        ["Content-Length: 1", "x"],
      ] as const
    ) {
      await writeAll(conn, encode(`POST /posted HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n`));
      const answer = await client.upTo("\r\n\r\nok");
      assert.match(answer ?? "nothing", /^HTTP\/1.1 200 /, framing);
      assert.doesNotMatch(answer!, /connection: close/i);
      await writeAll(conn, encode(body));
    }
    await writeAll(conn, encode("POST /last HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    assert.match(await client.upTo("\r\n\r\nok") ?? "nothing", /^HTTP\/1.1 200 /);
    while (bodies.length < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(bodies, [5, 3_000_000, chunked.length, 1, 0]);

    const descriptors = () => [...Deno.readDirSync(`/proc/${east.pid}/fd`)].length;
    const before = descriptors();

    // What the server has said before it closed gets to the client, whatever of the body was on its way.
    for (let round = 0; round < 5; round++) {
      using refused = await connect(port);
      const sending = (async () => {
        await writeAll(refused, encode("POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n"));
        for (let left = 20; left > 0; left--) await writeAll(refused, new Uint8Array(1_000_000));
      })().catch(() => {});
      const answer = await new Reading(refused).upTo("\r\n\r\nno\n");
      assert.match(answer ?? "nothing", /^HTTP\/1.1 413 /);
      await sending;
    }

    await until(() => descriptors() <= before);

    // An interim answer is no answer.
    using interim = await connect(port);
    await writeAll(interim, encode("POST /interim HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"));
    const reading = new Reading(interim);
    assert.match(await reading.upTo("\r\n\r\n") ?? "nothing", /^HTTP\/1.1 100 /);
    assert.match(await reading.upTo("\r\n\r\n") ?? "nothing", /^HTTP\/1.1 502 /);
  }, { type: "http1" });
});
