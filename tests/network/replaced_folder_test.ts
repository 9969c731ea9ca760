/** The folder of a running site gives way to another one, as when it is deployed anew. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

Deno.test("replaced folder: the site becomes what the new one says, follows it, and is found by commands", async () => {
  const above = await Deno.makeTempDir();
  const dir = `${above}/west`;
  const write = async (folder: string, ...keys: readonly string[]) => {
    const site = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {edge: true}\n";
    const connectors = keys.map((key) =>
      `---\napiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata: {name: ${key}}\n` +
      `spec: {routingKey: ${key}, host: 127.0.0.1, port: ${freePort()}}\n`
    );
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/site.yaml`, `${site}${connectors.join("")}`);
  };
  try {
    await write(dir, "first");
    await using site = startTendril("west", ["run", dir]);
    const told = (name: string) => new RegExp(`resource added kind=Connector name=${name}`).test(site.output());
    const answers = async () => (await tendril("status", "--dir", dir)).code === 0;
    await until(answers, LIMIT_MS);
    await write(`${above}/next`, "second");
    await Deno.rename(dir, `${above}/before`);
    await Deno.rename(`${above}/next`, dir);
    await until(() => told("second"), LIMIT_MS).catch(() => assert.fail(site.output()));
    await write(dir, "third");
    await until(() => told("third"), LIMIT_MS).catch(() => assert.fail(site.output()));
    await until(answers, LIMIT_MS);
  } finally {
    await Deno.remove(above, { recursive: true });
  }
});
