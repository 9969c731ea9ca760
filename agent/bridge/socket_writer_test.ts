import { deepEqual, equal } from "node:assert/strict";
import { connectedPair } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { SocketWriter } from "./socket_writer.ts";

function handler() {
  const heard: string[] = [];
  let total = 0;
  return {
    heard,
    total: () => total,
    onWritten: (octets: number) => void (total = octets),
    onAllWritten: () => void heard.push("finished"),
    onWriteFailed: () => void heard.push("failed"),
  };
}

/** Octets of which each tells its place. */
function pattern(octets: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: octets }, (_, at) => at % 251);
}

Deno.test("socket writer: pieces reach the socket in order and unchanged, though their buffer is used again", async () => {
  const [near, far] = await connectedPair();
  const told = handler();
  const writer = new SocketWriter(near, told);
  const all = pattern(300_000);
  const shared = new Uint8Array(1000);
  for (let at = 0; at < all.length; at += shared.length) {
    shared.set(all.subarray(at, at + shared.length));
    writer.write(shared);
  }
  shared.fill(255);
  writer.finish();
  writer.write(shared); // After the end: not part of the stream.
  const got = new Uint8Array(all.length);
  for (let at = 0; at < got.length;) at += (await far.read(got.subarray(at))) ?? got.length;
  deepEqual(got, all);
  await until(() => told.heard.length > 0);
  deepEqual([told.heard, told.total(), writer.pending], [["finished"], all.length, 0]);
  near.close();
  equal(await far.read(new Uint8Array(1)), null);
  far.close();
});

Deno.test("socket writer: what the peer does not read stays pending and is not reported", async () => {
  const [near, far] = await connectedPair();
  const told = handler();
  const writer = new SocketWriter(near, told);
  const total = 32 * 1024 * 1024;
  const piece = new Uint8Array(1024 * 1024);
  for (let sent = 0; sent < total; sent += piece.length) writer.write(piece);
  writer.finish();
  await until(() => told.total() > 0);
  equal(writer.pending > 0, true, "the system's buffers took everything");
  equal(told.total() + writer.pending, total);
  deepEqual(told.heard, []);
  const buffer = new Uint8Array(1024 * 1024);
  for (let read = 0; read < total;) read += (await far.read(buffer)) ?? total;
  await until(() => told.heard.length > 0);
  deepEqual([told.heard, told.total()], [["finished"], total]);
  near.close();
  far.close();
});

Deno.test("socket writer: an end without any octets is an end", async () => {
  const [near, far] = await connectedPair();
  const told = handler();
  new SocketWriter(near, told).finish();
  await until(() => told.heard.length > 0);
  deepEqual(told.heard, ["finished"]);
  near.close();
  far.close();
});

Deno.test("socket writer: a peer that is gone is told once; a stop is silent and forgets what waits", async () => {
  const [near, far] = await connectedPair();
  const told = handler();
  const writer = new SocketWriter(near, told);
  far.close();
  await until(() => {
    writer.write(new Uint8Array(100_000));
    return told.heard.length > 0;
  });
  writer.finish();
  deepEqual([told.heard, writer.pending], [["failed"], 0]);
  near.close();

  const [one, other] = await connectedPair();
  const silent = handler();
  const stopped = new SocketWriter(one, silent);
  for (let piece = 0; piece < 64; piece++) stopped.write(new Uint8Array(1024 * 1024));
  stopped.stop();
  one.close();
  await until(() => stopped.pending === 0);
  deepEqual(silent.heard, []);
  other.close();
});

Deno.test("socket writer: what gathers leaves in one write at the end of the turn", async () => {
  const [near, far] = await connectedPair();
  const writes: number[] = [];
  // Only what is documented of a connection, so that each write is seen.
  const socket = new Proxy({} as Deno.TcpConn, {
    get: (_, name) => {
      if (name === "write") return (piece: Uint8Array) => (writes.push(piece.length), near.write(piece));
      const value = typeof name === "symbol" ? undefined : Reflect.get(near, name);
      return typeof value === "function" ? value.bind(near) : value;
    },
  });
  const told = handler();
  const writer = new SocketWriter(socket, told, true);
  writer.write(pattern(10));
  writer.write(pattern(20));
  deepEqual(writes, []);
  await until(() => told.total() === 30);
  deepEqual(writes, [30]);
  writer.write(pattern(5));
  writer.write(pattern(6));
  writer.finish();
  await until(() => told.heard.length > 0);
  deepEqual([writes, told.heard, told.total()], [[30, 11], ["finished"], 41]);
  near.close();
  far.close();
});
