/** HTTP routes at a Listener with TLS. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { routeOf } from "../support/routed_network.ts";
import { withSecureNetwork } from "../support/secure_site.ts";
import { taggedServer, type Told } from "../support/tagged_servers.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

testWith(["curl"], "HTTP routes: requests over TLS are routed, and servers are told of it", async ({ curl }) => {
  const server = taggedServer("one");
  const authority = await TestAuthority.create("ca");
  const [port, port2] = [freePort(), freePort()];
  const more = { tlsCredentials: "web" };
  await withSecureNetwork({
    listeners: [{ key: "web", port, type: "http1", more }, { key: "web2", port: port2, type: "http2", more }],
    connectors: ["web", "web2", "other"].map((key) => ({ key, port: server.port, type: "http1" })),
    secrets: { web: await authority.issue({ name: "web", dns: ["localhost"] }) },
  }, async ({ dir }) => {
    await Deno.writeTextFile(`${dir}/ca.pem`, authority.pem);
    const rule = `{ name: all, backends: [{ routingKey: other }], forwarded: { fields: XForwarded } }`;
    await Deno.writeTextFile(`${dir}/west/route.yaml`, routeOf(rule));
    assert.equal((await tendril("reload", "--dir", `${dir}/west`)).code, 0);
    for (const listener of [port, port2]) {
      let told: Told | undefined;
      await until(async () => {
        const url = `https://localhost:${listener}/a`;
        const { stdout } = await run(curl!, ["-sS", "--max-time", "30", "--http2", "--cacert", `${dir}/ca.pem`, url]);
        told = JSON.parse(stdout);
        return told?.headers["x-forwarded-proto"] !== undefined;
      });
      assert.equal(told?.headers["x-forwarded-proto"], "https");
      assert.equal(told?.headers["x-forwarded-host"], `localhost:${listener}`);
    }
  });
  await server.stop();
});
