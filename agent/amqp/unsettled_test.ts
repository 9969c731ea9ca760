import assert from "node:assert/strict";
import { type Listed, Unsettled } from "./unsettled.ts";

class Item implements Listed<Item> {
  older: Item | undefined;
  newer: Item | undefined;
}

Deno.test("unsettled: deliveries come and go in any order, and the list is that of a set", () => {
  const items = Array.from({ length: 12 }, () => new Item());
  const list = new Unsettled<Item>();
  const expected = new Set<Item>();
  let random = 1;
  for (let step = 0; step < 5000; step++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const item = items[(random >>> 8) % items.length];
    if (expected.has(item)) {
      list.delete(item);
      expected.delete(item);
    } else if ((random >>> 20) % 3 > 0) {
      list.add(item);
      expected.add(item);
    } else list.delete(item);
    assert.equal(list.size, expected.size);
    assert.deepEqual(
      list.values().map((item) => items.indexOf(item)),
      [...expected].map((item) => items.indexOf(item)),
    );
    assert.equal(list.has(item), expected.has(item));
  }
  list.clear();
  assert.equal(list.size, 0);
  assert.ok(items.every((item) => item.older === undefined && item.newer === undefined && !list.has(item)));
});
