/** The worked examples of docs/http-routes.md, each in a network of real processes, with curl as the client. */

import assert from "node:assert/strict";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { type RoutedNetwork, withRoutes } from "../support/routed_network.ts";
import type { Told } from "../support/tagged_servers.ts";
import { until } from "../support/until.ts";

/** Asks for a path with further arguments of curl: the answer as curl shows it with `-i`. */
type Ask = (path: string, ...args: string[]) => Promise<string>;

function told(answer: string): Told {
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
}

async function names(ask: Ask, times: number, path: string, ...args: string[]): Promise<string[]> {
  const all: string[] = [];
  while (all.length < times) all.push(told(await ask(path, ...args)).name);
  return all;
}

const EXAMPLES: Readonly<Record<string, (ask: Ask, network: RoutedNetwork) => Promise<void>>> = {
  "by-path": async (ask) => {
    const denied = await ask("/x/../%61dmin", "--path-as-is");
    assert.match(denied, /^HTTP\/1.1 403 Forbidden\r\n/);
    assert.match(denied, /^Proxy-Status: "west"; error=http_request_denied; details="[^"]+"\r$/m);
    assert.match(denied, /Said by the Tendril listener of site "west" for HttpRoute "by-path", rule "no-admin"/);
    assert.equal(told(await ask("/a/b.png?x")).name, "south");
    assert.equal(told(await ask("/", "-H", "Host: old.images.example:80")).name, "south");
    assert.equal(told(await ask("/?lang=en", "-H", "x-beta: 1")).name, "north");
    assert.equal(told(await ask("/?lang=en", "-H", "x-beta: 1", "-d", "x")).name, "east");
    assert.equal(told(await ask("/")).name, "east");
  },
  canary: async (ask) => {
    assert.deepEqual(new Set(await names(ask, 5, "/", "-H", "X-Tester: yes")), new Set(["north"]));
    const all = await names(ask, 40, "/");
    assert.equal(all.filter((name) => name === "north").length, 4);
  },
  sessions: async (ask) => {
    const cookies: string[] = [];
    for (let client = 0; client < 3; client++) {
      const first = await ask("/");
      const [, cookie = ""] = /^set-cookie: (site=\w+); Path=\/; HttpOnly; SameSite=Lax\r$/im.exec(first) ?? [];
      assert.deepEqual(new Set(await names(ask, 5, "/", "-b", cookie)), new Set([told(first).name]));
      assert.doesNotMatch(await ask("/", "-b", cookie), /^set-cookie:/im);
      cookies.push(cookie);
    }
    assert.equal(new Set(cookies).size, 3, "clients without a cookie are spread");
  },
  failover: async (ask, { servers, details }) => {
    const { east } = servers;
    assert.equal(told(await ask("/")).name, "east");
    east.status = 500;
    for (let failure = 0; failure < 3; failure++) assert.match(await ask("/"), /^HTTP\/1.1 500 /);
    assert.equal(told(await ask("/")).name, "south", "its circuit is open");
    const circuit = async () => (await details("failover")).details.rules[0]?.backends[0]?.circuit;
    assert.match(`${await circuit()}`, /open/);
    east.status = 200;
    await until(async () => told(await ask("/")).name === "east");
    assert.equal(await circuit(), "closed");
    assert.deepEqual(new Set(await names(ask, 5, "/")), new Set(["east"]));
  },
  rewrite: async (ask) => {
    const answer = await ask("/api/x?y=1", "-H", "X-Debug: 1", "-H", "X-Site: evil", "-H", "X-Forwarded-For: 1.1.1.1");
    const { line, headers } = told(answer);
    assert.equal(line, "GET /v1/x?y=1");
    assert.deepEqual([headers["host"], headers["x-site"], headers["x-debug"]], ["api.internal", "west", undefined]);
    assert.equal(headers["x-forwarded-for"], "127.0.0.1");
    assert.match(headers["forwarded"] ?? "", /^for=127\.0\.0\.1;host="127\.0\.0\.1:\d+";proto=http$/);
    assert.match(answer, /^x-via: tendril\r$/im);
  },
};

testWith(["curl"], "HTTP routes: the examples of the documentation do what it says", async ({ curl }, t) => {
  const page = await Deno.readTextFile(new URL("../../docs/http-routes.md", import.meta.url));
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => yaml!)
    .filter((yaml) => yaml.includes("kind: HttpRoute"));
  const named = examples.map((yaml) => [/^ {2}name: (.*)$/m.exec(yaml)![1]!, yaml] as const);
  assert.deepEqual(named.map(([name]) => name), Object.keys(EXAMPLES));
  await withRoutes(examples[0]!, async (network) => {
    const ask: Ask = async (path, ...args) => {
      const { code, stdout, stderr } = await run(curl!, [
        ...["-sS", "-i", "--max-time", "30"],
        ...args,
        `http://127.0.0.1:${network.port}${path}`,
      ]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    // All sites have to be known first.
    await until(async () => (await network.details("by-path")).status === "Ready");
    for (const [name, yaml] of named) {
      await t.step(name, async () => {
        await network.route(yaml);
        await until(async () => (await network.details(name)).status === "Ready");
        await EXAMPLES[name]!(ask, network);
      });
    }
  });
});
