/** Both sides against what Skupper's own code has sent (`tests/data/tokens`). */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { until } from "../../../tests/support/until.ts";
import { freePort } from "../../../tests/support/ports.ts";
import { TendrilError } from "../../lib/errors.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { TestAuthority } from "../../transport/testing_certs.ts";
import { createSite } from "../create.ts";
import { prepareAccess } from "../grants/access.ts";
import { grantFile, grantsFolder, readGrant, writeGrant } from "../grants/grant.ts";
import { GrantServer } from "../grants/grant_server.ts";
import { redeemToken } from "./redeem.ts";
import { parseToken } from "./token_file.ts";

function data(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`../../../tests/data/tokens/${name}`, import.meta.url));
}

/** Redeems Skupper's token at a server that answers with the octets of a recording. */
async function redeemFrom(recording: string): Promise<Awaited<ReturnType<typeof redeemToken>> | TendrilError> {
  const tls = await (await TestAuthority.create("grants")).issue({ name: "grants", ips: ["127.0.0.1"] });
  const answer = await data(recording);
  const server = createServer({ cert: tls.cert, key: tls.key }, (socket) => {
    socket.on("error", () => {}).on("data", () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const token = parseToken(await data("token.yaml"), "token.yaml");
  assert.ok(token.kind === "access-token");
  const here = { ...token, ca: tls.ca, url: new URL(token.url.pathname, `https://127.0.0.1:${port}`) };
  try {
    return await redeemToken(here, "west");
  } catch (error) {
    assert.ok(error instanceof TendrilError);
    return error;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

Deno.test("skupper: the answer of its grant server becomes two links with the cost of the token", async () => {
  const redeemed = await redeemFrom("redeemed.http");
  assert.ok(!(redeemed instanceof TendrilError), String(redeemed));
  assert.equal(redeemed.name, "west-7d1c");
  assert.deepEqual(redeemed.links.map(({ name, cost }) => [name, cost]), [["west-7d1c-1", 3], ["west-7d1c-2", 3]]);
  const endpoints = redeemed.links.flatMap(({ endpoints }) => endpoints);
  assert.deepEqual(endpoints.map(({ role, host, port, group }) => `${role} ${host}:${port} ${group}`).sort(), [
    "edge hub.example.com:45671 skupper-router",
    "edge hub2.example.com:45671 skupper-router-2",
    "inter-router hub.example.com:55671 skupper-router",
    "inter-router hub2.example.com:55671 skupper-router-2",
  ]);
});

Deno.test("skupper: its refusal of a token that is used up is understood", async () => {
  const refusal = await redeemFrom("used_up.http");
  assert.ok(refusal instanceof TendrilError);
  assert.equal(refusal.code, "TOKEN_USED_UP");
});

Deno.test("skupper: the request of its sites is answered by a Tendril as they expect it, and counted", async () => {
  const dir = await Deno.makeTempDir();
  const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
  await createSite({ dir, name: "hub", edge: false, linkAccess: true, bind: "127.0.0.1", ...ports });
  const port = freePort();
  const { tls } = await prepareAccess(dir, "127.0.0.1", port, Date.now());
  // Skupper's own grant, before its first use.
  const recorded = readGrant(await data("grant.yaml"), "grant.yaml");
  assert.deepEqual([recorded.redemptions, recorded.allowed, recorded.window], [2, 2, "15m"]);
  const grant = { ...recorded, redemptions: 0, expires: Date.now() + 900_000 };
  const path = `${grantsFolder(dir)}/${grantFile(grant.uid)}`;
  await Deno.writeTextFile(path, writeGrant(grant));
  const server = await GrantServer.start(dir, "127.0.0.1", silentLogger);
  try {
    let answer = "";
    const socket = connect({
      host: "127.0.0.1",
      port,
      ca: tls.ca,
      servername: "localhost",
      checkServerIdentity() {
        return undefined;
      },
    });
    let closed = false;
    socket.on("secureConnect", async () => socket.write(await data("request.http")));
    socket.on("data", (chunk) => answer += chunk).on("error", () => {}).on("close", () => closed = true);
    await until(() => closed);
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 200 /);
    const kinds = [...body.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
    assert.deepEqual(kinds, ["Secret", "Link"], "one Secret, then Links until the end");
    assert.match(body, /^ {2}name: west-7d1c$/m, "the name that the request asks for");
    assert.equal(readGrant(await Deno.readTextFile(path), path).redemptions, 1);
  } finally {
    await server.close();
    await Deno.remove(dir, { recursive: true });
  }
});
