/** Answers that are lost on their way, when all of them has left: whoever asked hears of it. */

import assert from "node:assert/strict";
import { connect, server, writeAll } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { octetsOf, textOf } from "../adaptor/testing_http1.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { localAddress, mobileKey } from "../router/address.ts";
import { ACCEPTED, RELEASED } from "../router/flow.ts";
import { Router } from "../router/router.ts";
import { Taken, Taker } from "../router/testing_consumer.ts";
import { silentLogger } from "../telemetry/log.ts";
import { Connector } from "./connector.ts";
import { ANSWER_MS, InboundMessages } from "./inbound_messages.ts";
import { Listener } from "./listener.ts";
import { encodeSections } from "./message_sections.ts";
import { streamMessage, wholeMessage } from "./outbound_stream.ts";

const HEAD = {
  contentType: "",
  subject: "GET",
  properties: [
    [":version", { type: "string", value: "1.1" }],
    [":path", { type: "string", value: "/" }],
    ["Host", { type: "field", value: "h" }],
  ],
} as const;

/**
 * A request to a server that answers with `octets`, and what became of it: its outcome, and the answer. To the next one on the same
 * connection it says `then`, if that is something, and `said` is what it hears from then on.
 */
async function asked(octets: number, then = "") {
  const router = new Router({ id: "west", role: "edge" });
  let heard = "";
  const target = server(async (conn) => {
    const buffer = new Uint8Array(4096);
    await conn.read(buffer);
    await writeAll(conn, octetsOf(`HTTP/1.1 200 OK\r\nContent-Length: ${octets}\r\n\r\n${"x".repeat(octets)}`));
    if (await conn.read(buffer) === null) return;
    await writeAll(conn, octetsOf(then));
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
      heard += textOf(buffer.subarray(0, read));
    }
  });
  const { port } = target;
  const spec = { name: "c", routingKey: "web", host: "127.0.0.1", port };
  const connector = new Connector(spec, router, await loadBuiltin("http1"), silentLogger, () => {});
  await until(() => router.addresses.get(mobileKey("web")) !== undefined);
  /** Sends a request; with `fields` it is one for a tunnel, and stays open. */
  const ask = async (fields: readonly (readonly [string, string])[] = []) => {
    let answer: Taken | undefined;
    const outcomes: (string | undefined)[] = [];
    const reply = router.replies.add({ deliver: (message, upstream) => answer = new Taken(message, upstream) });
    const envelope = {
      to: "web",
      replyTo: localAddress(reply.name, router.identity),
      messageId: { type: "ulong" as const, value: 1n },
    };
    const more = fields.map(([key, value]) => [key, { type: "field" as const, value }] as const);
    const sections = encodeSections(envelope, { ...HEAD, properties: [...HEAD.properties, ...more] }).slice();
    const message = fields.length === 0 ? wholeMessage("web", sections) : streamMessage("web", sections);
    const downstream = router.route(message, {
      drained() {},
      consumerState(state: DeliveryState | undefined, settled: boolean) {
        if (settled) outcomes.push(state?.kind);
      },
    });
    if (fields.length === 0) downstream?.end();
    const isThere = () => answer !== undefined && (fields.length > 0 || isWhole(answer));
    await until(isThere);
    return { answer: answer!, outcomes, downstream };
  };
  return {
    ...await ask(),
    ask,
    said: () => heard,
    stop: async () => {
      connector.stop();
      await until(() => connector.status().connections === 0);
      target[Symbol.dispose]();
    },
  };
}

function isWhole({ events, message }: Taken): boolean {
  return events.includes("end") || message.complete;
}

Deno.test("lost answers: a request is accepted when its long answer has come, and fails when that is lost", async () => {
  for (const [state, outcome] of [[ACCEPTED, "accepted"], [RELEASED, "modified"]] as const) {
    const { answer, outcomes, stop } = await asked(200_000);
    assert.deepEqual(outcomes, [], "nobody knows yet whether the answer comes");
    answer.upstream.consumerState(state, true);
    assert.deepEqual(outcomes, [outcome]);
    await stop();
  }
});

Deno.test("lost answers: a tunnel on the same connection to the server lives on", async () => {
  const { answer, ask, said, stop } = await asked(
    200_000,
    "HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
  );
  const tunnel = await ask([["Connection", "Upgrade"], ["Upgrade", "x"]]);
  answer.upstream.consumerState(RELEASED, true);
  tunnel.downstream?.write(Uint8Array.of(0x00, 0x53, 0x75, 0xa0, 4, ...octetsOf("ping")));
  await until(() => said().endsWith("ping"));
  tunnel.downstream?.end();
  await stop();
});

Deno.test("lost answers: a short one can be sent again, so its request is accepted at once", async () => {
  const { outcomes, stop } = await asked(20);
  assert.deepEqual(outcomes, ["accepted"]);
  await stop();
});

Deno.test("lost answers: one that does not come though its request was accepted is given up after a while", () => {
  const nothing = () => {};
  const inbound = new InboundMessages({
    site: undefined,
    wantsRest: true,
    pending: () => 0,
    onHead: nothing,
    onData: nothing,
    accept: nothing,
    onEnd: nothing,
    onBroken: nothing,
    onDone: nothing,
    onRefused: nothing,
  });
  for (const stream of [1, 3]) inbound.expect(stream);
  inbound.expectSoon(1);
  assert.deepEqual([inbound.overdue(5000), inbound.overdue(5000 + ANSWER_MS)], [[], []]);
  assert.deepEqual(inbound.overdue(5001 + ANSWER_MS), [1]);
  inbound.expectNoMore(1);
  assert.deepEqual(inbound.overdue(1e9), [], "the server may take its time for the other one");
});

Deno.test("lost answers: the client's request goes elsewhere then, if it may be repeated", async () => {
  const router = new Router({ id: "west", role: "edge" });
  const taker = new Taker();
  router.addresses.add(mobileKey("web"), taker);
  const spec = { name: "l", routingKey: "web", host: "127.0.0.1", port: 0 };
  const listener = new Listener(spec, router, await loadBuiltin("http1"), silentLogger, () => {});
  await until(() => listener.status().open);
  const client = await connect(listener.status().port);
  await writeAll(client, octetsOf("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  await until(() => taker.taken.length === 1);
  taker.taken[0]!.upstream.consumerState(ACCEPTED, true);
  await until(() => taker.taken.length === 2);
  client.close();
  listener.stop();
  await until(() => listener.status().connections === 0);
});
