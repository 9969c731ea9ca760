/** AccessGrants in the folder of a site that runs. */

import assert from "node:assert/strict";
import { until } from "../../../tests/support/until.ts";
import type { LogFields } from "../../telemetry/log.ts";
import { createSite } from "../create.ts";
import { loadSite } from "../load.ts";
import type { SiteSpec } from "../spec.ts";
import { GrantLedger } from "./ledger.ts";
import { listGrants } from "./list.ts";
import { SiteGrants } from "./site_grants.ts";

const PORTS = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };

/** The grants of a site on loopback, as `spec` has it after its AccessGrant was written with `fields`. */
async function withGrants(
  body: (
    grants: SiteGrants,
    write: (fields: string) => Promise<SiteSpec>,
    dir: string,
    logged: readonly string[],
  ) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  await createSite({ dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...PORTS });
  const logged: string[] = [];
  const log = (message: string, fields?: LogFields) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const grants = new SiteGrants({ dir, logger: { debug() {}, info: log, warn: log, error: log } }, () => {});
  const write = async (fields: string) => {
    const head = "apiVersion: skupper.io/v2alpha1\nkind: AccessGrant\nmetadata: {name: partner}\n";
    await Deno.writeTextFile(`${dir}/grant.yaml`, `${head}spec: {${fields}}\n`);
    return await loadSite(dir);
  };
  try {
    await body(grants, write, dir, logged);
  } finally {
    await grants.close();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("site grants: are made as soon as others can link to the site", () =>
  withGrants(async (grants, write, _dir, logged) => {
    const spec = await write("redemptionsAllowed: 2");
    await grants.apply({ ...spec, access: [] });
    assert.deepEqual(grants.status(), []);
    await grants.apply(spec);
    assert.deepEqual(grants.status().map(({ name, state, allowed }) => [name, state, allowed]), [[
      "partner",
      "ready",
      2,
    ]]);
    const [made] = grants.status();
    await grants.apply({ ...spec, access: [] });
    assert.deepEqual(grants.status(), [made], "the port for links may come back");
    await grants.apply({ ...spec, access: spec.access.map((port) => ({ ...port, host: "localhost" })) });
    assert.deepEqual(grants.status(), [made]);
    // Somebody else may have the port: it is the address that counts.
    await until(() => logged.some((line) => /tokens can.* redeemed.*localhost/.test(line)));
  }));

Deno.test("site grants: an AccessGrant that is broken for now keeps its tokens good", () =>
  withGrants(async (grants, write) => {
    await grants.apply(await write("redemptionsAllowed: 2"));
    const [made] = grants.status();
    const broken = await write("redemptionsAllowed: 5x");
    assert.deepEqual(broken.broken?.map(({ kind }) => kind), ["AccessGrant"]);
    await grants.apply(broken);
    await grants.apply(await write("redemptionsAllowed: 5"));
    assert.deepEqual(grants.status(), [{ ...made, allowed: 5 }]);
  }));

Deno.test("site grants: another host for links is followed by those that are out", () =>
  withGrants(async (grants, write) => {
    await grants.apply(await write("settings: {tendril.link-host: 10.0.0.9}"));
    const [made] = grants.status();
    await grants.apply(await write("settings: {tendril.link-host: hub.example.com}"));
    const [now] = grants.status();
    assert.equal(new URL(made!.url).hostname, "10.0.0.9");
    assert.equal(new URL(now!.url).hostname, "hub.example.com");
    assert.equal(new URL(now!.url).pathname, new URL(made!.url).pathname);
  }));

Deno.test("site grants: one whose AccessGrant goes while it is redeemed goes, too", () =>
  withGrants(async (grants, write, dir) => {
    const spec = await write("redemptionsAllowed: 2");
    await grants.apply(spec);
    const [{ uid, code } = { uid: "", code: "" }] = await listGrants(dir);
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: issued, resolve: end } = Promise.withResolvers<string>();
    const redeeming = new GrantLedger(dir).redeem(uid, new TextEncoder().encode(code), Date.now(), () => {
      begin();
      return issued;
    });
    await begun;
    const applied = grants.apply({ ...spec, grants: [] });
    // Whoever removes it without waiting has done so by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    end("link");
    assert.equal(await redeeming, "link");
    await applied;
    assert.deepEqual(await listGrants(dir), []);
  }));
