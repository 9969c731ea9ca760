import assert from "node:assert/strict";
import { isResourceName } from "./schema.ts";

Deno.test("names: those of Kubernetes are taken, with dots in them, and nothing that leads out of a folder", () => {
  const good = ["a", "7", "web", "my.db", "web.example.com", "a-b.c-d", "1.5", "a".repeat(253)];
  const bad = ["", ".", "..", ".a", "a.", "a..b", "a/b", "../a", "a.-b", "a-.b", "-a", "a-", "A", "a_b", "a b", "a\nb"];
  for (const name of good) assert.ok(isResourceName(name), name);
  for (const name of [...bad, "a".repeat(254)]) assert.ok(!isResourceName(name), name);
});
