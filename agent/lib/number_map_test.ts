import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { NumberMap } from "./number_map.ts";

const key = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0xffff_ffff, 0x8000_0000, 0x7fff_ffff));
const step = fc.record({ action: fc.constantFrom("set", "set", "delete", "get"), key });

Deno.test("number map: behaves as a Map, whatever is set and deleted", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const expected = new Map<number, { at: number }>();
      const actual = new NumberMap<{ at: number }>();
      steps.forEach(({ action, key }, at) => {
        if (action === "set") {
          const value = { at };
          expected.set(key, value);
          actual.set(key, value);
        } else if (action === "delete") equal(actual.delete(key), expected.delete(key));
        else equal(actual.get(key), expected.get(key));
        equal(actual.size, expected.size);
      });
      const byNumber = (a: number, b: number) => a - b;
      deepEqual(actual.keys().sort(byNumber), [...expected.keys()].sort(byNumber));
      deepEqual(new Set(actual.values()), new Set(expected.values()));
    }),
  );
});

Deno.test("number map: ids that pass through by the thousand stay findable, and a full table empties again", () => {
  const map = new NumberMap<{ id: number }>();
  const value = (id: number) => ({ id });
  for (let id = 0; id < 10_000; id++) map.set(id, value(id));
  for (let id = 0; id < 10_000; id += 2) equal(map.delete(id), true);
  for (let id = 0; id < 10_000; id++) equal(map.get(id)?.id, id % 2 === 0 ? undefined : id);
  for (let id = 1; id < 10_000; id += 2) map.delete(id);
  equal(map.size, 0);
  map.set(7, value(7));
  deepEqual(map.keys(), [7]);
  map.clear();
  equal(map.get(7), undefined);
});
