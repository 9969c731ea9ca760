/** Redis by the sample plugin across edge, interior and edge: real server, real clients, and commands that go different ways. */

import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { buildRedisAdaptor, command, startRedis } from "../support/redis.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { connect, readToEnd, writeAll } from "../support/tcp.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const PIPELINED = 1000;

interface RedisNetwork {
  /** Everything goes to the server of the key `cache`. */
  readonly plain: number;
  /** Reads go to `reads`, what is about a session to `sessions`, all else to `cache`. */
  readonly split: number;
  /** The client's edge. */
  readonly west: Process;
}

/** West has two listeners, east a connector for each key of `targets`. */
async function withRedisNetwork(
  targets: Readonly<Record<string, number>>,
  body: (network: RedisNetwork) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const [plain, split] = [freePort(), freePort()];
  const hubFolder = await interiorFolder(`${dir}/hub`);
  const type = "redis";
  const connectors = Object.entries(targets).map(([key, port]) => ({ key, port, type }));
  await edgeFolder(`${dir}/west`, "west", hubFolder, { listeners: [{ key: "cache", port: plain, type }] });
  await edgeFolder(`${dir}/east`, "east", hubFolder, { connectors });
  const module = await buildRedisAdaptor();
  for (const site of ["west", "east"]) {
    await Deno.writeFile(`${dir}/${site}/redis.wasm`, module);
    const spec = { source: "file:redis.wasm", sha256: await digestOf(module) };
    const adaptor = { apiVersion: "tendril.dev/v1alpha1", kind: "Adaptor", metadata: { name: "redis" }, spec };
    await Deno.writeTextFile(`${dir}/${site}/redis.json`, JSON.stringify(adaptor));
  }
  const subjects = [{ subject: "read *", routingKey: "reads" }, { subject: "* session:*", routingKey: "sessions" }];
  const spec = { routingKey: "cache", host: "127.0.0.1", port: split, type, subjects };
  const listener = { apiVersion: "skupper.io/v2alpha1", kind: "Listener", metadata: { name: "split" }, spec };
  await Deno.writeTextFile(`${dir}/west/split.json`, JSON.stringify(listener));
  const [hub, west, east] = ["hub", "west", "east"].map((name) => startTendril(name, ["run", `${dir}/${name}`]));
  try {
    for (const port of [plain, split]) await untilListening(port, west, LIMIT_MS);
    await body({ plain, split, west: west! });
  } catch (error) {
    console.error([hub, west, east].map((site) => `--- ${site!.name}\n${site!.output().slice(-3000)}`).join("\n"));
    throw error;
  } finally {
    await Promise.all([hub, west, east].map((site) => site!.stop()));
    await Deno.remove(dir, { recursive: true });
  }
}

