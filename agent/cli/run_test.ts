/** Commands that stay in the foreground, as processes: what they log, how they end. */

import assert from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { type Process, untilListening } from "../../tests/support/processes.ts";
import { type InteriorFolder, interiorFolder, resource } from "../../tests/support/site_folder.ts";
import { startTendril, tendril } from "../../tests/support/tendril.ts";
import { until } from "../../tests/support/until.ts";

async function withHub(body: (dir: string, hub: InteriorFolder) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir, await interiorFolder(`${dir}/hub`));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function linkTo(dir: string, hub: InteriorFolder): Promise<string> {
  const { code, stdout, stderr } = await tendril("link", "generate", "--dir", hub.dir, "--host", "127.0.0.1");
  assert.equal(code, 0, stderr);
  await Deno.writeTextFile(`${dir}/link.yaml`, stdout, { mode: 0o600 });
  return `${dir}/link.yaml`;
}

/** Each line of a process's output as JSON; fails on any other line. */
function records(process: Process): Record<string, unknown>[] {
  return process.output().trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** A target that takes connections and keeps them; `reached` once an octet has come. */
function silentTarget(): { port: number; reached: Promise<void> } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const kept: Deno.Conn[] = [];
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const accepting = (async () => {
    for await (const conn of listener) {
      kept.push(conn);
      conn.read(new Uint8Array(1)).then((octets) => octets !== null && resolve(), () => {});
    }
  })();
  const { port } = listener.addr;
  return {
    port,
    reached,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      kept.forEach((conn) => conn.close());
    },
  };
}

Deno.test("run: an interior logs JSON lines only, without keys even at debug level, and SIGTERM ends it with 0", () =>
  withHub(async (_dir, hub) => {
    await using process = startTendril("hub", ["run", hub.dir, "--log-format", "json", "--log-level", "debug"]);
    await until(() => process.output().includes("accepting peers"), 20_000);
    process.signal("SIGTERM");
    assert.equal(await process.ended, 0, process.output());
    const messages = records(process).map((record) => record["message"]);
    assert.ok(messages.includes("site is running") && messages.at(-1) === "stopped", messages.join("; "));
    assert.ok(!/PRIVATE KEY|LS0tLS1CRUdJTi/.test(process.output()));
  }));

Deno.test("run: a second SIGTERM stops at once with 143, though a connection is still open", () =>
  withHub(async (_dir, hub) => {
    await using target = silentTarget();
    const port = freePort();
    const services = [resource("Listener", { key: "x", port }), resource("Connector", { key: "x", port: target.port })];
    await Deno.writeTextFile(`${hub.dir}/services.yaml`, services.join("---\n"));
    await using process = startTendril("hub", ["run", hub.dir, "--grace", "60"]);
    await untilListening(port, process);
    // Who is stopped while it starts has nothing to drain.
    await until(() => process.output().includes("site is running"));
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    await client.write(new Uint8Array(1));
    await target.reached;
    process.signal("SIGTERM");
    await until(() => process.output().includes("draining"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(!process.output().includes("stopped"), "it waits for the connection");
    process.signal("SIGTERM");
    assert.equal(await process.ended, 143, process.output());
    assert.match(process.output(), /stopping at once/);
  }));

Deno.test("run: connections that outlive --grace are closed, and the exit code is still 0", () =>
  withHub(async (_dir, hub) => {
    await using target = silentTarget();
    const port = freePort();
    const services = [resource("Listener", { key: "x", port }), resource("Connector", { key: "x", port: target.port })];
    await Deno.writeTextFile(`${hub.dir}/services.yaml`, services.join("---\n"));
    await using process = startTendril("hub", ["run", hub.dir, "--grace", "1"]);
    await untilListening(port, process);
    // Who is stopped while it starts has nothing to drain.
    await until(() => process.output().includes("site is running"));
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    await client.write(new Uint8Array(1));
    await target.reached;
    const asked = performance.now();
    process.signal("SIGINT");
    assert.equal(await process.ended, 0, process.output());
    const took = performance.now() - asked;
    assert.ok(took > 900 && took < 8000, `${took} ms`);
    assert.equal(await client.read(new Uint8Array(1)).catch(() => null), null);
  }));

Deno.test("run: a port that is taken is an error with its reason, not a crash", () =>
  withHub(async (_dir, hub) => {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: hub.edgePort });
    const { code, stderr } = await tendril("run", hub.dir);
    assert.equal(code, 1);
    assert.match(stderr, /error\[ACCEPT_PORT\]: [^\n]*\n[\s\S]*next: /);
  }));

Deno.test("expose: --wait passes without a link, exit code 4 with the link's own reason", () =>
  withHub(async (dir, hub) => {
    const link = await linkTo(dir, hub);
    const { code, stderr } = await tendril("expose", "web", "80", "--link", link, "--wait", "1");
    assert.equal(code, 4, stderr);
    assert.match(stderr, /error\[WAIT_TIMEOUT\][\s\S]*why: [^\n]*refused[\s\S]*next: /);
    assert.match(stderr, /WARN +link is down/);
  }));

Deno.test("expose: tells when the key is reachable, when it is not any more, and when it is again", () =>
  withHub(async (dir, hub) => {
    const link = await linkTo(dir, hub);
    await using expose = startTendril("expose", ["expose", "web", "80", "--link", link, "--wait", "30"]);
    const told = async (text: string, times: number) => {
      const count = () => expose.output().split(text).length - 1;
      await until(() => count() === times, 20_000).catch(() => assert.fail(`"${text}" not told:\n${expose.output()}`));
    };
    {
      await using first = startTendril("hub", ["run", hub.dir]);
      await told("routing key is reachable", 1);
      first.signal("SIGKILL");
      await told("routing key is not reachable", 1);
    }
    await using _second = startTendril("hub", ["run", hub.dir]);
    await told("routing key is reachable", 2);
    expose.signal("SIGINT");
    assert.equal(await expose.ended, 0, expose.output());
  }));
