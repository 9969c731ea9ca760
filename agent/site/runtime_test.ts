import assert from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { connect, echo, readInto, server, writeAll } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { silentLogger } from "../telemetry/log.ts";
import { linkTarget, startEdge } from "./runtime.ts";
import type { SiteSpec } from "./spec.ts";

/** An edge with a listener at `port`, if any, and a connector to `target`. */
function edge(port: number | undefined, target: number, protocol: string): SiteSpec {
  const place = { routingKey: "key", host: "127.0.0.1" };
  return {
    id: "1",
    name: "west",
    role: "edge",
    links: [],
    access: [],
    policies: [],
    listeners: port === undefined ? [] : [{ ...place, name: "here", port, protocol }],
    connectors: [{ ...place, name: "there", port: target, protocol: protocol === "auto" ? "http1" : protocol }],
  };
}

Deno.test("an edge that drains takes no new clients, whatever its folder says by then", async () => {
  using target = server(echo);
  const [port, other] = [freePort(), freePort()];
  const site = await startEdge(edge(port, target.port, "tcp"), { logger: silentLogger });
  await until(() => site.status().listeners[0]?.open === true);
  const client = await connect(port);
  const octet = new Uint8Array([7]);
  await writeAll(client, octet);
  assert.ok(await readInto(client, octet));
  let drained = false;
  const draining = site.drain(20_000).then(() => drained = true);
  assert.deepEqual(await site.apply(edge(other, target.port, "tcp")), []);
  for (const each of [port, other]) await assert.rejects(connect(each), /refused|reset/);
  assert.equal(drained, false);
  client.close();
  await draining;
});

Deno.test("a client that was about to speak when its listener went is answered once more", async () => {
  const target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("hi"));
  const port = freePort();
  const site = await startEdge(edge(port, target.addr.port, "auto"), { logger: silentLogger });
  await until(() => site.status().listeners[0]?.open === true);
  const client = await connect(port);
  const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await writeAll(client, request.subarray(0, 2));
  // By then it has been accepted, and what it speaks is not known.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await site.apply(edge(undefined, target.addr.port, "auto"));
  await writeAll(client, request.subarray(2));
  let text = "";
  const piece = new Uint8Array(1024);
  for (let count = await client.read(piece); count !== null; count = await client.read(piece)) {
    text += new TextDecoder().decode(piece.subarray(0, count));
  }
  assert.match(text, /^HTTP\/1\.1 200 /);
  client.close();
  await site.stop();
  await target.shutdown();
});

Deno.test("the endpoints of a link are shown as they are dialled, IPv6 addresses in brackets", () => {
  const target = linkTarget({
    name: "hub",
    cost: 1,
    measured: false,
    endpoints: [
      { role: "edge", group: "", host: "::1", port: 45671 },
      { role: "edge", group: "", host: "hub.example.com", port: 443 },
      { role: "inter-router", group: "", host: "::1", port: 55671 },
    ],
    tls: { ca: "", cert: "", key: "" },
    websocket: false,
  }, "edge");
  assert.equal(target.endpoint, "[::1]:45671 hub.example.com:443");
});
