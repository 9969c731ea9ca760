import { deepEqual } from "node:assert/strict";
import { mobileKey } from "../router/address.ts";
import { Router } from "../router/router.ts";
import { Taker } from "../router/testing_consumer.ts";
import type { HttpRule } from "../site/http_route_spec.ts";
import { silentLogger } from "../telemetry/log.ts";
import { Exchanges } from "./exchanges.ts";
import { HttpDesk } from "./http_rules/http_desk.ts";
import { HttpRoute } from "./http_rules/http_route.ts";
import { headOf } from "./http_rules/testing_heads.ts";

const RULE: HttpRule = {
  name: "r",
  matches: [],
  backends: [{ routingKey: "web", weight: 1 }],
  strategy: "LeastOutstanding",
  responseSeconds: 0,
  idleSeconds: 0,
  retries: 3,
  circuit: {
    consecutiveFailures: 1,
    errorPercent: 0,
    minimumRequests: 1,
    intervalSeconds: 10,
    openSeconds: 0.2,
    halfOpenRequests: 1,
  },
};
const answer = (subject: string) => ({ contentType: "", subject, properties: [] });

/** The requests of a client, which all go to one place, and what became of them there. */
function requests() {
  const router = new Router({ id: "west", role: "edge" });
  router.addresses.add(mobileKey("web"), new Taker());
  const route = new HttpRoute({ name: "x", listeners: ["l"], rules: [RULE] }, {
    router,
    logger: silentLogger,
    onChange() {},
  });
  const told: unknown[] = [];
  const desk = new HttpDesk({
    listener: "l",
    routingKey: "own",
    site: "west",
    logger: { ...silentLogger, info: (_, fields) => told.push(fields?.["status"]) },
    now: () => performance.now(),
  });
  desk.route = route;
  desk.accessLog = "path";
  const exchanges = new Exchanges((head) => desk.open(head, { address: "10.0.0.1", proto: "http" }), {
    inTurn: (action) => action(),
    onHead() {},
    onData() {},
    onEnd() {},
    onBroken() {},
    sent: () => 0,
    giveUp() {},
  });
  const begin = (stream: number) => exchanges.begin(stream, headOf("GET /", "Host: h"));
  const hear = (stream: number, status: string) => exchanges.heard(stream, answer(status), "east", () => {});
  const backend = () => route.status().rules[0]!.backends[0]!;
  return { exchanges, begin, hear, backend, told, stop: () => route.stop() };
}

Deno.test("exchanges: a client that leaves inside an answer leaves nothing behind", () => {
  const { exchanges, begin, hear, backend, stop } = requests();
  for (let stream = 2; stream < 12; stream += 2) {
    begin(stream);
    hear(stream, "200");
    exchanges.givenUp(stream + 1);
    deepEqual([exchanges.get(stream), backend().outstanding], [undefined, 0]);
  }
  stop();
});

Deno.test("exchanges: an answer that breaks off, or its own rules, is a failure of who gave it", () => {
  for (const how of ["its rest", "its way"] as const) {
    const { exchanges, begin, hear, backend, stop } = requests();
    begin(2);
    hear(2, "200");
    const tell = () => exchanges.givenUp(3);
    if (how === "its rest") exchanges.moved(2, 10, tell);
    else exchanges.failed(2, "lost", tell);
    deepEqual([exchanges.get(2), backend().outstanding, backend().circuit], [undefined, 0, "open"], how);
    stop();
  }
});

Deno.test("exchanges: what the adaptor answers itself is told, and counts unless the client is to blame", () => {
  for (const [status, circuit] of [[504, "open"], [408, "closed"]] as const) {
    const { exchanges, begin, backend, told, stop } = requests();
    begin(2);
    exchanges.givenUp(2, status);
    deepEqual([told, backend().outstanding, backend().circuit], [[status], 0, circuit]);
    stop();
  }
});

Deno.test("exchanges: what the client did wrong closes no circuit", async () => {
  const { exchanges, begin, hear, backend, stop } = requests();
  begin(2);
  hear(2, "500");
  exchanges.ended(2);
  await new Promise((resolve) => setTimeout(resolve, 250));
  begin(4);
  exchanges.givenUp(4, 400);
  deepEqual([backend().outstanding, backend().circuit, begin(6)?.answer], [0, "half-open", undefined]);
  stop();
});

Deno.test("exchanges: a client that leaves inside the answer that was to close a circuit has it closed", async () => {
  const { exchanges, begin, hear, backend, stop } = requests();
  begin(2);
  hear(2, "500");
  exchanges.ended(2);
  deepEqual(backend().circuit, "open");
  await new Promise((resolve) => setTimeout(resolve, 250));
  begin(4);
  hear(4, "200");
  exchanges.givenUp(5);
  deepEqual([backend().circuit, begin(6)?.answer], ["closed", undefined]);
  stop();
});
