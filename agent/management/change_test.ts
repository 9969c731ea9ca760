import assert from "node:assert/strict";
import { change } from "./change.ts";
import type { Configuration } from "./configured.ts";
import { map } from "./values.ts";

const NOTHING: Configuration = {
  entities: () => [],
  create: () => Promise.resolve(),
  update: () => Promise.resolve(),
  delete: () => Promise.resolve(),
};

Deno.test("change: a flag is one of a few words, and none that every object knows", async () => {
  const create = async (flag: string) => {
    const properties = [["operation", "CREATE"], ["type", "listener"], ["name", "a"]] as const;
    return (await change(NOTHING, { properties, body: map([["http", flag]]) })).status;
  };
  for (const flag of ["yes", "TRUE", "on", "no", "false", "Off"]) assert.equal(await create(flag), 201, flag);
  for (const flag of ["", "maybe", "constructor", "toString", "__proto__"]) assert.equal(await create(flag), 400, flag);
});