/** A client that is done writing after `octets`: all that it is sent. */
async function converse(port: number, octets: Uint8Array): Promise<Uint8Array> {
  const conn = await connect(port);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reading = readToEnd(conn, (piece) => pieces.push(new Uint8Array(piece)));
  await writeAll(conn, octets);
  await conn.closeWrite();
  await reading;
  conn.close();
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Speaks line by line, as far as replies are single lines. */
class LineClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  #text = "";

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<LineClient> {
    return new LineClient(await connect(port));
  }

  async ask(...words: string[]): Promise<string> {
    await writeAll(this.#conn, command(...words));
    return await this.line();
  }

  async line(): Promise<string> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      const read = await this.#conn.read(buffer);
      if (read === null) return "(closed)";
      this.#text += new TextDecoder().decode(buffer.subarray(0, read));
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

testWith(["redis-server", "redis-cli", "redis-benchmark"], "redis: real clients and servers", async (programs, t) => {
  const redisServer = programs["redis-server"]!;
  await using cache = await startRedis(redisServer);
  await using reads = await startRedis(redisServer);
  await using sessions = await startRedis(redisServer);
  const cli = async (port: number, args: readonly string[], stdin?: string) => {
    const all = ["-p", `${port}`, ...args];
    const { code, stdout, stderr } = await run(programs["redis-cli"]!, all, stdin === undefined ? {} : { stdin });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd();
  };
  const targets = { cache: cache.port, reads: reads.port, sessions: sessions.port };
  await withRedisNetwork(targets, async ({ plain, split, west }) => {
    await t.step("commands, errors, nothing at all, and lists of lists", async () => {
      assert.equal(await cli(plain, ["SET", "greeting", "hello"]), "OK");
      assert.equal(await cli(plain, ["GET", "greeting"]), "hello");
      assert.equal(await cli(cache.port, ["GET", "greeting"]), "hello");
      assert.equal(await cli(plain, ["GET", "nothing"]), "");
      assert.match(await cli(plain, ["LPUSH", "greeting", "x"]), /^WRONGTYPE /);
      assert.match(await cli(plain, ["NOSUCH"]), /^ERR unknown command/);
      await cli(plain, ["XADD", "stream", "1-1", "field", "value"]);
      assert.equal(await cli(plain, ["XRANGE", "stream", "-", "+"]), "1-1\nfield\nvalue");
      assert.equal(await cli(plain, ["EVAL", "return {1,{2,{3,{}}},false,{ok='fine'}}", "0"]), "1\n2\n3\n\n\nfine");
    });

    await t.step("many commands ahead have the replies that the server gives them, in their order", async () => {
      const parts: Uint8Array[] = [];
      for (let number = 0; number < PIPELINED; number++) {
        parts.push(command("INCR", "counter"));
        parts.push(command("SET", `key:${number % 7}`, `value ${number}`));
        parts.push(command(number % 3 === 0 ? "GET" : "LLEN", `key:${number % 7}`));
      }
      const all = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
      const through = await converse(plain, all);
      await cli(cache.port, ["FLUSHALL"]);
      assert.deepEqual(through, await converse(cache.port, all));
    });

    await t.step("octets of any kind, and many of them", async () => {
      const value = Uint8Array.from({ length: 16_000_000 }, (_, index) => (index * 7 + (index >> 8)) & 255);
      const asked = new Uint8Array(
        await new Blob([command("SET", "big", value), command("GET", "big"), command("STRLEN", "big")]).arrayBuffer(),
      );
      const answer = await converse(plain, asked);
      const head = new TextEncoder().encode("+OK\r\n$16000000\r\n");
      assert.deepEqual(answer.subarray(0, head.length), head);
      assert.ok(answer.subarray(head.length, head.length + value.length).every((octet, at) => octet === value[at]));
      assert.equal(new TextDecoder().decode(answer.subarray(head.length + value.length)), "\r\n:16000000\r\n");
    });

    await t.step("a transaction keeps to one server and is one, whoever else is there", async () => {
      using one = await LineClient.connect(plain);
      using other = await LineClient.connect(plain);
      await one.ask("SET", "n", "1");
      assert.equal(await one.ask("MULTI"), "+OK");
      assert.equal(await one.ask("INCR", "n"), "+QUEUED");
      assert.equal(await other.ask("INCR", "n"), ":2", "another client is not part of it");
      assert.equal(
        await one.ask("SELECT", "1"),
        "-ERR not available here: the connections to the server are shared by all clients",
      );
      assert.equal(await one.ask("INCR", "n"), "+QUEUED");
      assert.deepEqual([await one.ask("EXEC"), await one.line(), await one.line()], ["*2", ":3", ":4"]);
      assert.equal(await one.ask("MULTI"), "+OK");
      assert.match(await one.ask("NOSUCH"), /^-ERR unknown/);
      assert.match(await one.ask("EXEC"), /^-EXECABORT/);
      assert.deepEqual([await one.ask("WATCH", "n"), await other.ask("SET", "n", "9")], ["+OK", "+OK"]);
      assert.deepEqual([await one.ask("MULTI"), await one.ask("INCR", "n")], ["+OK", "+QUEUED"]);
      assert.equal(await one.ask("EXEC"), "*-1", "what it watched was changed");
      assert.deepEqual([await one.ask("MULTI"), await one.ask("DISCARD")], ["+OK", "+OK"]);
      assert.equal(await one.ask("INCR", "n"), ":10");
    });

    await t.step("a client that leaves in the middle of a transaction leaves nothing of it", async () => {
      {
        using one = await LineClient.connect(plain);
        assert.deepEqual([await one.ask("MULTI"), await one.ask("SET", "n", "lost")], ["+OK", "+QUEUED"]);
      }
      using other = await LineClient.connect(plain);
      assert.equal(await other.ask("INCR", "n"), ":11", "and its connection is nobody else's");
    });

    await t.step("a subscription joins the client with the server", async () => {
      using subscriber = await LineClient.connect(plain);
      const first = [await subscriber.ask("SUBSCRIBE", "news")];
      while (first.length < 6) first.push(await subscriber.line());
      assert.deepEqual(first, ["*3", "$9", "subscribe", "$4", "news", ":1"]);
      assert.equal(await cli(plain, ["PUBLISH", "news", "it works"]), "1");
      const message = [];
      while (message.length < 7) message.push(await subscriber.line());
      assert.deepEqual(message, ["*3", "$7", "message", "$4", "news", "$8", "it works"]);
      assert.equal(await subscriber.ask("PING"), "*2", "it speaks with the server itself");
    });
    await until(async () => await cli(plain, ["PUBLISH", "news", "anybody?"]) === "0");

    await t.step("what would change a shared connection is refused, and the client goes on", async () => {
      for (
        const words of [["SELECT", "1"], ["AUTH", "secret"], ["HELLO", "3"], ["CLIENT", "SETNAME", "me"], ["MONITOR"]]
      ) {
        assert.match(await cli(plain, words), /^ERR not available here/, words[0]);
      }
      using client = await LineClient.connect(plain);
      assert.match(await client.ask("SELECT", "1"), /^-ERR not available/);
      assert.equal(await client.ask("PING"), "+PONG");
      assert.equal(await client.ask("QUIT"), "+OK");
      assert.equal(await client.line(), "(closed)");
    });

    await t.step("what is no command ends the connection with an error", async () => {
      for (const octets of ["PING\r\n", "*1\r\n:5\r\n", "*-1\r\n", "*1\n$4\r\nPING\r\n", "*1\r\n$9999999999\r\n"]) {
        const answer = new TextDecoder().decode(await converse(plain, new TextEncoder().encode(octets)));
        assert.match(answer, /^-ERR Protocol error: [^\r]*\r\n$/, octets);
      }
    });

    await t.step("reads go to one server, writes to another, and what is about a session to a third", async () => {
      for (const [server, name] of [[cache, "cache"], [reads, "reads"], [sessions, "sessions"]] as const) {
        await cli(server.port, ["MSET", "who", name, "session:1", name]);
      }
      assert.equal(await cli(split, ["GET", "who"]), "reads");
      assert.equal(await cli(split, ["APPEND", "who", "!"]), "6");
      assert.equal(await cli(cache.port, ["GET", "who"]), "cache!");
      assert.equal(await cli(split, ["APPEND", "session:1", "!"]), "9");
      assert.equal(await cli(sessions.port, ["GET", "session:1"]), "sessions!");
      const replies = await converse(
        split,
        new Uint8Array(
          await new Blob([
            command("GET", "who"),
            command("STRLEN", "who"),
            command("APPEND", "who", "!"),
            command("GET", "who"),
          ])
            .arrayBuffer(),
        ),
      );
      assert.equal(new TextDecoder().decode(replies), "$5\r\nreads\r\n:5\r\n:7\r\n$5\r\nreads\r\n");
    });

    await t.step("a benchmark of Redis' own, with many clients and commands ahead", async () => {
      const args = ["-p", `${plain}`, "-n", "2000", "-c", "20", "-P", "8", "-t", "set,get,lpush", "-q"];
      const { code, stdout, stderr } = await run(programs["redis-benchmark"]!, args);
      assert.equal(code, 0, stderr);
      assert.equal(stdout.match(/requests per second/g)?.length, 3, stdout + stderr);
    });

    await t.step("a server that is gone is told of, and the others go on", async () => {
      using client = await LineClient.connect(split);
      await reads.process.stop();
      assert.match(await client.ask("GET", "who"), /^-ERR (no server is there|the server is gone)/);
      assert.equal(await client.ask("APPEND", "who", "!"), ":8", "writes go on");
    });
    assert.doesNotMatch(west.output(), /adaptor failed/);
  });
});
