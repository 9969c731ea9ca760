import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { freePort } from "../../../tests/support/ports.ts";
import { connect, readToEnd, writeAll } from "../../../tests/support/tcp.ts";
import { until } from "../../../tests/support/until.ts";
import { loadBuiltin } from "../../adaptor/builtin.ts";
import { mobileKey } from "../../router/address.ts";
import { FAILED, RELEASED } from "../../router/flow.ts";
import { Router } from "../../router/router.ts";
import { Taker } from "../../router/testing_consumer.ts";
import type { HttpRouteSpec, HttpRule } from "../../site/http_route_spec.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { Listener } from "../listener.ts";
import { HttpRoute } from "./http_route.ts";
import { viewOf } from "./testing_heads.ts";

const RULE: HttpRule = {
  name: "r",
  matches: [],
  backends: [{ routingKey: "a", weight: 1 }, { routingKey: "b", weight: 1 }],
  strategy: "Priority",
  responseSeconds: 0,
  idleSeconds: 0,
  retries: 3,
};
const OF_PUT: HttpRule = { ...RULE, name: "put", matches: [{ method: "PUT", headers: [], queryParams: [] }] };

function routed(rules: readonly HttpRule[]) {
  const router = new Router({ id: "west", role: "edge" });
  const spec: HttpRouteSpec = { name: "x", listeners: ["l"], rules };
  const route = new HttpRoute(spec, { router, logger: silentLogger, onChange() {} });
  const serve = (key: string) => {
    const taker = new Taker();
    return { taker, withdraw: router.addresses.add(mobileKey(key), taker) };
  };
  return { router, route, spec, serve };
}

async function listening(rules: readonly HttpRule[], host = "127.0.0.1") {
  const network = routed(rules);
  const port = freePort();
  const spec = { name: "l", routingKey: "own", host, port, protocol: "http1" };
  const { router, route } = network;
  const listener = new Listener(spec, router, await loadBuiltin("http1"), silentLogger, () => {}, route);
  const stop = () => {
    listener.stop();
    route.stop();
  };
  return { ...network, listener, port, stop };
}

/** Sends a request that asks for the end of the connection; its answer. */
async function ask(port: number, line = "GET /"): Promise<string> {
  const conn = await connect(port);
  await writeAll(conn, new TextEncoder().encode(`${line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`));
  let text = "";
  await readToEnd(conn, (piece) => text += new TextDecoder().decode(piece));
  conn.close();
  return text;
}

Deno.test("route: it serves while somebody serves one of its keys, or the listener's own where it goes there", () => {
  const { route, serve } = routed([RULE]);
  deepEqual([route.serves(false), route.serves(true)], [false, false], "a rule for all leaves nothing to the own key");
  const { withdraw } = serve("b");
  equal(route.serves(false), true);
  withdraw();
  equal(route.serves(true), false);
  for (const rules of [[OF_PUT], [{ ...RULE, backends: [] }]]) {
    const { route: other } = routed(rules);
    deepEqual([other.serves(false), other.serves(true)], [false, true]);
    other.stop();
  }
  const { route: shut } = routed([{ ...RULE, backends: [], answer: 403 }]);
  equal(shut.serves(false), true, "what is answered here needs nobody");
  shut.stop();
  route.stop();
});

Deno.test("route: the first rule that a request fits decides; what fits none has a rule of its own", () => {
  const { route } = routed([OF_PUT, { ...RULE, name: "rest" }]);
  deepEqual(["PUT /", "GET /"].map((line) => route.fit(viewOf(line)).state.rule.name), ["put", "rest"]);
  route.stop();
  const { route: other } = routed([OF_PUT]);
  equal(other.fit(viewOf("GET /")).state.rule.name, "unmatched");
  other.stop();
});

Deno.test("route: a change keeps counts of rules by name, and looks at new keys", () => {
  const { route, spec, serve } = routed([RULE]);
  route.fit(viewOf("GET /")).state.counts.requests = 3;
  const { withdraw } = serve("c");
  route.change({ ...spec, rules: [{ ...RULE, backends: [{ routingKey: "c", weight: 1 }] }] });
  deepEqual([route.isReachable("a"), route.isReachable("c")], [undefined, true]);
  equal(route.status().rules[0]?.requests, 3);
  withdraw();
  equal(route.isReachable("c"), false);
  route.stop();
});

Deno.test("route: a listener is open while any key of its rules is served, and follows a change", async () => {
  const { listener, route, spec, serve, stop } = await listening([RULE]);
  const own = serve("own");
  equal(listener.status().open, false);
  const { withdraw } = serve("b");
  await until(() => listener.status().open);
  withdraw();
  await until(() => !listener.status().open);
  route.change({ ...spec, rules: [OF_PUT] });
  await until(() => listener.status().open);
  own.withdraw();
  await until(() => !listener.status().open);
  const again = serve("own");
  await until(() => listener.status().open);
  listener.useRoute(undefined);
  again.withdraw();
  await until(() => !listener.status().open);
  stop();
});

Deno.test("route: servers are told of the client, as IPv4 knows it, also where no rule fits the request", async () => {
  const forwarded = { fields: "XForwarded", trusted: [] } as const;
  const { listener, port, serve, stop, route, spec } = await listening([{ ...OF_PUT, forwarded }], "::");
  route.change({ ...spec, forwarded });
  const [own, a] = [serve("own").taker, serve("a").taker];
  await until(() => listener.status().open);
  const answers = [];
  for (const [line, taker] of [["GET /", own], ["PUT /", a]] as const) {
    answers.push(ask(port, `${line} HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6\r\nX-Rest:`).catch(() => ""));
    await until(() => taker.taken.length === 1);
    const [message] = taker.taken;
    // A symbol, then a string of nine octets.
    ok(message!.text.includes("X-Forwarded-For\xa1\t127.0.0.1"), message!.text);
    doesNotMatch(message!.text, /6\.6\.6\.6/);
  }
  stop();
  await Promise.all(answers);
});

Deno.test("route: a request that was released, or lost and may be repeated, goes to the next backend", async () => {
  for (const [line, state] of [["POST /", RELEASED], ["GET /", FAILED]] as const) {
    const { listener, port, serve, stop, route } = await listening([RULE]);
    const [a, b] = [serve("a").taker, serve("b").taker];
    await until(() => listener.status().open);
    const answer = ask(port, line);
    await until(() => a.taken.length === 1);
    a.taken[0]!.upstream.consumerState(state, true);
    await until(() => b.taken.length === 1);
    equal(a.taken.length, 1);
    equal(route.status().rules[0]?.retries, 1);
    stop();
    await answer.catch(() => {});
  }
});

Deno.test("route: with no attempts left the answer is one of ours, and so is what nobody serves", async () => {
  const { listener, port, serve, stop, route } = await listening([{ ...RULE, retries: 0 }]);
  const { taker, withdraw } = serve("a");
  await until(() => listener.status().open);
  const answer = ask(port);
  await until(() => taker.taken.length === 1);
  taker.taken[0]!.upstream.consumerState(FAILED, true);
  match(await answer, /^HTTP\/1.1 502 .*connection_terminated; .*HttpRoute "x", rule "r"/s);
  withdraw();
  match(await ask(port), /^HTTP\/1.1 503 .*"no site serves a backend of the rule".*site "west"/s);
  const [counts] = route.status().rules;
  deepEqual([counts?.requests, counts?.errors, counts?.retries], [2, 2, 0]);
  equal(counts?.backends[0]?.outstanding, 0);
  stop();
});
