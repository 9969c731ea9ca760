import { deepEqual, equal } from "node:assert/strict";
import { connectedPair } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { SocketReader } from "./socket_reader.ts";

function handler(allowance: (octets: number) => number) {
  const heard: string[] = [];
  let octets = 0;
  let wait: (() => Promise<void>) | undefined;
  return {
    heard,
    octets: () => octets,
    waitWith: (make: (() => Promise<void>) | undefined) => wait = make,
    readAllowance: () => allowance(octets),
    onRead: (chunk: Uint8Array) => {
      octets += chunk.length;
      return wait?.();
    },
    onReadEnd: () => void heard.push("end"),
    onReadFailed: () => void heard.push("failed"),
  };
}

Deno.test("socket reader: never takes more than it is allowed, waits at nothing, goes on when woken", async () => {
  const [near, far] = await connectedPair();
  let allowance = 1000;
  const told = handler((octets) => allowance - octets);
  const reader = new SocketReader(near, told);
  const running = reader.run();
  await far.write(new Uint8Array(5000));
  await until(() => told.octets() === 1000);
  reader.wake(); // Not a reason by itself.
  allowance = 3000;
  reader.wake();
  await until(() => told.octets() === 3000);
  allowance = Infinity;
  reader.wake();
  far.close();
  await running;
  deepEqual([told.octets(), told.heard], [5000, ["end"]]);
  near.close();
});

Deno.test("socket reader: reads nothing while its consumer has no room", async () => {
  const [near, far] = await connectedPair();
  const told = handler(() => Infinity);
  const room = Promise.withResolvers<void>();
  told.waitWith(() => room.promise);
  const running = new SocketReader(near, told).run();
  await far.write(new Uint8Array(10));
  await until(() => told.octets() === 10);
  await far.write(new Uint8Array(10));
  await far.closeWrite();
  // A turn through the system's sockets: had it read on, it would have heard by now.
  for (const conn of await connectedPair()) conn.close();
  deepEqual([told.octets(), told.heard], [10, []]);
  told.waitWith(undefined);
  room.resolve();
  await running;
  deepEqual([told.octets(), told.heard], [20, ["end"]]);
  near.close();
  far.close();
});

Deno.test("socket reader: a stop ends it in silence, whether it reads or waits for its allowance", async () => {
  for (const allowance of [0, Infinity]) {
    const [near, far] = await connectedPair();
    const told = handler(() => allowance);
    const reader = new SocketReader(near, told);
    const running = reader.run();
    reader.stop();
    near.close();
    await running;
    deepEqual(told.heard, []);
    far.close();
  }
});

Deno.test("socket reader: a socket that fails is told once, a great amount arrives whole", async () => {
  const [near, far] = await connectedPair();
  const told = handler(() => Infinity);
  const running = new SocketReader(near, told).run();
  const block = new Uint8Array(1_000_000);
  for (let at = 0; at < block.length;) at += await far.write(block.subarray(at));
  await until(() => told.octets() === block.length);
  near.close(); // Under the reader's hands.
  await running;
  deepEqual(told.heard, ["failed"]);
  equal(told.octets(), block.length);
  far.close();
});
