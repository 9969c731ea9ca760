import assert from "node:assert/strict";
import { until } from "../../tests/support/until.ts";
import type { TendrilError } from "../lib/errors.ts";
import { accept, type Acceptor } from "./accept.ts";
import { dialAny } from "./race.ts";
import { TestAuthority } from "./testing_certs.ts";
import { Recorder } from "./testing_pairs.ts";

const OPTIONS = { websocket: false, timeoutMs: 9000 };
const NEVER = new AbortController().signal;

/** A port of a site. */
async function router(authority: TestAuthority): Promise<Acceptor> {
  return await accept(
    {
      host: "127.0.0.1",
      port: 0,
      tls: await authority.issue({ ips: ["127.0.0.1"] }),
      handshakeTimeoutMs: 9000,
      maxConnections: 5,
    },
    (channel) => channel.start(new Recorder()),
    () => {},
  );
}

Deno.test("endpoints are dialled together, the first to get through wins, and the losers are gone", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ name: "west" });
  const mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const good = await router(site);
  const endpoints = [
    { host: "127.0.0.1", port: 1, group: "refuses" },
    { host: "127.0.0.1", port: mute.addr.port, group: "stalls" },
    { host: "127.0.0.1", port: good.port, group: "serves" },
  ];
  const begin = performance.now();
  const { channel, endpoint } = await dialAny(endpoints, { ...OPTIONS, tls }, NEVER);
  assert.ok(performance.now() - begin < 5000, "the one that stalls was not waited for");
  assert.equal(endpoint, endpoints[2]);
  const stalled = await mute.accept();
  assert.equal(await drained(stalled), null, "the loser was dropped");
  stalled.close();
  mute.close();
  channel.destroy();
  await until(() => good.connections === 0);
  await good.close();
});

Deno.test("of several that serve, exactly one is kept", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ name: "west" });
  const routers = await Promise.all(Array.from({ length: 4 }, () => router(site)));
  for (let round = 0; round < 5; round++) {
    const endpoints = routers.map(({ host, port }) => ({ host, port }));
    const { channel, endpoint } = await dialAny(endpoints, { ...OPTIONS, tls }, NEVER);
    await until(() => routers.reduce((sum, each) => sum + each.connections, 0) === 1);
    assert.equal(routers.find((each) => each.connections === 1)?.port, endpoint.port);
    channel.destroy();
    await until(() => routers.every((each) => each.connections === 0));
  }
  await Promise.all(routers.map((each) => each.close()));
});

Deno.test("if all fail, the error lists why each did", async () => {
  const site = await TestAuthority.create("site");
  const other = await TestAuthority.create("other");
  const wrong = await router(other);
  const endpoints = [{ host: "127.0.0.1", port: 1 }, { host: "127.0.0.1", port: wrong.port }];
  const options = { ...OPTIONS, tls: await site.issue({ name: "west" }) };
  await assert.rejects(dialAny(endpoints, options, NEVER), (error: TendrilError) => {
    assert.equal(error.code, "LINK_ALL_FAILED");
    assert.match(error.message, /127\.0\.0\.1:1 \[LINK_REFUSED\].*\[LINK_TLS_CA\]/);
    assert.deepEqual((error.cause as AggregateError).errors.map((each) => each.code), ["LINK_REFUSED", "LINK_TLS_CA"]);
    assert.ok(error.hint !== undefined);
    return true;
  });
  await assert.rejects(dialAny(endpoints.slice(0, 1), options, NEVER), { code: "LINK_REFUSED" });
  await assert.rejects(dialAny([], options, NEVER), {
    code: "LINK_ALL_FAILED",
    message: "The link has no endpoint to dial.",
  });
  await wrong.close();
});

Deno.test("the whole race can be called off", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ name: "west" });
  const mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = { host: "127.0.0.1", port: mute.addr.port };
  const control = new AbortController();
  setTimeout(() => control.abort(), 50);
  await assert.rejects(dialAny([endpoint, endpoint], { ...OPTIONS, tls }, control.signal), { code: "LINK_ABORTED" });
  for (let i = 0; i < 2; i++) (await mute.accept()).close();
  mute.close();
});

/** Reads to the end: null for an end, the error for anything else. */
async function drained(conn: Deno.Conn): Promise<unknown> {
  const buffer = new Uint8Array(4096);
  try {
    while (await conn.read(buffer) !== null);
    return null;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionReset ? null : error;
  }
}
