import assert from "node:assert/strict";
import { mobileKey } from "../router/address.ts";
import { Router } from "../router/router.ts";
import { Taker } from "../router/testing_consumer.ts";
import type { KeyStrategy } from "../site/spec.ts";
import { RoutingKeys } from "./routing_keys.ts";

function keys(strategy: KeyStrategy) {
  const router = new Router({ id: "west", role: "edge" });
  const serve = (key: string) => router.addresses.add(mobileKey(key), new Taker());
  return { keys: new RoutingKeys(strategy, router), serve };
}

/** How often each key is chosen in `count` times. */
function spread(keys: RoutingKeys, count: number): Record<string, number> {
  const chosen: Record<string, number> = {};
  for (let at = 0; at < count; at++) {
    const key = keys.choose();
    chosen[key] = (chosen[key] ?? 0) + 1;
  }
  return chosen;
}

Deno.test("routing keys: by priority, the first that is served is taken, and taken again when it comes back", () => {
  const { keys: chosen, serve } = keys({ kind: "priority", keys: ["a", "b", "c"] });
  let changes = 0;
  chosen.onChange(() => changes++);
  serve("c");
  assert.equal(chosen.choose(), "c");
  const withdraw = serve("a");
  assert.deepEqual([chosen.choose(), chosen.reachable], ["a", ["a", "c"]]);
  withdraw();
  assert.equal(chosen.choose(), "c");
  serve("b");
  serve("a");
  assert.equal(chosen.choose(), "a");
  assert.equal(changes, 5);
  chosen.stop();
  assert.deepEqual(chosen.reachable, []);
});

Deno.test("routing keys: by weight, those that are served share exactly as their weights say", () => {
  const { keys: chosen, serve } = keys({ kind: "weighted", weights: { a: 5, b: 3, c: 2 } });
  serve("a");
  serve("b");
  const withdraw = serve("c");
  assert.deepEqual(spread(chosen, 1000), { a: 500, b: 300, c: 200 });
  withdraw();
  const { a, b, c } = spread(chosen, 800);
  assert.equal(c, undefined, "who does not serve gets none");
  assert.ok(Math.abs(a! - 500) <= 2 && Math.abs(b! - 300) <= 2, `${a} ${b}`);
  // A few clients in a row are not all of one key.
  serve("c");
  assert.equal(Object.keys(spread(chosen, 5)).length, 3);
  chosen.stop();
});
