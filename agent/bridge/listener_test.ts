import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { connect, readToEnd } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { mobileKey } from "../router/address.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { FAILED, RELEASED } from "../router/flow.ts";
import { Router } from "../router/router.ts";
import { listening, Taker } from "../router/testing_consumer.ts";
import type { LogFields, Logger } from "../telemetry/log.ts";
import { Listener } from "./listener.ts";
import { streamMessage } from "./outbound_stream.ts";
import { decodeStreamHead, encodeStreamHead } from "./stream_head.ts";
import { LateReports, withoutWindow } from "./testing_late_reports.ts";
import { LARGEST_WINDOW_OCTETS, WINDOW_OCTETS } from "./window.ts";

async function listener(port = freePort()) {
  const router = new Router({ id: "west", role: "edge" });
  const logged: [string, LogFields | undefined][] = [];
  const take = (message: string, fields?: LogFields) => void logged.push([message, fields]);
  const logger: Logger = { debug: take, info: take, warn: take, error: take };
  const spec = { name: "l", routingKey: "key", host: "127.0.0.1", port };
  const listener = new Listener(spec, router, await loadBuiltin("tcp"), logger, () => {});
  const closings = () => logged.filter(([message]) => message === "connection closed").map(([, fields]) => fields);
  const said = (text: string) => logged.filter(([message]) => message === text).length;
  return { listener, router, port, closings, said };
}

Deno.test("listener: nobody serves its key, so the port is shut and the status says why", async () => {
  const { listener: shut, port } = await listener();
  await rejects(connect(port), Deno.errors.ConnectionRefused);
  const { open, message } = shut.status();
  deepEqual([open, message], [false, "No matching connectors"]);
  shut.stop();
});

Deno.test("listener: opens with the first consumer and shuts with the last", async () => {
  const { listener: one, router, port } = await listener();
  for (let round = 0; round < 3; round++) {
    const withdraw = router.addresses.add(mobileKey("key"), new Taker());
    await until(() => one.status().open);
    deepEqual([one.status().message, one.status().port], ["OK", port]);
    (await connect(port)).close();
    withdraw();
    await until(() => !one.status().open);
    // The system shuts the port a moment later: a client that comes in between is reset.
    await rejects(connect(port), /refused|reset/);
  }
  one.stop();
  await until(() => one.status().connections === 0);
});

/** Takes `port`, unless another program of this machine has it. */
function take(port: number): Deno.Listener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}

Deno.test("listener: a port that the system chose is the same when it is opened again, unless somebody took it", async () => {
  const { listener: one, router } = await listener(0);
  const open = async () => {
    const withdraw = router.addresses.add(mobileKey("key"), new Taker());
    await until(() => one.status().open);
    return withdraw;
  };
  const shut = async (withdraw: () => void) => {
    withdraw();
    await until(() => !one.status().open);
  };
  let same = false;
  let port = 0;
  // Another program of this machine may take it in between, but not each time.
  for (let attempt = 0; attempt < 5 && !same; attempt++) {
    const first = await open();
    ({ port } = one.status());
    ok(port > 0);
    await shut(first);
    equal(one.status().port, port, "it can be told while it is shut");
    const again = await open();
    same = one.status().port === port;
    await shut(again);
  }
  ok(same);
  let kept = false;
  for (let attempt = 0; attempt < 5 && !kept; attempt++) {
    using taken = take(port);
    kept = taken !== undefined;
    const withdraw = await open();
    if (kept) notEqual(one.status().port, port);
    ({ port } = one.status());
    await shut(withdraw);
  }
  ok(kept);
  one.stop();
});

Deno.test("listener: a key that is served again in a moment leaves the port open, and the status says what is so", async () => {
  const { listener: one, router, port, said } = await listener();
  const withdraw = router.addresses.add(mobileKey("key"), new Taker());
  await until(() => one.status().open);
  withdraw();
  deepEqual([one.status().open, one.status().message], [true, "No matching connectors"]);
  (await connect(port)).close();
  const again = router.addresses.add(mobileKey("key"), new Taker());
  deepEqual([one.status().open, one.status().message], [true, "OK"]);
  await new Promise((resolve) => setTimeout(resolve, 800)); // Longer than any grace.
  equal(one.status().open, true);
  equal(said("listener shut"), 0);
  again();
  one.stop();
  await until(() => one.status().connections === 0);
});

/** Clients that connect and reset at once, 2 ms apart, as port scanners do. */
const RESETS = `
import socket, struct, sys, time
for _ in range(100):
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    time.sleep(0.002)
`;

