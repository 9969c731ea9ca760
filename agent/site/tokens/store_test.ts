/** Tokens whose name is already that of something in the site that redeems them. */

import assert from "node:assert/strict";
import { serveHttps } from "../../transport/http_server.ts";
import { TestAuthority } from "../../transport/testing_certs.ts";
import { createSite } from "../create.ts";
import { writeLinkFile } from "../link_file.ts";
import { loadResources, loadSite } from "../load.ts";
import { redeemInto } from "./store.ts";

const SITE = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {linkAccess: default}\n";
const NAMES = { name: "grants", dns: ["localhost", "127.0.0.1"], ips: ["127.0.0.1"] };

/** What redeems the token `west` into a folder, and how often it was redeemed. */
interface Stage {
  readonly dir: string;
  /** Of the link that the token gives. */
  readonly cert: string;
  redeem(): ReturnType<typeof redeemInto>;
  redemptions(): number;
}

async function withToken(use: (stage: Stage) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  const tls = await (await TestAuthority.create("grants")).issue(NAMES);
  const credentials = await (await TestAuthority.create("far")).issue({ name: "west" });
  const endpoints = [{ role: "inter-router", host: "10.0.0.4", port: 55_671 }] as const;
  let redemptions = 0;
  const server = await serveHttps(
    { host: "127.0.0.1", port: 0, tls, maxConnections: 9, maxPerAddress: 9, maxBody: 999, timeoutMs: 9000 },
    (request) => {
      redemptions++;
      return Promise.resolve(
        new Response(writeLinkFile({ name: request.headers.get("name") ?? "", credentials, endpoints })),
      );
    },
    () => {},
  );
  const url = new URL(`https://127.0.0.1:${server.port}/7f3c`);
  const rest = { cost: undefined, expires: undefined, siteVersion: undefined };
  const token = { kind: "access-token", name: "west", url, code: "the code", ca: tls.ca, ...rest } as const;
  const dir = `${parent}/west`;
  try {
    await use({ dir, cert: credentials.cert, redeem: () => redeemInto(dir, token), redemptions: () => redemptions });
  } finally {
    await server.close();
    await Deno.remove(parent, { recursive: true });
  }
}

/** The site has the link of the token, and nothing in it is broken. */
async function assertLinked({ dir, cert }: Stage): Promise<void> {
  const { links, broken } = await loadSite(dir);
  assert.deepEqual(links.map(({ name, tls }) => [name, tls.cert]), [["west", cert]]);
  assert.deepEqual(broken?.filter(({ code }) => code !== undefined), []);
}

Deno.test("redeeming: a token of the name of the site leaves the certificate of its ports alone", () =>
  withToken(async (stage) => {
    const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
    await createSite({ dir: stage.dir, name: "west", edge: false, linkAccess: true, bind: "127.0.0.1", ...ports });
    const own = (await loadResources(stage.dir)).secrets.get("west");
    assert.deepEqual(await stage.redeem(), { file: "Link-west.yaml", links: ["west"], running: false });
    await assertLinked(stage);
    const { secrets, access } = await loadResources(stage.dir);
    assert.deepEqual(secrets.get("west"), own);
    assert.equal(access[0]?.tls?.cert, own?.get("tls.crt"));
  }));

Deno.test("redeeming: nor does it take the place of what the site has yet to make, or is given", () =>
  withToken(async (stage) => {
    await Deno.mkdir(`${stage.dir}/certs/west-1`, { recursive: true });
    await Deno.writeTextFile(`${stage.dir}/certs/west-1/password`, "x");
    await Deno.writeTextFile(`${stage.dir}/certs/west-1/ca.crt`, stage.cert);
    await Deno.writeTextFile(`${stage.dir}/site.yaml`, SITE);
    await stage.redeem();
    await assertLinked(stage);
    assert.deepEqual([...(await loadResources(stage.dir)).secrets.keys()], ["west-2", "west-1"]);
  }));

Deno.test("redeeming: a link that is there spends no use, even if it is broken for now", () =>
  withToken(async (stage) => {
    const link = "apiVersion: skupper.io/v2alpha1\nkind: Link\nmetadata: {name: west}\n" +
      "spec: {tlsCredentials: gone, endpoints: [{name: edge, host: a.example, port: 1}]}\n";
    await Deno.mkdir(stage.dir);
    await Deno.writeTextFile(`${stage.dir}/site.yaml`, `${SITE}---\n${link}`);
    await assert.rejects(stage.redeem(), { code: "TOKEN_REDEEMED" });
    assert.equal(stage.redemptions(), 0);
  }));
