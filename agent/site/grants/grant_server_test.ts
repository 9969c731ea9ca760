import assert from "node:assert/strict";
import { freePort } from "../../../tests/support/ports.ts";
import { until } from "../../../tests/support/until.ts";
import { TendrilError } from "../../lib/errors.ts";
import type { LogFields } from "../../telemetry/log.ts";
import { createSite } from "../create.ts";
import { parseLinkFile } from "../link_file.ts";
import { redeemedYaml, redeemToken } from "../tokens/redeem.ts";
import { parseToken, type Token } from "../tokens/token_file.ts";
import { grantFile, grantsFolder, readGrant } from "./grant.ts";
import { GrantServer } from "./grant_server.ts";
import { issueToken, type TokenOptions } from "./issue_token.ts";

/** A site in a folder of its own that serves its grants, and what it has logged. */
class Stage implements AsyncDisposable {
  readonly logged: string[] = [];

  private constructor(readonly dir: string, private server: GrantServer | undefined) {}

  static async open(): Promise<Stage> {
    const dir = await Deno.makeTempDir();
    const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
    await createSite({ dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...ports });
    const stage = new Stage(dir, undefined);
    const log = (message: string, fields?: LogFields) => stage.logged.push(`${message} ${JSON.stringify(fields)}`);
    stage.server = await GrantServer.start(dir, "127.0.0.1", { debug() {}, info: log, warn: log, error: log });
    return stage;
  }

  async issue(options: Partial<TokenOptions> = {}): Promise<Token> {
    let text = "";
    const wanted = { dir: this.dir, redemptions: 1, window: "15m", cost: 1, ...options };
    await issueToken(wanted, (yaml) => {
      text = yaml;
      return Promise.resolve();
    });
    return parseToken(text, "token");
  }

  said(text: string): number {
    return this.logged.filter((line) => line.includes(text)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.close();
    await Deno.remove(this.dir, { recursive: true });
  }
}

async function outcome(token: Token): Promise<string> {
  const error = await redeemToken(token, "west").then(() => undefined, (error) => error);
  return error instanceof TendrilError ? error.code : String(error);
}

Deno.test("grant server: opens its port with the first token and serves later ones at once", async () => {
  await using stage = await Stage.open();
  const port = freePort();
  assert.equal(stage.said("tokens can be redeemed"), 0);
  const first = await stage.issue({ port });
  await until(() => stage.said("tokens can be redeemed") === 1);
  assert.equal(await outcome(first), "undefined");
  assert.equal(await outcome(await stage.issue()), "undefined");
  assert.equal(stage.said("tokens can be redeemed"), 1);
});

Deno.test("grant server: what it hands out is a link for both roles with a certificate of its own", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue({ port: freePort(), cost: 4, redemptions: 2 });
  await until(() => stage.said("tokens can be redeemed") === 1);
  const made = [await redeemToken(token, "west"), await redeemToken(token, "east")];
  const [west, east] = made.map((each) => parseLinkFile(redeemedYaml(each), "link")[0]!);
  assert.deepEqual(west!.endpoints.map(({ role, host, port }) => `${role} ${host} ${port}`), [
    "inter-router 127.0.0.1 55671",
    "edge 127.0.0.1 45671",
  ]);
  assert.deepEqual([west!.name, west!.cost], [token.name, 4]);
  assert.notEqual(west!.tls.cert, east!.tls.cert);
  assert.equal(west!.tls.ca, east!.tls.ca);
});

Deno.test("grant server: a token for another host or port moves the port, and the site follows", async () => {
  await using stage = await Stage.open();
  const [one, two] = [freePort(), freePort()];
  const first = await stage.issue({ port: one, redemptions: 2 });
  await until(() => stage.said(`"port":${one}`) === 1);
  // Another name: the certificate is issued anew, with the old name in it as well.
  const named = await stage.issue({ host: "localhost" });
  await until(() => stage.said(`"port":${one}`) === 2);
  assert.deepEqual([await outcome(first), await outcome(named)], ["undefined", "undefined"]);
  const moved = await stage.issue({ port: two });
  await until(() => stage.said(`"port":${two}`) === 1);
  assert.deepEqual([await outcome(moved), await outcome(first)], ["undefined", "TOKEN_UNREACHABLE"]);
});

Deno.test("grant server: a port that is taken is said once, and opened as soon as it is free", async () => {
  await using stage = await Stage.open();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const token = await stage.issue({ port: listener.addr.port });
  await until(() => stage.said("ACCEPT_PORT") === 1);
  // Long enough for several looks at the folder.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assert.equal(stage.said("ACCEPT_PORT"), 1);
  listener.close();
  await until(() => stage.said("tokens can be redeemed") === 1);
  assert.equal(await outcome(token), "undefined");
});

Deno.test("grant server: a site that can't issue says why in its log alone, and no use is spent", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue({ port: freePort() });
  assert.ok(token.kind === "access-token");
  await until(() => stage.said("tokens can be redeemed") === 1);
  const authority = `${stage.dir}/Secret-skupper-site-ca.yaml`;
  await Deno.rename(authority, `${stage.dir}/aside`);
  const refusal = await redeemToken(token, "west").then(() => undefined, (error) => error);
  assert.ok(refusal instanceof TendrilError);
  assert.equal(refusal.code, "TOKEN_REFUSED");
  assert.ok(!String(refusal.cause).includes("skupper-site-ca"));
  assert.equal(stage.said("no Secret skupper-site-ca"), 1);
  const file = `${grantsFolder(stage.dir)}/${grantFile(token.url.pathname.slice(1))}`;
  assert.equal(readGrant(await Deno.readTextFile(file), file).redemptions, 0);
  await Deno.rename(`${stage.dir}/aside`, authority);
  assert.equal(await outcome(token), "undefined");
});

Deno.test("grant server: files that are broken are named, and mended ones are taken", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue({ port: freePort() });
  await until(() => stage.said("tokens can be redeemed") === 1);
  const file = `${grantsFolder(stage.dir)}/SecuredAccess-skupper-grant-server.yaml`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("ports:", "parts:"));
  await until(() => stage.said("GRANT_STORAGE") === 1);
  assert.equal(stage.said("SecuredAccess-skupper-grant-server.yaml"), 1);
  await Deno.writeTextFile(file, text);
  await until(() => stage.said("the port for tokens has a new certificate") === 1);
  assert.equal(await outcome(token), "undefined");
});
