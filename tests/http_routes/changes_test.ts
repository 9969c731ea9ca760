/** HTTP routes that change or are wrong while requests flow, servers that are late or gone, and what is told of it all. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { ALL_BACKENDS, routeOf, withRoutes } from "../support/routed_network.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { connect, readToEnd, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const TURNS = routeOf(`{ name: turns, strategy: RoundRobin, ${ALL_BACKENDS} }`);

/** A server that reads a request and closes the connection; `requests` counts them. */
function deafServer() {
  const socket = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = { port: socket.addr.port, requests: 0, stop: () => socket.close() };
  (async () => {
    for await (const conn of socket) {
      // A probe of the connector has nothing to say.
      if (((await conn.read(new Uint8Array(1024)).catch(() => null)) ?? 0) > 0) server.requests++;
      conn.close();
    }
  })().catch(() => {});
  return server;
}

function lines(output: string): Record<string, unknown>[] {
  const texts = output.split("\n").filter((line) => line.includes(`"message":"request"`));
  return texts.map((line) => JSON.parse(line.slice(line.indexOf("{"))));
}

Deno.test("HTTP routes: a change under load fails no request; one that is broken changes nothing", async (t) => {
  await withRoutes(TURNS, async ({ port, dir, route, details, sites }) => {
    const url = `http://127.0.0.1:${port}/`;
    const statusOf = async (url: string) => {
      const answer = await fetch(url);
      await answer.body?.cancel();
      return answer.status;
    };
    const state = async (name = "test") => {
      const { status, message } = await details(name);
      return `${status} ${message}`;
    };
    await until(async () => await state() === "Ready OK");

    await t.step("ten changes while eight clients ask", async () => {
      const statuses: number[] = [];
      let over = false;
      const load = async () => {
        while (!over) {
          const answer = await fetch(url);
          await answer.text();
          statuses.push(answer.status);
        }
      };
      const loads = Array.from({ length: 8 }, load);
      const forms = [
        routeOf(`{ name: turns, strategy: LeastOutstanding, ${ALL_BACKENDS} }`),
        routeOf(`{ name: other, backends: [{ routingKey: web-south }] }`),
        routeOf(`{ name: images, matches: [{ path: { value: /images } }], backends: [{ routingKey: web-north }] }`),
        TURNS,
      ];
      for (let change = 0; change < 10; change++) await route(forms[change % forms.length]!);
      await Deno.remove(`${dir}/route.yaml`);
      await tendril("reload", "--dir", dir);
      await route(TURNS);
      over = true;
      await Promise.all(loads);
      assert.deepEqual(new Set(statuses), new Set([200]));
    });

    await t.step("plan and apply say what a change does, and that Skupper would not know it", async () => {
      const file = await Deno.makeTempFile({ suffix: ".yaml" });
      const planned = () => tendril("plan", "-f", file, "--dir", dir);
      await Deno.writeTextFile(file, TURNS.replace("name: test", "name: new"));
      const plan = await planned();
      assert.match(plan.stdout, /create +HttpRoute +new .*routes requests from now on; those under way go on/);
      await Deno.writeTextFile(file, TURNS.replace("RoundRobin", "Weighted"));
      assert.match((await planned()).stdout, /update +HttpRoute +test +route\.yaml .*routes requests anew; those/);
      assert.match(plan.stderr, /kind HttpRoute is an extension of Tendril, unknown to Skupper/);
      const apply = await tendril("apply", "-f", file, "--dir", dir);
      assert.equal(apply.code, 0, apply.stderr);
      assert.equal(await state(), "Ready OK");
      await Deno.remove(file);
    });

    await t.step("a mistake is told of with its place, and what was in force stays", async () => {
      await route(TURNS.replace("strategy: RoundRobin", "strategy: Lottery"));
      assert.match(await state(), /^Error .*route\.yaml:7:\d+ .*spec\.rules\.0\.strategy must be RoundRobin or /);
      const names = new Set<string>();
      await until(async () => names.add((await (await fetch(url)).json()).name).size === 3);
    });

    await t.step("a bad pattern is one", async () => {
      await route(routeOf(`{ matches: [{ path: { type: Pattern, value: "a*" } }], answer: { status: 404 } }`));
      assert.match(await state(), /^Error .*path\.value is a bad pattern: it must begin with/);
    });

    await t.step("a Listener that is not there, and one that has rules already, are named", async () => {
      await route(`${TURNS.replace("[web, web2]", "[web, nobody]")}---\n${TURNS.replace("name: test", "name: zz")}`);
      assert.equal(await state(), "Error there is no Listener nobody");
      assert.equal(await state("zz"), "Error Listener web has the HttpRoute test already");
      assert.equal(await statusOf(url), 200);
    });

    await t.step("a Listener that is broken for now goes on with its rules", async () => {
      await route(routeOf(
        `{ name: shut, matches: [{ path: { value: /admin } }], answer: { status: 403 } }`,
        `{ name: rest, ${ALL_BACKENDS} }`,
      ));
      assert.equal(await statusOf(`${url}admin`), 403);
      const file = `${dir}/services.yaml`;
      const text = await Deno.readTextFile(file);
      assert.ok(text.includes(`port: ${port}`), text);
      await Deno.writeTextFile(file, text.replace(`port: ${port}`, "port: none"));
      await tendril("reload", "--dir", dir);
      const { stdout } = await tendril("status", "--dir", dir);
      assert.match(stdout, /web +Error .*spec\.port/);
      assert.deepEqual([await statusOf(`${url}admin`), await statusOf(url)], [403, 200]);
      await Deno.writeTextFile(file, text);
      await tendril("reload", "--dir", dir);
    });

    await t.step("a rule whose backends nobody serves is answered 503 by us, and the status says so", async () => {
      await route(routeOf(
        `{ name: lost, matches: [{ path: { value: /lost } }], backends: [{ routingKey: nowhere }] }`,
        `{ name: rest, ${ALL_BACKENDS} }`,
      ));
      assert.equal(await state(), "Pending No matching connectors for rule lost");
      const answer = await fetch(`${url}lost`);
      assert.equal(answer.status, 503);
      assert.equal(
        answer.headers.get("proxy-status"),
        '"west"; error=destination_unavailable; details="no site serves a backend of the rule"',
      );
      assert.match(await answer.text(), /of site "west" for HttpRoute "test", rule "lost"/);
    });

    await t.step("a site that starts with a broken one keeps its Listeners shut, and no others", async () => {
      await sites["west"]!.stop();
      const free = freePort();
      await Deno.writeTextFile(
        `${dir}/route.yaml`,
        TURNS.replace("[web, web2]", "[web]").replace("RoundRobin", "Lottery"),
      );
      const other = `${dir}/other.yaml`;
      await Deno.writeTextFile(
        other,
        `apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: { name: free }\nspec: { routingKey: web-any, host: 127.0.0.1, port: ${free}, type: http1 }\n`,
      );
      await using west = startTendril("west", ["run", dir]);
      await untilListening(free, west, 30_000);
      assert.equal(await statusOf(`http://127.0.0.1:${free}/`), 200);
      await assert.rejects(connect(port));
      const { stdout } = await tendril("status", "--dir", dir);
      assert.match(stdout, /web +Error .*HttpRoute test is broken/);
      await route(TURNS.replace("[web, web2]", "[web]"));
      await untilListening(port, west, 30_000);
      assert.equal(await statusOf(url), 200);
    });
  });
});

