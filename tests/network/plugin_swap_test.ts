/** A plugin that becomes another while clients use it: none of them notices, not even when the new version fails. */

import assert from "node:assert/strict";
import { startEdge } from "../../agent/site/runtime.ts";
import type { AdaptorSpec, SiteSpec } from "../../agent/site/spec.ts";
import type { RunningSite } from "../../agent/site/status.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { buildLines, FAILS_AT_THIRD, version } from "../support/lines.ts";
import { connect, echo, readInto, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const CLIENTS = 8;
const LINES = 5;
const CANARY = { share: 50, connections: 20, failures: 10 };

/** Clients that connect again and again, and send lines that are to come back. */
class Load {
  requests = 0;
  readonly failures: string[] = [];
  #over = false;
  readonly #clients: Promise<void>[];

  constructor(port: number) {
    this.#clients = Array.from({ length: CLIENTS }, () => this.#run(port));
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
  }

  async #run(port: number): Promise<void> {
    while (!this.#over) {
      try {
        await this.#connection(port);
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }

  async #connection(port: number): Promise<void> {
    const conn = await connect(port);
    try {
      for (let line = 0; line < LINES; line++) {
        const sent = new TextEncoder().encode(`request ${this.requests++}\n`);
        const read = new Uint8Array(sent.length);
        await writeAll(conn, sent);
        if (!(await readInto(conn, read))) throw new Error(`no answer to line ${line}`);
        assert.deepEqual(read, sent);
      }
    } finally {
      conn.close();
    }
  }
}

Deno.test("plugin swap: under load another version takes over, a bad one is rolled back, a good one passes its trial: no request fails", async () => {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const host = "127.0.0.1";
  const lines = (file: string, more: Partial<AdaptorSpec> = {}): AdaptorSpec => (
    { name: "lines", source: `file:${file}.wasm`, keys: [], ca: "", limits: {}, ...more }
  );
  const spec = (adaptor: AdaptorSpec): SiteSpec => ({
    id: "f2f8dd3c-7c1e-4d6a-9a53-0f5f3a3a8a10",
    name: "west",
    role: "edge",
    listeners: [{ name: "l", routingKey: "k", host, port: 0, protocol: "lines" }],
    connectors: [{ name: "c", routingKey: "k", host, port: target.port, protocol: "lines" }],
    adaptors: [adaptor],
    links: [],
    access: [],
    policies: [],
  });
  const builds: Record<string, Uint8Array> = {
    first: await buildLines(),
    second: await buildLines(version("0.2.0")),
    bad: await buildLines(version("0.3.0"), FAILS_AT_THIRD),
    third: await buildLines(version("0.4.0")),
  };
  for (const [name, bytes] of Object.entries(builds)) await Deno.writeFile(`${dir}/${name}.wasm`, bytes);
  let site: RunningSite | undefined;
  let load: Load | undefined;
  try {
    site = await startEdge(spec(lines("first")), { logger: silentLogger, dir });
    const plugin = () => site!.status().adaptors.find(({ name }) => name === "lines")!;
    const listener = () => site!.status().listeners[0]!;
    await until(() => listener().open, LIMIT_MS);
    const { port } = listener();
    load = new Load(port);
    const more = async (requests: number) => {
      const wanted = load!.requests + requests;
      await until(() => load!.requests >= wanted, LIMIT_MS);
    };
    await more(100);
    await site.apply(spec(lines("second")));
    await until(() => plugin().version === "0.2.0", LIMIT_MS);
    await more(100);
    await site.apply(spec(lines("bad", { canary: CANARY })));
    await until(() => /rolled back from sha256:/.test(plugin().message), LIMIT_MS);
    assert.match(plugin().message, /3 of \d+ connections failed: .*trapped/);
    assert.deepEqual([plugin().version, plugin().state, plugin().canary], ["0.2.0", "ready", undefined]);
    await more(100);
    const metric = (name: string) =>
      Object.fromEntries(
        site!.metrics!().filter(({ metric, labels }) => metric === `tendril_adaptor_${name}` && labels[0] === "lines")
          .map(({ labels, value }) => [labels.slice(1, 2).join(), value]),
      );
    assert.deepEqual(metric("rollbacks_total"), { "": 1 });
    assert.deepEqual(metric("canary_ratio"), { "": 0 });
    assert.deepEqual(plugin().versions.map(({ version }) => version), ["0.1.0", "0.2.0", "0.3.0"]);
    const traps = metric("traps_total");
    assert.ok(traps["0.3.0"]! >= 3, "those that failed are told of after the version has gone");
    assert.deepEqual([traps["0.1.0"], traps["0.2.0"], metric("errors_total")["0.3.0"]], [0, 0, 0]);
    const before = metric("calls_total");
    assert.ok(before["0.1.0"]! > 0 && before["0.3.0"]! > 0);
    await more(100);
    const after = metric("calls_total");
    assert.ok(after["0.2.0"]! > before["0.2.0"]!);
    await site.apply(spec(lines("third", { canary: { ...CANARY, share: 25, connections: 1_000_000 } })));
    await until(() => metric("calls_total")["0.4.0"]! > 0, LIMIT_MS);
    assert.deepEqual([plugin().canary?.share, metric("canary_ratio")], [25, { "": 0.25 }]);
    const counted = metric("calls_total")["0.4.0"]!;
    await site.apply(spec(lines("third", { canary: CANARY })));
    await until(() => plugin().version === "0.4.0", LIMIT_MS);
    assert.equal(plugin().message, "OK");
    assert.ok(metric("calls_total")["0.4.0"]! > counted, "the same bytes go on with the same counts");
    assert.deepEqual(plugin().versions.map(({ version }) => version), ["0.1.0", "0.2.0", "0.3.0", "0.4.0"]);
    await more(100);
    await load.end();
    assert.deepEqual(load.failures, [], `of ${load.requests} requests`);
    assert.equal(listener().port, port);
  } finally {
    await load?.end();
    await site?.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
