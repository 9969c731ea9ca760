/** A plugin that does harm, in a site that carries other traffic: it harms its own connections, and nobody else. */

import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import { MAX_FAULTS } from "../../agent/adaptor/health.ts";
import { fileAdaptor, PluginSite } from "../support/plugin_site.ts";
import { SteadyTraffic } from "../support/steady_traffic.ts";
import { connect, readExactly, readToEnd, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const PAYLOAD = new TextEncoder().encode("an octet or two");

/** A client of the plugin that has been answered, and so has an instance of its own. */
async function client(site: PluginSite): Promise<Deno.TcpConn> {
  const conn = await connect(site.listener("hostile").port);
  await speak(conn);
  return conn;
}

async function speak(conn: Deno.TcpConn): Promise<void> {
  await writeAll(conn, PAYLOAD);
  assert.ok(await readExactly(conn, PAYLOAD.length), "a connection that did nothing wrong is gone");
}

/** True when `conn` ends, in whatever way. */
async function ends(conn: Deno.TcpConn): Promise<boolean> {
  await readToEnd(conn).catch(() => {});
  conn.close();
  return true;
}

const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
for (
  const [harm, code, octets] of [
    ["imports something", "ADAPTOR_IMPORT", [...MAGIC, 2, 8, 1, 1, 0x61, 1, 0x62, 2, 0, 1]],
    [
      "runs code when it is loaded",
      "ADAPTOR_START",
      [...MAGIC, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 4, 1, 2, 0, 0x0b],
    ],
    ["may take memory without end", "ADAPTOR_MEMORY", [...MAGIC, 5, 3, 1, 0, 1]],
  ] as const
) {
  Deno.test(`hostile plugin: one that ${harm} is refused, first and in the place of a good one, and told by name, digest and reason`, () =>
    withHostile(async (site) => {
      const bytes = Uint8Array.from(octets);
      const wanted = await digestOf(bytes);
      await site.put("bad.wasm", bytes);
      const told = () => site.log.filter(({ fields }) => fields.code === code && fields.digest === wanted);
      await site.apply([fileAdaptor("hostile"), fileAdaptor("new", "bad.wasm")]);
      await until(() => site.adaptor("new").state === "failed");
      const { name, digest, message } = site.adaptor("new");
      assert.deepEqual([name, digest, site.listener("new").open], ["new", wanted, false]);
      assert.match(message, /^the module /);
      const good = site.adaptor("hostile").digest;
      await site.apply([fileAdaptor("hostile", "bad.wasm")]);
      await until(() => told().some(({ fields }) => fields.adaptor === "hostile"));
      assert.deepEqual([site.adaptor("hostile").digest, site.adaptor("hostile").state], [good, "ready"]);
      assert.ok(site.adaptor("hostile").message.includes(`without ${wanted}: ${message}`));
      (await client(site)).close();
    }));
}

/** A site with the hostile plugin, and traffic beside it that must not be touched. */
async function withHostile(body: (site: PluginSite) => Promise<void>): Promise<void> {
  await using site = await PluginSite.start(["hostile"], [fileAdaptor("hostile")]);
  await until(() => site.listener("hostile").open);
  const traffic = new SteadyTraffic(site.listener("plain").port);
  try {
    const bystander = await client(site);
    await body(site);
    await speak(bystander);
    bystander.close();
    const before = traffic.flows;
    await until(() => traffic.flows > before + 1);
  } finally {
    await traffic[Symbol.asyncDispose]();
  }
  assert.deepEqual(traffic.failures, []);
}

for (
  const [harm, letter, code] of [
    ["loops for ever", "L", "ADAPTOR_FUEL"],
    ["calls itself for ever", "R", "ADAPTOR_TRAP"],
    ["traps", "U", "ADAPTOR_TRAP"],
    ["loads from outside of its memory", "O", "ADAPTOR_TRAP"],
    ["grows its memory for ever", "G", "ADAPTOR_FUEL"],
    ["answers without end", "H", "ADAPTOR_OUTPUT"],
    ["claims to have taken more than there was", "Y", "ADAPTOR_CONSUMED"],
    ["claims more output than its buffer holds", "D", "ADAPTOR_RECORD"],
    ["writes a record that is longer than it is", "W", "ADAPTOR_RECORD"],
    ["answers with noise", "N", "ADAPTOR_RECORD"],
  ] as const
) {
  Deno.test(`hostile plugin: one that ${harm} ends its connection, and is told by name, digest and reason`, () =>
    withHostile(async (site) => {
      const conn = await client(site);
      await writeAll(conn, new TextEncoder().encode(letter));
      assert.ok(await ends(conn));
      const { digest, faults, state, message } = site.adaptor("hostile");
      assert.deepEqual([faults, state], [1, "ready"]);
      const told = site.log.find(({ message }) => message.startsWith("adaptor failed"));
      assert.deepEqual([told?.fields.adaptor, told?.fields.digest, told?.fields.code], ["hostile", digest, code]);
      assert.ok(message !== "OK" && message === told?.fields.reason, `the status says ${message}`);
      (await client(site)).close();
    }));
}

Deno.test("hostile plugin: one that answers much to little waits for a client that does not read", () =>
  withHostile(async (site) => {
    const conn = await client(site);
    const octetsIn = () => site.listener("hostile").traffic?.octetsIn ?? 0;
    const before = octetsIn();
    const input = new TextEncoder().encode("A".repeat(8 * 1024 * 1024));
    const writing = writeAll(conn, input);
    const other = await client(site);
    let rounds = 0;
    for (let last = -1, calm = 0; calm < 20; rounds++) {
      await speak(other);
      const taken = octetsIn() - rounds * PAYLOAD.length;
      calm = taken === last ? calm + 1 : 0;
      last = taken;
    }
    assert.ok(octetsIn() - before < input.length / 2, `${octetsIn()} octets were taken, and nobody reads the answers`);
    other.close();
    const over = (async () => {
      const buffer = new Uint8Array(256 * 1024);
      while (await conn.read(buffer).catch(() => null) !== null);
    })();
    await writing;
    await until(() => octetsIn() - before >= input.length);
    conn.close();
    await over;
    assert.equal(site.adaptor("hostile").faults, 0);
  }));

Deno.test("hostile plugin: one that computes as long as it may at each input is stopped, and told", () =>
  withHostile(async (site) => {
    const busy = new TextEncoder().encode("B");
    // At a time, so that the account can't fill while octets travel.
    const clients = await Promise.all(Array.from({ length: 4 }, () => client(site)));
    await Promise.all(clients.map(async (conn) => {
      while (await writeAll(conn, busy).then(() => readExactly(conn, 1)).catch(() => false));
      conn.close();
    }));
    const told = site.log.find(({ message }) => message.startsWith("adaptor failed"));
    assert.deepEqual([told?.fields.adaptor, told?.fields.code], ["hostile", "ADAPTOR_FUEL"]);
    assert.match(`${told?.fields.reason}`, /again and again/);
  }));

Deno.test("hostile plugin: one that traps when it is closed is told, and its connection was over anyway", () =>
  withHostile(async (site) => {
    const conn = await client(site);
    await writeAll(conn, new TextEncoder().encode("C"));
    assert.ok(await readExactly(conn, 1));
    conn.close();
    await until(() => site.adaptor("hostile").faults === 1);
  }));

Deno.test("hostile plugin: one that takes an octet at a time holds up its own connection alone", () =>
  withHostile(async (site) => {
    const conn = await client(site);
    await writeAll(conn, new TextEncoder().encode("Slow"));
    assert.ok(await readExactly(conn, 1));
    (await client(site)).close();
    conn.close();
    assert.equal(site.adaptor("hostile").faults, 0);
  }));

Deno.test("hostile plugin: a quarantined one at the server's end has its routing key withdrawn, so that others serve it", () =>
  withHostile(async (site) => {
    for (let fault = 0; fault < MAX_FAULTS; fault++) {
      const conn = await client(site);
      await writeAll(conn, new TextEncoder().encode("U"));
      await ends(conn);
    }
    assert.equal(site.adaptor("hostile").state, "quarantined");
    await until(() => !site.listener("to-hostile").open);
    assert.match(site.connector("to-hostile").message, /hostile is quarantined/);
    assert.ok(site.listener("plain").open);
  }));

Deno.test("hostile plugin: one that traps at every tenth call is quarantined: new connections are refused, open ones stay", () =>
  withHostile(async (site) => {
    const stays = await client(site);
    for (let fault = 0; fault < MAX_FAULTS; fault++) {
      const conn = await client(site);
      const answered = async () => {
        await writeAll(conn, new TextEncoder().encode("T"));
        return await readExactly(conn, 1);
      };
      let calls = 0;
      while (await answered().catch(() => false)) calls++;
      assert.equal(calls, 9);
      conn.close();
    }
    const { state, message, digest } = site.adaptor("hostile");
    assert.equal(state, "quarantined");
    assert.match(message, /hostile is quarantined after 5 faults, the last: .* it trapped: unreachable/);
    const told = site.log.find(({ message }) => message.startsWith("adaptor is quarantined"));
    assert.deepEqual([told?.level, told?.fields.adaptor, told?.fields.digest], ["error", "hostile", digest]);
    assert.ok(await ends(await connect(site.listener("hostile").port)));
    await until(() => site.log.some(({ fields }) => /is quarantined/.test(String(fields.reason))));
    await speak(stays);
    stays.close();
  }));
