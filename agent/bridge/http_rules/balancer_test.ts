import { deepEqual, equal, ok } from "node:assert/strict";
import { Balancer, type Candidate } from "./balancer.ts";

function candidates(weights: Readonly<Record<string, number>>): (Candidate & { outstanding: number })[] {
  return Object.entries(weights).map(([routingKey, weight]) => ({ routingKey, weight, outstanding: 0 }));
}

function counts(chosen: readonly (Candidate | undefined)[]): Record<string, number> {
  const groups = Object.groupBy(chosen, (candidate) => candidate?.routingKey ?? "");
  return Object.fromEntries(Object.entries(groups).map(([key, all]) => [key, all!.length]));
}

Deno.test("balancer: round robin is even to the request, whatever the weights", () => {
  const balancer = new Balancer("RoundRobin");
  const three = candidates({ a: 5, b: 1, c: 1 });
  deepEqual(counts(Array.from({ length: 9999 }, () => balancer.choose(three, undefined))), {
    a: 3333,
    b: 3333,
    c: 3333,
  });
});

Deno.test("balancer: weights are kept to exactly, and the heavy one does not come in bursts", () => {
  const balancer = new Balancer("Weighted");
  const three = candidates({ a: 5, b: 1, c: 1 });
  const chosen = Array.from({ length: 7 }, () => balancer.choose(three, undefined)!.routingKey);
  deepEqual(chosen, ["a", "a", "b", "a", "c", "a", "a"]);
});

Deno.test("balancer: one that comes and goes takes its share from the others, and owes nobody", () => {
  const balancer = new Balancer("RoundRobin");
  const three = candidates({ a: 1, b: 1, c: 1 });
  const send = (number: number, some: typeof three) =>
    counts(Array.from({ length: number }, () => balancer.choose(some, undefined)));
  send(10, three);
  const two = send(100, three.slice(0, 2));
  ok(Math.abs(two["a"]! - 50) <= 2, JSON.stringify(two));
  const again = send(300, three);
  for (const key of ["a", "b", "c"]) ok(Math.abs(again[key]! - 100) <= 2, JSON.stringify(again));
});

Deno.test("balancer: priority takes the first that can be had", () => {
  const three = candidates({ a: 1, b: 1, c: 1 });
  const balancer = new Balancer("Priority");
  equal(balancer.choose(three, undefined)?.routingKey, "a");
  equal(balancer.choose(three.slice(1), undefined)?.routingKey, "b");
  equal(balancer.choose([], undefined), undefined);
});

Deno.test("balancer: the least outstanding gets the next, in proportion to weights; equals take turns", () => {
  const balancer = new Balancer<Candidate & { outstanding: number }>("LeastOutstanding");
  const two = candidates({ a: 1, b: 3 });
  for (let request = 0; request < 40; request++) balancer.choose(two, undefined)!.outstanding++;
  deepEqual(two.map(({ outstanding }) => outstanding), [10, 30]);
  const idle = candidates({ a: 1, b: 1 });
  deepEqual(counts(Array.from({ length: 10 }, () => balancer.choose(idle, undefined))), { a: 5, b: 5 });
});

Deno.test("balancer: a client stays where it is; when its backend goes, only such clients move", () => {
  const balancer = new Balancer("Sticky");
  const three = candidates({ a: 1, b: 1, c: 2 });
  const clients = Array.from({ length: 4000 }, (_, number) => `10.0.${number >> 8}.${number & 255}`);
  const before = clients.map((client) => balancer.choose(three, client)!);
  deepEqual(clients.map((client) => balancer.choose(three, client)!), before);
  const shares = counts(before);
  for (const [key, share] of [["a", 1000], ["b", 1000], ["c", 2000]] as const) {
    ok(Math.abs(shares[key]! - share) < share * 0.15, JSON.stringify(shares));
  }
  const after = clients.map((client) => balancer.choose(three.slice(1), client)!);
  for (const [at, was] of before.entries()) if (was.routingKey !== "a") equal(after[at], was);
});
