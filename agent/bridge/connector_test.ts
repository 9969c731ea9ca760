import { deepEqual, equal, match } from "node:assert/strict";
import { freePort } from "../../tests/support/processes.ts";
import { server } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { mobileKey } from "../router/address.ts";
import { Router } from "../router/router.ts";
import { listening } from "../router/testing_consumer.ts";
import type { LogFields, Logger } from "../telemetry/log.ts";
import { Connector } from "./connector.ts";
import { streamMessage } from "./outbound_stream.ts";
import { encodeStreamHead } from "./stream_head.ts";

const TCP_HEAD = { contentType: "application/octet-stream", properties: [] };

async function connectorTo(port: number) {
  const router = new Router({ id: "east", role: "edge" });
  const logged: [string, LogFields | undefined][] = [];
  const take = (message: string, fields?: LogFields) => void logged.push([message, fields]);
  const logger: Logger = { debug: take, info: take, warn: take, error: take };
  const spec = { name: "c", routingKey: "key", host: "127.0.0.1", port };
  const connector = new Connector(spec, router, await loadBuiltin("tcp"), logger, () => {});
  return { connector, router, logged };
}

Deno.test("connector: a stream of another protocol is released, so that another consumer may take it", async () => {
  using target = server(async (conn) => void await conn.read(new Uint8Array(1)));
  const { connector, logged } = await connectorTo(target.port);
  const upstream = listening();
  const head = encodeStreamHead("key", "amqp:/_edge/west/temp.1", { contentType: "text/plain", properties: [] });
  connector.deliver(streamMessage("key", head), upstream);
  await until(() => upstream.heard.length > 0);
  deepEqual(upstream.heard, [[{ kind: "released" }, true]]);
  match(String(logged.at(-1)?.[1]?.["reason"]), /adaptor error 1: content-type is not/);
  deepEqual([connector.outstanding, connector.status().connections], [0, 0]);
  connector.stop();
});

Deno.test("connector: a head that is none is rejected", async () => {
  using target = server(async (conn) => void await conn.read(new Uint8Array(1)));
  const { connector } = await connectorTo(target.port);
  const upstream = listening();
  connector.deliver(streamMessage("key", new Uint8Array([0x40])), upstream);
  await until(() => upstream.heard.length > 0);
  equal(upstream.heard[0]?.[0]?.kind, "rejected");
  equal(connector.outstanding, 0);
  connector.stop();
});

Deno.test("connector: a target that refuses is a failed delivery, and status and log say which target and why", async () => {
  const port = freePort();
  const { connector, logged } = await connectorTo(port);
  const upstream = listening();
  connector.deliver(streamMessage("key", encodeStreamHead("key", "r", TCP_HEAD)), upstream);
  await until(() => upstream.heard.length > 0);
  deepEqual(upstream.heard, [[{ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true]]);
  match(connector.status().message, new RegExp(`^can't reach 127.0.0.1:${port}: .*refused`, "i"));
  deepEqual(logged.map(([message, fields]) => [message, fields?.["routingKey"]]), [["target refused", "key"]]);
  connector.stop();
});

Deno.test("connector: a client that leaves while its target is dialled is not connected", async () => {
  let clients = 0;
  using target = server((conn) => {
    clients++;
    return conn.read(new Uint8Array(1)).then(() => {});
  });
  const { connector } = await connectorTo(target.port);
  const upstream = listening();
  connector.deliver(streamMessage("key", encodeStreamHead("key", "r", TCP_HEAD)), upstream).abort();
  await until(() => connector.outstanding === 0 && clients === 1);
  deepEqual([upstream.heard, connector.status().connections], [[], 0]);
  connector.stop();
});

Deno.test("connector: stands for its key until it refuses new streams", async () => {
  const { connector, router } = await connectorTo(freePort());
  const reachable: boolean[] = [];
  const unwatch = router.addresses.watch(mobileKey("key"), undefined, (now) => reachable.push(now));
  connector.refuseNew();
  await until(() => reachable.at(-1) === false);
  equal(reachable[0], true);
  unwatch();
  connector.stop();
});
