import assert from "node:assert/strict";
import { PlaceTable } from "./places.ts";

Deno.test("places: two that exclude each other are found, whichever comes first and however they are written", () => {
  const clash = (one: string, other: string) => {
    const table = new PlaceTable();
    assert.equal(table.take(one, 80, "the first"), undefined);
    assert.equal(table.take(other, 81, "elsewhere"), undefined);
    return table.take(other, 80, "the second") !== undefined;
  };
  for (
    const [one, other, clashes] of [
      ["127.0.0.1", "127.0.0.1", true],
      ["127.0.0.1", "localhost", true],
      ["0.0.0.0", "10.0.0.1", true],
      ["10.0.0.1", "0.0.0.0", true],
      ["::", "10.0.0.1", true],
      ["", "::1", true],
      ["10.0.0.1", "10.0.0.2", false],
      ["127.0.0.1", "::1", false],
      ["a.example", "A.example", true],
    ] as const
  ) assert.equal(clash(one, other), clashes, `${one} and ${other}`);
});
