import assert from "node:assert/strict";
import { table } from "./columns.ts";

Deno.test("table: columns are as wide as they need to be, numbers stand to the right, what is missing is a dash", () => {
  const rows = [["a", 1, "x"], ["long name", 1000, null], ["b", null, ""]] as const;
  assert.deepEqual(table("Things", ["NAME", "COST", "NOTE"], rows, { colors: false }), [
    "Things",
    "  NAME       COST  NOTE",
    "  a             1  x",
    "  long name  1000  -",
    "  b             -",
  ]);
});

Deno.test("table: a column in which nothing stands is left out, and an empty table says so", () => {
  assert.deepEqual(table("T", ["A", "B"], [["x", ""]], { colors: false }), ["T", "  A", "  x"]);
  assert.deepEqual(table("T", ["A"], [], { colors: false }), ["T", "  none"]);
});

Deno.test("table: colours come only where they are asked for, and names can't bring their own", () => {
  const lines = (colors: boolean) => table("T", ["A"], [["\x1b[31mred"]], { colors }).join("\n");
  assert.ok(!lines(false).includes("\x1b"));
  assert.ok(lines(true).includes("\x1b[1mT\x1b[0m"));
  assert.ok(!lines(true).includes("\x1b[31m"));
});