Deno.test("HTTP routes: late and lost servers, retries, and what log and status say of each request", async (t) => {
  const deaf = deafServer();
  const two = "backends: [{ routingKey: web-deaf }, { routingKey: web-north }], strategy: Priority";
  const rules = routeOf(
    `{ name: late, matches: [{ path: { value: /late } }], backends: [{ routingKey: web-south }], timeouts: { responseSeconds: 1 } }`,
    `{ name: once, matches: [{ path: { value: /once } }], ${two}, retry: { attempts: 0 } }`,
    `{ name: again, matches: [{ path: { value: /again } }], ${two} }`,
    `{ name: no, matches: [{ path: { value: /no } }], answer: { status: 404 } }`,
  );
  await withRoutes(rules, async ({ dir, port, servers, details, sites }) => {
    const root = dir.replace(/\/west$/, "");
    const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
    await Deno.writeTextFile(
      `${root}/north/deaf.yaml`,
      `apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata: { name: deaf }\nspec: { routingKey: web-deaf, host: 127.0.0.1, port: ${deaf.port}, type: http1 }\n`,
    );
    await until(async () => (await details("test")).status === "Ready");
    const west = sites["west"]!;
    const settings = `  settings: { tendril.access-log: path }\n`;
    const services = await Deno.readTextFile(`${dir}/services.yaml`);
    await Deno.writeTextFile(
      `${dir}/services.yaml`,
      services.replaceAll(/^ {2}type: .*\n/gm, (type) => type + settings),
    );
    const reload = await tendril("reload", "--dir", dir);
    assert.equal(reload.code, 0, reload.stderr);

    await t.step("a response that does not begin in time is answered 504", async () => {
      servers.south.silent = true;
      const answer = await ask("/late?secret=1");
      assert.equal(answer.status, 504);
      assert.match(answer.headers.get("proxy-status") ?? "", /^"west"; error=http_response_timeout; details="/);
      await answer.body?.cancel();
      servers.south.release();
      assert.equal((await (await ask("/late")).json()).name, "south", "the next one is not late");
    });

    await t.step("a request may take its time, as long as it moves", async () => {
      let pieces = 0;
      const body = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          await new Promise((resolve) => setTimeout(resolve, 400));
          if (++pieces > 7) controller.close();
          else controller.enqueue(new Uint8Array(10));
        },
      });
      const answer = await ask("/late", { method: "POST", body });
      assert.equal((await answer.json()).name, "south");
    });

    await t.step("a body that is malformed is answered, and logged, 400", async () => {
      const conn = await connect(port);
      await writeAll(
        conn,
        new TextEncoder().encode("POST /late HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"),
      );
      let answer = "";
      await readToEnd(conn, (piece) => answer += new TextDecoder().decode(piece));
      assert.match(answer, /^HTTP\/1\.1 400 .*"west"/s);
      conn.close();
    });

    await t.step("what was lost with its server goes to the next backend, if it may be repeated", async () => {
      assert.equal((await (await ask("/again")).json()).name, "north");
      const post = await ask("/again", { method: "POST", body: "x" });
      assert.equal(post.status, 502);
      assert.match(await post.text(), /Said by the Tendril \w+ of site "/);
    });

    await t.step("no attempt is more than the rule allows", async () => {
      const before = deaf.requests;
      const answer = await ask("/once");
      assert.equal(answer.status, 502);
      assert.match(await answer.text(), /of site "west" for HttpRoute "test", rule "once"/);
      assert.equal(deaf.requests, before + 1);
    });

    await t.step("answers of a rule and those of the rest of requests", async () => {
      for (const [path, status] of [["/no", 404], ["/", 200]] as const) {
        const answer = await ask(path);
        await answer.body?.cancel();
        assert.equal(answer.status, status);
      }
    });

    await t.step("each request has its line", async () => {
      await until(() => lines(west.output()).length >= 9);
      const told = lines(west.output()).map(({ method, path, status, key, site, rule, attempts }) =>
        [method, path, status, key, site, rule, attempts].join(" ")
      );
      assert.deepEqual(told, [
        "GET /late 504 web-south west late ",
        "GET /late 200 web-south south late ",
        "POST /late 200 web-south south late ",
        "POST /late 400 web-south west late ",
        "GET /again 200 web-north north again 2",
        "POST /again 502 web-deaf west again ",
        "GET /once 502 web-deaf west once ",
        "GET /no 404  west no ",
        "GET / 200 web east unmatched ",
      ]);
      assert.doesNotMatch(west.output(), /secret/);
      const [line] = lines(west.output()).slice(-1);
      assert.ok(typeof line?.["ms"] === "number" && Number(line["octets"]) > 0, JSON.stringify(line));
    });

    await t.step("the status counts them", async () => {
      const { requests, errors, retries, rules } = (await details("test")).details;
      assert.deepEqual([requests, errors, retries], [9, 3, 1]);
      assert.deepEqual(rules.map(({ name }) => name), ["late", "once", "again", "no", "unmatched"]);
      const counted = Object.values(rules[0]!.latencyMs).reduce((sum, count) => sum + count, 0);
      assert.equal(counted, 3);
    });
  }, ["--log-format", "json"]);
  deaf.stop();
});
