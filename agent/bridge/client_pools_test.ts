import { deepEqual, equal } from "node:assert/strict";
import { server } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { NO_ANNOTATIONS } from "../router/annotations.ts";
import { DISCARD, type Message, type Upstream } from "../router/flow.ts";
import { listening } from "../router/testing_consumer.ts";
import { headOf } from "./http_rules/testing_heads.ts";
import { adaptorConfig } from "./adaptor_config.ts";
import { ClientPools, MAX_CLIENTS } from "./client_pools.ts";
import { encodeSections } from "./message_sections.ts";
import { KeptRoom } from "./repeatable_message.ts";
import { TargetPool } from "./target_pool.ts";
import { Traffic } from "./traffic.ts";

const ANSWER = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
const nothing = () => {};

/** A server that answers at once, or never; and pools of connections to it. */
async function pools(answers: boolean) {
  const target = server(async (conn) => {
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null) if (answers) await conn.write(ANSWER);
  });
  const adaptor = await loadBuiltin("http1");
  const made: string[] = [];
  const gone: number[] = [];
  const pools = new ClientPools(
    (client) => {
      made.push(client);
      return new TargetPool({
        adaptor,
        config: adaptorConfig("east", "key"),
        site: "east",
        logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
        logFields: {},
        traffic: new Traffic(),
        dial: () => Deno.connect({ hostname: "127.0.0.1", port: target.port }),
        route: (_message, upstream) => {
          queueMicrotask(() => upstream.consumerState({ kind: "accepted" }, true));
          return DISCARD;
        },
        onReached: nothing,
        onDone: nothing,
        onAgain: nothing,
        kept: new KeptRoom(),
      });
    },
    () => gone.push(1),
  );
  /** Sends a request of `client`; resolves to its outcome when it is answered. */
  const ask = async (client: string | undefined): Promise<DeliveryState | undefined> => {
    const upstream = listening();
    pools.deliver(request(client), upstream).end();
    await until(() => upstream.heard.length > 0);
    return upstream.heard[0]?.[0];
  };
  return { target, pools, made, gone, ask };
}

function request(client: string | undefined): Message {
  const envelope = { to: "key", replyTo: "r", messageId: { type: "ulong", value: 1n }, client } as const;
  return {
    address: "key",
    annotations: NO_ANNOTATIONS,
    start: encodeSections(envelope, headOf("GET /", "Host: h")),
    complete: true,
    presettled: false,
    overridden: false,
    priority: 4,
    origin: undefined,
  };
}

Deno.test("client pools: requests of one client share connections, those of several never do", async () => {
  const { target, pools: all, made, ask } = await pools(true);
  using _target = target;
  for (const client of ["A", "B", "A", undefined, "B", undefined]) equal((await ask(client))?.kind, "accepted");
  deepEqual([made, all.size], [["A", "B", ""], 3]);
  all.stop();
});

Deno.test("client pools: of too many clients, those that have been silent for longest lose their idle connections", async () => {
  const { target, pools: all, made, ask } = await pools(true);
  using _target = target;
  for (let at = 0; at < MAX_CLIENTS; at++) await ask(`${at}`);
  await ask("0");
  for (const client of ["more", "most"]) await ask(client);
  await until(() => all.size <= MAX_CLIENTS);
  made.length = 0;
  // The first one has been heard of since.
  for (const client of ["0", "3", "1", "2"]) await ask(client);
  deepEqual(made, ["1", "2"]);
  all.stop();
});

Deno.test("client pools: who waits for an answer keeps the connection, however many clients come", async () => {
  const { target, pools: all, made } = await pools(false);
  using _target = target;
  const count = MAX_CLIENTS + 10;
  const upstreams: (Upstream & { heard: unknown[] })[] = [];
  for (let at = 0; at < count; at++) {
    upstreams.push(listening());
    all.deliver(request(`${at}`), upstreams.at(-1)!).end();
  }
  await until(() => all.size === count);
  equal(made.length, count);
  deepEqual(upstreams.flatMap(({ heard }) => heard), []);
  all.stop();
  equal(upstreams.flatMap(({ heard }) => heard).length, count);
});

Deno.test("client pools: after a rush of clients, no more of them are kept than before", async () => {
  const { target, pools: all, made, ask } = await pools(true);
  using _target = target;
  const rush = MAX_CLIENTS * 2;
  await Promise.all(Array.from({ length: rush }, (_, at) => ask(`${at}`)));
  await ask("later");
  await until(() => all.size <= MAX_CLIENTS);
  made.length = 0;
  await ask("0");
  deepEqual(made, ["0"]);
  all.stop();
});

Deno.test("client pools: what is too long to name a client names none", async () => {
  const { target, pools: all, made, ask } = await pools(true);
  using _target = target;
  await ask("x".repeat(1000));
  deepEqual(made, [""]);
  all.stop();
});

Deno.test("client pools: a message that ends before its head makes no connection", async () => {
  const { target, pools: all, made, gone } = await pools(true);
  using _target = target;
  const whole = request("A");
  all.deliver({ ...whole, start: whole.start.subarray(0, 20) }, listening()).abort();
  deepEqual([made, gone], [[], [1]]);
});
