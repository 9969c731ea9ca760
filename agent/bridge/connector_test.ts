import { deepEqual, equal, match } from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { server } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import type { AdaptorModule } from "../adaptor/action.ts";
import { AdaptorError } from "../adaptor/adaptor_error.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { MAX_FAULTS, QUARANTINE_MS } from "../adaptor/health.ts";
import { defaultLimits } from "../adaptor/limits.ts";
import { loadAdaptor } from "../adaptor/load.ts";
import { localAddress, mobileKey } from "../router/address.ts";
import { DISCARD } from "../router/flow.ts";
import { Router } from "../router/router.ts";
import { listening } from "../router/testing_consumer.ts";
import type { HealthCheckSpec } from "../site/spec.ts";
import type { LogFields, Logger } from "../telemetry/log.ts";
import { Connector } from "./connector.ts";
import { streamMessage } from "./outbound_stream.ts";
import { encodeStreamHead } from "./stream_head.ts";
import { LateReports, withoutWindow } from "./testing_late_reports.ts";
import { LARGEST_WINDOW_OCTETS, WINDOW_OCTETS } from "./window.ts";

const TCP_HEAD = { contentType: "application/octet-stream", properties: [] };

async function connectorTo(port: number, healthCheck?: HealthCheckSpec, adaptor?: AdaptorModule) {
  const router = new Router({ id: "east", role: "edge" });
  const logged: [string, LogFields | undefined][] = [];
  const take = (message: string, fields?: LogFields) => void logged.push([message, fields]);
  const logger: Logger = { debug: take, info: take, warn: take, error: take };
  const spec = { name: "c", routingKey: "key", host: "127.0.0.1", port, ...(healthCheck && { healthCheck }) };
  const connector = new Connector(spec, router, adaptor ?? await loadBuiltin("tcp"), logger, () => {});
  const reachable: boolean[] = [];
  const unwatch = router.addresses.watch(mobileKey("key"), undefined, (now) => reachable.push(now));
  const stop = () => {
    unwatch();
    connector.stop();
  };
  return { connector, router, logged, reachable, stop };
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

Deno.test("connector: where no way leads back to the client, the log does not speak of consumers", async () => {
  using target = server(async (conn) => void await conn.read(new Uint8Array(1)));
  const { connector, router, logged } = await connectorTo(target.port);
  // Known at first, and gone before the target has said anything.
  const reply = router.replies.add({
    deliver: (_, upstream) => {
      queueMicrotask(() =>
        upstream.consumerState({ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true)
      );
      return DISCARD;
    },
  });
  const head = encodeStreamHead("key", localAddress(reply.name, router.identity), TCP_HEAD);
  connector.deliver(streamMessage("key", head), listening());
  await until(() => logged.length > 0);
  match(String(logged.at(-1)?.[1]?.["reason"]), /the way back to the client was lost/);
  connector.deliver(streamMessage("key", encodeStreamHead("key", "amqp:/_edge/west/temp.1", TCP_HEAD)), listening());
  await until(() => logged.length > 1);
  match(String(logged.at(-1)?.[1]?.["reason"]), /the client is gone, or no way back/);
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
  const { connector, reachable, stop } = await connectorTo(freePort());
  connector.refuseNew();
  deepEqual(reachable, [true, false]);
  stop();
});

Deno.test("connector: what was sent before others knew that it leaves is served, and it counts as busy until then", async () => {
  using target = server(async (conn) => void await conn.read(new Uint8Array(1)));
  const { connector, router, reachable, stop } = await connectorTo(target.port);
  connector.refuseNew();
  deepEqual([reachable, connector.busy], [[true, false], true]);
  const message = streamMessage("key", encodeStreamHead("key", "amqp:/_edge/west/temp.1", TCP_HEAD));
  equal(router.route(message, listening()) === undefined, false);
  await until(() => connector.status().connections === 1);
  await until(() => router.route(message, listening()) === undefined, 2000);
  equal(connector.busy, true, "the stream goes on");
  stop();
  equal(connector.busy, false);
});

Deno.test("connector: while its adaptor is quarantined it does not serve its key, and its status says why", async () => {
  const bytes = await Deno.readFile(new URL("../adaptor/builtin/tcp.wasm", import.meta.url));
  const { digest } = await loadBuiltin("tcp");
  let now = 0;
  const adaptor = await loadAdaptor({ name: "tcp", bytes, digest }, defaultLimits, () => now);
  const { connector, reachable, stop } = await connectorTo(freePort(), undefined, adaptor);
  for (let fault = 0; fault < MAX_FAULTS; fault++) {
    adaptor.health.failed(new AdaptorError("ADAPTOR_TRAP", "it trapped"));
  }
  deepEqual(reachable, [true, false]);
  match(connector.status().message, /quarantined after 5 faults/);
  now += QUARANTINE_MS;
  await until(() => reachable.length === 3);
  deepEqual(reachable, [true, false, true]);
  equal(connector.status().message, "OK");
  stop();
});

Deno.test("connector: what was accepted before it refuses new streams is served, and counts as under way", async () => {
  let clients = 0;
  using target = server(async (conn) => {
    clients++;
    await conn.read(new Uint8Array(1));
  });
  const { connector, stop } = await connectorTo(target.port);
  const upstream = listening();
  const taken = connector.deliver(streamMessage("key", encodeStreamHead("key", "r", TCP_HEAD)), upstream);
  connector.refuseNew();
  equal(connector.busy, true, "a target that is being dialled is not forgotten");
  await until(() => connector.status().connections === 1 && clients === 1);
  deepEqual(upstream.heard, []);
  taken.abort();
  await until(() => !connector.busy);
  stop();
});

/** Octets that a stream of a target has ahead of its reports, at most, until it has so many. */
async function mostAhead(port: number, head: (replyTo: string) => Uint8Array, octets: number): Promise<number> {
  const { connector, router, stop } = await connectorTo(port);
  let reader: LateReports | undefined;
  const reply = router.replies.add({ deliver: (_, upstream) => reader = new LateReports(upstream) });
  const start = head(localAddress(reply.name, router.identity));
  const taken = connector.deliver(streamMessage("key", start), listening());
  await until(() => reader !== undefined && reader.received >= octets);
  reader!.stop();
  taken.abort();
  await until(() => !connector.busy);
  reply.remove();
  stop();
  return reader!.most;
}

Deno.test("connector: who permits it has more ahead of its reports than the protocol says, nobody else has", async () => {
  using target = server(async (conn) => {
    const piece = new Uint8Array(65_536);
    while (await conn.write(piece).catch(() => 0) > 0);
  });
  const ours = (replyTo: string) => encodeStreamHead("key", replyTo, TCP_HEAD);
  const theirs = (replyTo: string) => withoutWindow(ours(replyTo));
  const OCTETS = 40 * WINDOW_OCTETS;
  equal(await mostAhead(target.port, theirs, OCTETS) <= WINDOW_OCTETS, true);
  const most = await mostAhead(target.port, ours, OCTETS);
  equal(most > 1.5 * WINDOW_OCTETS && most <= LARGEST_WINDOW_OCTETS, true, `${most} octets ahead`);
});

const CHECK = { intervalSeconds: 0.1, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 2 };

Deno.test("connector: a target whose check fails does not serve its key until it passes again", async () => {
  let status = 500;
  using target = server(async (conn) => {
    await conn.read(new Uint8Array(1000));
    await conn.write(new TextEncoder().encode(`HTTP/1.1 ${status} x\r\n\r\n`));
  });
  const { connector, reachable, stop } = await connectorTo(target.port, { http: { path: "/ready" }, ...CHECK });
  deepEqual([reachable, connector.status().health?.result], [[false], "not checked yet"]);
  await until(() => connector.status().health?.checkedAt !== undefined);
  equal(connector.status().message, "unhealthy: the answer to GET /ready is 500");
  status = 200;
  await until(() => reachable.at(-1) === true);
  equal(connector.status().message, "OK");
  status = 503;
  await until(() => reachable.at(-1) === false);
  const { message, health } = connector.status();
  deepEqual([message, health?.healthy], ["unhealthy: the answer to GET /ready is 503", false]);
  status = 200;
  await until(() => reachable.at(-1) === true);
  deepEqual(reachable, [false, true, false, true]);
  stop();
});

Deno.test("connector: a target that hangs is as unhealthy as one that refuses, and is asked once at a time", async () => {
  let hangs = false;
  let most = 0;
  let clients = 0;
  using target = server(async (conn) => {
    most = Math.max(most, ++clients);
    if (!hangs) await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    while (await conn.read(new Uint8Array(1000)).catch(() => null) !== null);
    clients--;
  });
  const { connector, reachable, stop } = await connectorTo(target.port, {
    http: { path: "/" },
    ...CHECK,
    timeoutSeconds: 0.5,
  });
  await until(() => reachable.at(-1) === true);
  hangs = true;
  await until(() => reachable.at(-1) === false);
  equal(connector.status().message, "unhealthy: no answer within 0.5 s");
  equal(most, 1);
  stop();
  await until(() => clients === 0);
});

Deno.test("connector: a target that is up and down is held back, and its status says so", async () => {
  let status = 200;
  using target = server(async (conn) => {
    await conn.read(new Uint8Array(1000));
    await conn.write(new TextEncoder().encode(`HTTP/1.1 ${status} x\r\n\r\n`));
  });
  const { connector, reachable, stop } = await connectorTo(target.port, { http: { path: "/" }, ...CHECK });
  for (const changes of [1, 3]) {
    await until(() => reachable.length === changes + 1);
    status = 500;
    await until(() => reachable.length === changes + 2);
    status = 200;
  }
  await until(() => connector.status().health?.heldSeconds !== undefined);
  match(connector.status().message, /held back/);
  deepEqual(reachable, [false, true, false, true, false]);
  stop();
});

Deno.test("connector: a target that passes its checks again is not said to be out of reach any more", async () => {
  const healthCheck = { tcp: {}, intervalSeconds: 0.1, timeoutSeconds: 1, failureThreshold: 1, successThreshold: 1 };
  const first = server(async (conn) => void await conn.read(new Uint8Array(1)));
  const { connector, stop } = await connectorTo(first.port, healthCheck);
  await until(() => connector.status().health?.result === "OK");
  first[Symbol.dispose]();
  connector.deliver(streamMessage("key", encodeStreamHead("key", "r", TCP_HEAD)), listening());
  await until(() => connector.status().health?.healthy === false);
  using _second = server(async (conn) => void await conn.read(new Uint8Array(1)), first.port);
  await until(() => connector.status().health?.healthy === true);
  equal(connector.status().message, "OK");
  stop();
});
