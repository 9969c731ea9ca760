/** Tokens in the folder of a running site that can't be redeemed for now. */

import assert from "node:assert/strict";
import { until } from "../../../tests/support/until.ts";
import { TurnedClock } from "../../lib/testing_clock.ts";
import type { LogFields } from "../../telemetry/log.ts";
import { TestAuthority } from "../../transport/testing_certs.ts";
import { tokenYaml } from "../grants/issue_token.ts";
import { PendingTokens } from "./pending.ts";

Deno.test("pending tokens: what may pass is tried again, whatever else fails for good", async () => {
  const dir = await Deno.makeTempDir();
  const deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = deaf.addr as Deno.NetAddr;
  deaf.close();
  const { pem } = await TestAuthority.create("grants");
  const grant = { uid: "", allowed: 1, redemptions: 0, window: "15m", expires: 0, linkHost: "", code: "secret" };
  const url = `https://127.0.0.1:${port}/7f3c`;
  const site = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {edge: true}\n";
  await Deno.writeTextFile(`${dir}/site.yaml`, site);
  await Deno.writeTextFile(`${dir}/a.yaml`, tokenYaml({ ...grant, name: "passing", url, ca: pem }, 1));
  await Deno.writeTextFile(`${dir}/b.yaml`, tokenYaml({ ...grant, name: "broken", url, ca: "no PEM" }, 1));
  const failed: string[] = [];
  const error = (_: string, fields?: LogFields) => failed.push(`${fields?.["name"]} ${fields?.["code"]}`);
  const clock = new TurnedClock();
  const tokens = new PendingTokens(dir, { debug() {}, info() {}, warn() {}, error }, clock);
  tokens.look();
  await until(() => failed.length === 2);
  assert.deepEqual(failed, ["passing TOKEN_UNREACHABLE", "broken TOKEN_CA"]);
  tokens.look();
  clock.pass(29_999);
  assert.equal(failed.length, 2);
  clock.pass(1);
  await until(() => failed.length === 3);
  assert.equal(failed[2], "passing TOKEN_UNREACHABLE");
  tokens.stop();
  assert.equal(clock.waiting, 0);
  await Deno.remove(dir, { recursive: true });
});