Deno.test({
  name: "listener: clients that reset before they are accepted shut nobody out",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { listener: one, router, port } = await listener();
    const withdraw = router.addresses.add(mobileKey("key"), new Taker());
    await until(() => one.status().open);
    const python = new Deno.Command("python3", { args: ["-c", RESETS, `${port}`], stderr: "piped" });
    const { code, stderr } = await python.output();
    equal(code, 0, new TextDecoder().decode(stderr));
    equal(one.status().message, "OK");
    (await connect(port)).close();
    one.stop();
    withdraw();
    await until(() => one.status().connections === 0);
  },
});

Deno.test("listener: a port that is taken is complained of once, not every second", async () => {
  const { listener: one, router, port, said } = await listener();
  const taken = Deno.listen({ hostname: "127.0.0.1", port });
  const withdraw = router.addresses.add(mobileKey("key"), new Taker());
  await new Promise((resolve) => setTimeout(resolve, 2500)); // Two attempts more.
  equal(said("listener can't open its port"), 1);
  taken.close();
  await until(() => one.status().open);
  withdraw();
  one.stop();
});

const ENDINGS: readonly (readonly [string, DeliveryState, RegExp])[] = [
  ["released", RELEASED, /no consumer takes the routing key/],
  ["lost or refused at its target", FAILED, /could not be reached/],
  ["rejected", { kind: "rejected", error: { condition: "amqp:x", description: "not today" } }, /rejected: not today/],
];

for (const [what, outcome, reason] of ENDINGS) {
  Deno.test(`listener: a client whose stream is ${what} is closed, and the log says why`, async () => {
    const { listener: one, router, port, closings } = await listener();
    const taker = new Taker();
    const withdraw = router.addresses.add(mobileKey("key"), taker);
    await until(() => one.status().open);
    const conn = await connect(port);
    await until(() => taker.taken.length === 1);
    equal(one.status().connections, 1);
    // The consumer vanishes while the client is on its way to it.
    withdraw();
    taker.taken[0]?.upstream.consumerState(outcome, true);
    equal(await readToEnd(conn), 0);
    conn.close();
    equal(closings().length, 1);
    deepEqual([closings()[0]?.["listener"], closings()[0]?.["routingKey"]], ["l", "key"]);
    match(String(closings()[0]?.["reason"]), reason);
    deepEqual([one.status().connections, one.status().message], [0, "No matching connectors"]);
    one.stop();
  });
}

Deno.test("listener: a port that somebody else has is said to be so, and opened once it is free", async () => {
  const { listener: one, router, port } = await listener();
  const other = Deno.listen({ hostname: "127.0.0.1", port });
  router.addresses.add(mobileKey("key"), new Taker());
  await until(() => one.status().message !== "No matching connectors");
  match(one.status().message, new RegExp(`^can't listen on 127.0.0.1:${port}: .*in use`));
  other.close();
  await until(() => one.status().open);
  one.stop();
});

Deno.test("listener: has more ahead of its reports than the protocol says if the other end permits it", async () => {
  for (const permits of [false, true]) {
    const { listener: one, router, port } = await listener();
    let reader: LateReports | undefined;
    const withdraw = router.addresses.add(mobileKey("key"), {
      ...{ origin: undefined, cost: 0, remote: false, outstanding: 0 },
      deliver: (message, upstream) => {
        const head = decodeStreamHead(message.start);
        if (typeof head !== "object" || head.replyTo === undefined) throw new Error("no head of a client stream");
        const answer = encodeStreamHead(head.replyTo, undefined, head.head);
        const start = permits ? answer : withoutWindow(answer);
        queueMicrotask(() => router.route(streamMessage(head.replyTo!, start), listening()));
        return reader = new LateReports(upstream);
      },
    });
    await until(() => one.status().open);
    const client = await connect(port);
    const sending = (async () => {
      const piece = new Uint8Array(65_536);
      while (await client.write(piece).catch(() => 0) > 0);
    })();
    await until(() => reader !== undefined && reader.received >= 40 * WINDOW_OCTETS);
    reader!.stop();
    client.close();
    await sending;
    withdraw();
    one.stop();
    await until(() => one.status().connections === 0);
    const { most } = reader!;
    equal(most > 1.5 * WINDOW_OCTETS, permits, `${most} octets ahead`);
    ok(most <= (permits ? LARGEST_WINDOW_OCTETS : WINDOW_OCTETS));
  }
});
