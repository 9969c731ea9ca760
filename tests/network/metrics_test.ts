/** Metrics of real sites: what they say while something happens, and to whom. */

import assert from "node:assert/strict";
import { METRICS } from "../../agent/telemetry/metrics.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors, resource } from "../support/site_folder.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

async function read(port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const values = new Map<string, number>();
  for (const line of text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))) {
    const [, name, value] = /^(\S+) (-?[\d.]+)$/.exec(line) ?? [];
    assert.ok(name !== undefined, `not a sample: ${line}`);
    assert.ok(Object.hasOwn(METRICS, name.replace(/\{.*/, "").replace(/_(bucket|sum|count)$/, "")), name);
    values.set(name, Number(value));
  }
  return values;
}

Deno.test("metrics: an edge and an interior tell what passes them, and no secret", async () => {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const [hubPort, edgePort, port] = [freePort(), freePort(), freePort()];
  const hub = await interiorFolder(`${dir}/hub`);
  await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key: "web", port }] });
  await Deno.writeTextFile(`${dir}/hub/web.yaml`, resource("Connector", { key: "web", port: target.port }));
  {
    await using interior = startTendril("hub", ["run", hub.dir, "--metrics", `${hubPort}`]);
    await using edge = startTendril("west", ["run", `${dir}/west`, "--metrics", `127.0.0.1:${edgePort}`]);
    await until(() => edge.output().includes("listener is open"), LIMIT_MS);
    const conn = await connect(port);
    await writeAll(conn, new Uint8Array(1000));
    assert.ok(await readExactly(conn, 1000));
    const west = await read(edgePort);
    assert.deepEqual([...west].filter(([name]) => /^tendril_link_up/.test(name)).map(([, value]) => value), [1]);
    assert.equal(west.get('tendril_listener_connections{listener="web",kind="Listener"}'), 1);
    assert.equal(west.get('tendril_listener_received_bytes_total{listener="web",kind="Listener"}'), 1000);
    assert.equal(west.get('tendril_listener_sent_bytes_total{listener="web",kind="Listener"}'), 1000);
    assert.ok((west.get("tendril_resident_memory_bytes") ?? 0) > 1_000_000);
    assert.equal(west.get("tendril_routers"), 0);
    conn.close();
    await until(
      async () => (await read(hubPort)).get('tendril_connector_connections{connector="web"}') === 0,
      LIMIT_MS,
    );
    const values = await read(hubPort);
    assert.equal(values.get('tendril_connector_connections_total{connector="web"}'), 1);
    assert.equal(values.get('tendril_connector_received_bytes_total{connector="web"}'), 1000);
    assert.equal(values.get('tendril_connections{role="edge",direction="in"}'), 1);
    assert.equal(values.get("tendril_routers"), 1);
    const expiry = values.get('tendril_certificate_expiry_timestamp_seconds{kind="access",name="hub"}') ?? 0;
    assert.ok(expiry > Date.now() / 1000 + 86_400, "the certificate of the port is good for years");
    for (
      const [path, init, status] of [
        ["/", {}, 404],
        ["/metrics", { method: "POST" }, 405],
        ["/metrics", { headers: { origin: "http://evil.example" } }, 403],
      ] as const
    ) {
      const response = await fetch(`http://127.0.0.1:${hubPort}${path}`, init);
      assert.equal(response.status, status, path);
      await response.body?.cancel();
    }
    assert.equal(interior.output().match(/metrics are served/g)?.length, 1);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("metrics: interiors tell how long routing messages were inside", async () => {
  const dir = await Deno.makeTempDir();
  const [west, east] = [await interiorFolder(`${dir}/west`, "west"), await interiorFolder(`${dir}/east`, "east")];
  await linkInteriors(west, east);
  const port = freePort();
  {
    await using _east = startTendril("east", ["run", east.dir]);
    await using _west = startTendril("west", ["run", west.dir, "--metrics", `${port}`]);
    const values = () => read(port).catch(() => new Map<string, number>()); // The port opens in a moment.
    await until(async () => ((await values()).get("tendril_control_delay_seconds_count") ?? 0) > 3, LIMIT_MS);
    const told = await values();
    const all = told.get('tendril_control_delay_seconds_bucket{le="+Inf"}');
    assert.equal(told.get("tendril_control_delay_seconds_count"), all);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("metrics: a host that is not this machine is refused, and a port that is taken", async () => {
  const dir = await Deno.makeTempDir();
  const hub = await interiorFolder(`${dir}/hub`);
  const remote = await tendril("run", hub.dir, "--metrics", "0.0.0.0:9464");
  assert.match(remote.stderr, /ACCEPT_PLAIN_REMOTE/);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await tendril("run", hub.dir, "--metrics", `${taken.addr.port}`);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /ACCEPT_PORT/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("metrics: the line of --print-permissions is one that Deno takes, with an IPv6 address as well", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const hub = await interiorFolder(`${dir}/hub`);
    const { stdout } = await tendril("run", hub.dir, "--metrics", "[::1]:9464", "--print-permissions");
    const flag = /--allow-net=[^' ]*/.exec(stdout)?.[0] ?? "";
    assert.ok(flag.includes(",[::1]:9464,"), stdout);
    const { code, stderr } = await run(Deno.execPath(), ["run", flag, "data:text/javascript,"]);
    assert.equal(code, 0, stderr);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
