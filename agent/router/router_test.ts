import assert from "node:assert/strict";
import { Router } from "./router.ts";
import { listening, origin, routed, Taker } from "./testing_consumer.ts";

function edge() {
  const router = new Router({ id: "E1", role: "edge" });
  const up = new Taker({ origin: origin(true), cost: 1, remote: true });
  router.uplink = up;
  return { router, up };
}

const route = (router: Router, address: string, from?: Taker) => {
  return router.route(routed({ address, origin: from?.origin }), listening());
};

Deno.test("router: an edge sends up what it can't serve itself", () => {
  const { router, up } = edge();
  const own = new Taker();
  router.addresses.add("Mweb", own);
  for (const address of ["web", "elsewhere", "amqp:/_edge/E2/temp.1", "_topo/0/R1/$management"]) route(router, address);
  assert.equal(own.taken.length, 1);
  assert.deepEqual(up.taken.map(({ message }) => message.address), [
    "elsewhere",
    "amqp:/_edge/E2/temp.1",
    "_topo/0/R1/$management",
  ]);
});

Deno.test("router: what came down never goes back up", () => {
  const { router, up } = edge();
  assert.equal(route(router, "elsewhere", up), undefined);
  assert.equal(route(router, "mc/all", up), undefined);
  assert.equal(route(router, "_edge/E2/temp.1", up), undefined);
  assert.equal(up.taken.length, 0);
});

Deno.test("router: local names and empty addresses stay here", () => {
  const { router, up } = edge();
  assert.equal(route(router, "_local/nobody"), undefined);
  assert.equal(route(router, "_edge/E1/temp.gone"), undefined);
  assert.equal(route(router, ""), undefined);
  assert.equal(up.taken.length, 0);
});

Deno.test("router: a multicast reaches those here and goes up once", () => {
  const { router, up } = edge();
  const here = [new Taker(), new Taker()];
  for (const taker of here) router.addresses.add("Mmc/all", taker);
  route(router, "mc/all");
  router.addresses.add("Mmc/all", up);
  route(router, "mc/all");
  assert.deepEqual(here.map(({ taken }) => taken.length), [2, 2]);
  assert.equal(up.taken.length, 2, "once each time, reachable beyond or not");
});

Deno.test("router: without uplink and consumer nobody takes a message", () => {
  const router = new Router({ id: "R1", role: "interior" });
  assert.equal(route(router, "web"), undefined);
});

Deno.test("router: listeners of own addresses can stop listening, also while they are told", () => {
  const router = new Router({ id: "R1", role: "interior" });
  const heard: string[] = [];
  const stop = router.onOwnChange((key) => {
    heard.push(`first ${key}`);
    stop();
  });
  router.onOwnChange((key) => heard.push(`second ${key}`));
  router.addresses.add("Ma", new Taker());
  router.addresses.add("Mb", new Taker());
  assert.deepEqual(heard, ["first Ma", "second Ma", "second Mb"]);
});
