/**
 * A folder outlives the version that wrote it: one of an earlier version runs as it is (`tests/data/site_folder`), and one
 * with things that only a later version knows runs all the same.
 */

import assert from "node:assert/strict";
import { createAuthority, issue } from "../../agent/pki/authority.ts";
import type { TlsCredentials } from "../../agent/transport/channel.ts";
import { ask } from "../support/exchange.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, untilListening } from "../support/processes.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const DATA = new URL("../data/site_folder/", import.meta.url).pathname;
const GRANT = "hub/grants/AccessGrant-c2b1760e-c809-4f27-a6dd-c191585aa77b.yaml";
const FILES = [
  "hub/RouterAccess-hub.yaml",
  "hub/services.yaml",
  "hub/grants/SecuredAccess-skupper-grant-server.yaml",
  GRANT,
  "west/Link-hub-c2b1760e-c809-4f27-a6dd-c191585aa77b.yaml",
  "west/services.yaml",
  "west.token",
];

/** Replaces the texts that `changes` names in the file `path`. */
async function change(path: string, changes: ReadonlyArray<readonly [RegExp, string]>): Promise<void> {
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, changes.reduce((text, [from, to]) => text.replace(from, to), text));
}

/** Puts credentials where they were taken out. */
async function fill(path: string, { ca, cert, key }: TlsCredentials): Promise<void> {
  const values = [["ca.crt", ca], ["tls.crt", cert], ["tls.key", key]] as const;
  await change(path, values.map(([name, text]) => [new RegExp(`^  ${name}: .*$`, "m"), `  ${name}: ${btoa(text)}`]));
  await Deno.chmod(path, 0o600);
}

/** The recorded folders in `dir`, with credentials and ports of now. */
async function recorded(dir: string, targetPort: number, port: number): Promise<void> {
  const { code, stderr } = await run("cp", ["-r", `${DATA}hub`, `${DATA}west`, `${DATA}west.token`, dir]);
  assert.equal(code, 0, stderr);
  const now = Date.now();
  const common = { client: true, server: true, years: 1, now };
  const authority = await createAuthority({ commonName: "skupper-site-ca", years: 1, now });
  const hosts = ["127.0.0.1"];
  await fill(`${dir}/hub/Secret-skupper-site-ca.yaml`, authority);
  await fill(`${dir}/hub/Secret-hub.yaml`, await issue({ ...common, authority, commonName: "hub", hosts }));
  await fill(`${dir}/${FILES[4]}`, await issue({ ...common, authority, commonName: "west", hosts: [] }));
  const grants = await createAuthority({ commonName: "skupper-grant-server-ca", years: 1, now });
  await fill(`${dir}/hub/grants/Secret-skupper-grant-server-ca.yaml`, grants);
  const served = await issue({ ...common, authority: grants, commonName: "skupper-grant-server", hosts });
  await fill(`${dir}/hub/grants/Secret-skupper-grant-server.yaml`, served);
  const [edge, interior, tokens] = [freePort(), freePort(), freePort()];
  const lines = grants.cert.trim().replaceAll("\n", "\n    ");
  for (const file of FILES) {
    await change(`${dir}/${file}`, [
      [/\b47671\b/g, `${edge}`],
      [/\b57671\b/g, `${interior}`],
      [/\b19091\b/g, `${tokens}`],
      [/\b18090\b/g, `${targetPort}`],
      [/\b18091\b/g, `${port}`],
      [/^ {4}taken out$/m, `    ${lines}`],
      [/expirationTime: .*/, `expirationTime: ${new Date(now + 900_000).toISOString()}`],
    ]);
  }
}

Deno.test("versions: folders of an earlier version run as they are, and with what only a later one knows", async (t) => {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const port = freePort();
  const running: Process[] = [];
  const begin = async () => {
    for (const name of ["hub", "west"]) running.push(startTendril(name, ["run", `${dir}/${name}`]));
    await untilListening(port, running[1], LIMIT_MS);
    assert.equal((await ask(port, new Uint8Array(1000))).length, 1000);
  };
  const end = () => Promise.all(running.splice(0).map((process) => process.stop()));
  const redeem = async () => {
    const { code, stderr } = await tendril("token", "redeem", `${dir}/west.token`);
    return code === 0 ? "redeemed" : /error\[(\w+)\]/.exec(stderr)?.[1];
  };
  try {
    await recorded(dir, target.port, port);
    await t.step("an earlier one: links, services, and a token with the uses that it has left", async () => {
      await begin();
      await until(() => running[0]!.output().includes("tokens can be redeemed"), LIMIT_MS);
      assert.equal(await redeem(), "redeemed");
      assert.match(await Deno.readTextFile(`${dir}/${GRANT}`), /^ {2}redemptions: 2$/m);
      for (const { output } of running) assert.ok(!/ERROR|is not (known|used)/.test(output()), output());
      await end();
    });
    await t.step("a later one: what is not known is told of, and does no harm", async () => {
      for (const name of ["hub/RouterAccess-hub.yaml", FILES[4]!]) {
        await change(`${dir}/${name}`, [[/(kind: (?:RouterAccess|Link)[\s\S]*?spec:\n)/, "$1  later: {a: [1]}\n"]]);
      }
      await change(`${dir}/west/Site-west.yaml`, [[
        /metadata:\n/,
        "metadata:\n  annotations: {tendril.dev/later: x}\n",
      ]]);
      await change(`${dir}/hub/Secret-hub.yaml`, [[/^data:\n/m, "data:\n  later.pem: eA==\n"]]);
      await change(`${dir}/${GRANT}`, [[/^spec:\n/m, "spec:\n  later: x\n"], [/^status:\n/m, "status:\n  later: x\n"]]);
      await Deno.writeTextFile(
        `${dir}/west/Later-x.yaml`,
        "apiVersion: tendril.dev/v1beta9\nkind: Later\nmetadata: {name: x}\nspec: {any: thing}\n",
      );
      for (const name of ["later", "run/later"]) await Deno.mkdir(`${dir}/hub/${name}`, { recursive: true });
      await begin();
      const [hub, west] = running;
      assert.match(hub!.output(), /RouterAccess hub: spec\.later is not known and was ignored/);
      assert.match(west!.output(), /kind Later of tendril\.dev\/v1beta9 is not used and was ignored/);
      await until(() => hub!.output().includes("tokens can be redeemed"), LIMIT_MS);
      assert.deepEqual([await redeem(), await redeem()], ["redeemed", "TOKEN_USED_UP"]);
      for (const { output } of running) assert.ok(!/ERROR/.test(output()), output());
    });
  } catch (error) {
    console.error(running.map((process) => `--- ${process.name}\n${process.output().slice(-3000)}`).join("\n"));
    throw error;
  } finally {
    await end();
    await Deno.remove(dir, { recursive: true });
  }
});
