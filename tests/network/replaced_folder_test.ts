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
    // File systems may give the next folder the number of the last one.
    await Deno.remove(dir, { recursive: true });
    await write(dir, "fourth");
    await until(() => told("fourth"), LIMIT_MS).catch(() => assert.fail(site.output()));
    await until(answers, LIMIT_MS);
    await until(() => (site.output().match(/the folder was replaced/g)?.length ?? 0) === 2, LIMIT_MS);
    await write(dir, "fifth");
    await until(() => told("fifth"), LIMIT_MS).catch(() => assert.fail(site.output()));
  } finally {
    await Deno.remove(above, { recursive: true });
  }
});
