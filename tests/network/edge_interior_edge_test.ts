/** Real clients and servers across edge, interior and edge: three processes, mutual TLS. */

import assert from "node:assert/strict";
import { CLOSED_LIMIT_MS, soakKills } from "../soak/kills.ts";
import { ask, exchange, type Exchanged, expected, pattern } from "../support/exchange.ts";
import { withNetwork } from "../support/network.ts";
import { freePort } from "../support/ports.ts";
import { run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { connect, echo, readToEnd, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const HALF_GIB = 512 * 1024 * 1024;

Deno.test("1 GiB goes through, half of it each way at once, unchanged", async () => {
  const received: Exchanged[] = [];
  using target = server(async (conn) => {
    received.push(await exchange(conn, HALF_GIB));
  });
  await withNetwork({ bulk: target.port }, async ({ ports }) => {
    const conn = await connect(ports.bulk);
    const back = await exchange(conn, HALF_GIB);
    conn.close();
    assert.deepEqual(back, expected(HALF_GIB));
    await until(() => received.length > 0);
    assert.deepEqual(received[0], expected(HALF_GIB));
  });
});

Deno.test("small behaviours of TCP survive the network", async (t) => {
  using echoTarget = server(echo);
  using greeter = server(async (conn) => {
    await writeAll(conn, new TextEncoder().encode("220 hello\n"));
    await readToEnd(conn);
  });
  using counter = server(async (conn) => {
    const octets = await readToEnd(conn);
    await writeAll(conn, new TextEncoder().encode(`${octets} octets`));
    await conn.closeWrite();
  });
  const refused = freePort();
  const targets = { echo: echoTarget.port, greeter: greeter.port, counter: counter.port, refused };
  await withNetwork(targets, async ({ ports, west, east }) => {
    await t.step("a server may speak first", async () => {
      const conn = await connect(ports.greeter);
      const buffer = new Uint8Array(64);
      const octets = await conn.read(buffer);
      assert.equal(new TextDecoder().decode(buffer.subarray(0, octets ?? 0)), "220 hello\n");
      conn.close();
    });

    await t.step("a client may shut its side down and still read the whole answer", async () => {
      const conn = await connect(ports.counter);
      await writeAll(conn, new Uint8Array(3_000_000));
      await conn.closeWrite();
      let answer = "";
      await readToEnd(conn, (piece) => answer += new TextDecoder().decode(piece));
      conn.close();
      assert.equal(answer, "3000000 octets");
    });

    await t.step("1,000 connections at once echo 100 kB each", async () => {
      const payload = pattern(100_000);
      const one = () => ask(ports.echo, payload);
      for (const answer of await Promise.all(Array.from({ length: 1000 }, one))) assert.deepEqual(answer, payload);
    });

    await t.step("a target that refuses closes the client, and both logs say why", async () => {
      const conn = await connect(ports.refused);
      assert.equal(await readToEnd(conn).catch(() => 0), 0);
      conn.close();
      await until(() => /target refused/.test(east.output()) && /could not be reached/.test(west.output()));
    });
  });
});

Deno.test("an interior that is killed in the middle of streams costs its connections, and nothing else", async () => {
  const { cycles, leaks } = await soakKills(5, () => {});
  for (const { closedMs } of cycles) assert.ok(closedMs < CLOSED_LIMIT_MS, `clients were closed after ${closedMs} ms`);
  // Not the 5 s that the soak demands: here other tests take the processor.
  for (const { backMs } of cycles) assert.ok(backMs < 10_000, `service was back after ${backMs} ms`);
  assert.deepEqual(leaks, []);
});

testWith(
  ["psql", "pgbench", "initdb", "postgres"],
  "PostgreSQL works through the network",
  async ({ initdb, postgres, psql, pgbench }) => {
    const dir = await Deno.makeTempDir();
    await Deno.chmod(dir, 0o777);
    const port = freePort();
    // The server refuses to run as root.
    const asPostgres = (program: string, args: string[]) =>
      Deno.uid() === 0 ? ["runuser", "-u", "postgres", "--", program, ...args] : [program, ...args];
    const [first, ...rest] = asPostgres(initdb, ["-D", `${dir}/data`, "-A", "trust", "-U", "test"]);
    const made = await run(first, rest, { cwd: dir });
    assert.equal(made.code, 0, made.stderr);
    const { start } = await import("../support/processes.ts");
    const [program, ...args] = asPostgres(postgres, [
      "-D",
      `${dir}/data`,
      "-h",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-k",
      dir,
    ]);
    await using database = start("postgres", program, args, { cwd: dir });
    await untilListening(port, database);
    await withNetwork({ db: port }, async ({ ports }) => {
      const through = ["-h", "127.0.0.1", "-p", `${ports.db}`, "-U", "test"];
      const answer = await run(psql, [...through, "-d", "postgres", "-Atc", "select 6 * 7"]);
      assert.equal(answer.stdout.trim(), "42", answer.stderr);
      const prepared = await run(pgbench, [...through, "-i", "-s", "1", "postgres"]);
      assert.equal(prepared.code, 0, prepared.stderr);
      const bench = await run(pgbench, [...through, "-c", "8", "-T", "3", "postgres"]);
      assert.equal(bench.code, 0, bench.stderr);
      assert.match(bench.stdout, /number of failed transactions: 0/);
    });
  },
);
