import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { until } from "../../tests/support/until.ts";
import { BlockQueue } from "../lib/block_queue.ts";
import { accept } from "./accept.ts";
import type { Channel } from "./channel.ts";
import { dial } from "./dial.ts";
import { SocketChannel } from "./socket_channel.ts";
import { TestAuthority } from "./testing_certs.ts";
import { type Carrier, connectPair, Pattern, Recorder, write } from "./testing_pairs.ts";

const CARRIERS: readonly Carrier[] = ["plain", "tls", "websocket", "websocket over tls"];

Deno.test("this version of Deno still has what the fast way to read needs", async () => {
  for (const carrier of ["plain", "tls"] as const) {
    await using pair = await connectPair(carrier);
    const seen = new Recorder();
    pair.server.start(seen);
    pair.client.start(new Recorder());
    await write(pair.client, new Uint8Array(10));
    await until(() => seen.length === 10);
    for (const end of [pair.client, pair.server]) {
      assert.ok(
        end instanceof SocketChannel && end.fast,
        `THE FAST WAY TO READ IS LOST on ${carrier} sockets of Deno ${Deno.version.deno}. Links still work, at a third of ` +
          "the speed and ten times the memory. See agent/transport/static_read.ts for what it looks for.",
      );
    }
  }
});

/** Sends 24 MB of patterned bytes both ways at once, in pieces of odd sizes, with pauses; compares every byte. */
async function exchange(one: Channel, other: Channel): Promise<void> {
  const total = 24_000_000;
  const run = async (from: Channel, seed: number) => {
    const pattern = new Pattern(seed);
    let size = 1;
    for (let sent = 0; sent < total;) {
      const chunk = pattern.take(Math.min(size, total - sent));
      assert.ok(await write(from, chunk));
      sent += chunk.length;
      size = (size * 7 + 13) % 200_000;
    }
  };
  const watch = (to: Channel, seed: number) => {
    const pattern = new Pattern(seed);
    const seen = Promise.withResolvers<void>();
    let length = 0;
    let reads = 0;
    to.start({
      onData(chunk) {
        const expected = pattern.take(chunk.length);
        if (chunk.some((byte, i) => byte !== expected[i])) seen.reject(new Error(`wrong byte within ${length}..`));
        length += chunk.length;
        if (++reads % 50 === 0) {
          to.pause();
          setTimeout(() => to.resume(), 1);
        }
        if (length === total) seen.resolve();
      },
      onClose: (error) => seen.reject(error ?? new Error("closed")),
    });
    return seen.promise;
  };
  const seen = [watch(other, 1), watch(one, 2)];
  await Promise.all([run(one, 1), run(other, 2), ...seen]);
}

for (const carrier of CARRIERS) {
  Deno.test(`bytes arrive whole and in order both ways: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    await exchange(pair.client, pair.server);
  });

  Deno.test(`a paused channel stops its peer, and loses nothing: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    const seen = new Recorder();
    pair.server.start(seen);
    pair.client.start(new Recorder());
    pair.server.pause();
    const chunk = new Uint8Array(65_536);
    let written = 0;
    let stuck = 0;
    const next = (ok: boolean) => {
      if (!ok || written >= 200_000_000) return;
      written += chunk.length;
      stuck = performance.now();
      pair.client.write(chunk, next);
    };
    next(true);
    await until(() => performance.now() - stuck > 250);
    const rss = Deno.memoryUsage().rss;
    // What the kernel buffers on loopback is a few megabytes; what matters is that there is an end to it.
    assert.ok(written < 50_000_000, `${written} bytes went into a channel that nobody reads`);
    assert.ok(seen.length < 300_000, `${seen.length} bytes were delivered by a paused channel`);
    const before = written;
    pair.server.resume();
    await until(() => seen.length > before);
    pair.server.pause();
    assert.ok(Deno.memoryUsage().rss - rss < 200_000_000);
  });

  Deno.test(`an orderly end delivers what was written before it, and is told once: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    const client = new Recorder();
    const server = new Recorder();
    pair.client.start(client);
    pair.server.start(server);
    const sent = new Pattern(7).take(3_000_000);
    const written = write(pair.client, sent);
    pair.client.close();
    pair.client.close();
    assert.equal(await written, true);
    assert.equal(await server.closed, undefined);
    assert.equal(await client.closed, undefined);
    assert.deepEqual(server.bytes(), sent);
    assert.equal(await write(pair.client, sent), false);
    assert.equal(await write(pair.server, sent), false);
    pair.client.destroy();
    pair.client.pause();
    pair.client.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual([client.ends.length, server.ends.length], [1, 1]);
  });

  Deno.test(`a peer that vanishes ends the channel and the write in flight: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    const client = new Recorder();
    pair.client.start(client);
    let written: Promise<boolean>;
    do written = write(pair.client, new Uint8Array(1_000_000)); while (await soon(written));
    pair.server.destroy();
    assert.equal(await written, false);
    await client.closed;
    assert.equal(client.ends.length, 1);
  });

  Deno.test(`a channel that died before it was started says so when it is: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    pair.client.start(new Recorder());
    pair.server.destroy();
    const seen = new Recorder();
    await new Promise((resolve) => setTimeout(resolve, 20));
    pair.server.start(seen);
    assert.equal(seen.ends.length, 0, "not before start has returned");
    assert.equal(await seen.closed, undefined);
    assert.equal(seen.ends.length, 1);
  });

  Deno.test(`bytes that came before start are delivered after it, first: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    pair.client.start(new Recorder());
    const sent = new Pattern(3).take(200_000);
    assert.ok(await write(pair.client, sent.subarray(0, 100_000)));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const seen = new Recorder();
    pair.server.start(seen);
    assert.ok(await write(pair.client, sent.subarray(100_000)));
    await until(() => seen.length === sent.length);
    assert.deepEqual(seen.bytes(), sent);
  });

  Deno.test(`pausing inside a delivery holds back what has not been read yet: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    pair.client.start(new Recorder());
    await write(pair.client, new Pattern(5).take(150_000));
    const seen = new Recorder();
    pair.server.start({
      onData: (chunk) => {
        seen.onData(chunk);
        pair.server.pause();
      },
      onClose: (error) => seen.onClose(error),
    });
    for (let before = -1; seen.length < 150_000;) {
      await until(() => seen.length > before);
      await new Promise((resolve) => setTimeout(resolve, 5));
      before = seen.length;
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(seen.length, before);
      pair.server.resume();
    }
    assert.deepEqual(seen.bytes(), new Pattern(5).take(150_000));
  });

  Deno.test(`a second write before the first is done is a mistake of the caller: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    pair.client.start(new Recorder());
    pair.server.start(new Recorder());
    const first = write(pair.client, new Uint8Array(10));
    assert.throws(() => pair.client.write(new Uint8Array(10), () => {}));
    assert.equal(await first, true);
    assert.throws(() => pair.client.start(new Recorder()));
  });

  Deno.test(`a handler that throws costs its own channel only: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    const seen = new Recorder();
    pair.client.start(new Recorder());
    pair.server.start({
      onData() {
        throw new Error("a defect above");
      },
      onClose: (error) => seen.onClose(error),
    });
    await write(pair.client, new Uint8Array(10));
    assert.equal((await seen.closed)?.code, "LINK_HANDLER");
  });
}

/** True if `promise` settles within a quarter of a second. */
async function soon(promise: Promise<boolean>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), 250));
  const result = await Promise.race([promise, late]);
  clearTimeout(timer);
  return result;
}

for (const secured of [false, true]) {
  Deno.test(`reading by events, where static buffers are missing, is just as correct${secured ? ", by TLS too" : ""}`, async () => {
    const site = await TestAuthority.create("site");
    const tls = secured ? await site.issue({ ips: ["127.0.0.1"] }) : undefined;
    const arrived = Promise.withResolvers<SocketChannel>();
    const peer = { address: "test", subject: undefined, fingerprint: undefined };
    const take = (socket: Socket) => arrived.resolve(new SocketChannel(socket, peer, { fast: false }));
    const server = tls === undefined ? createServer(take) : createTlsServer({ ...tls }, take);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as { port: number };
    const options = { host: "127.0.0.1", port, tls, websocket: false, timeoutMs: 1000 };
    const client = await dial(options, new AbortController().signal);
    const slow = await arrived.promise;
    await exchange(client, slow);
    assert.equal(slow.fast, false);
    client.destroy();
    slow.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
}

Deno.test("a peer that does not end its side is given up after the linger time", async () => {
  const arrived = Promise.withResolvers<Channel>();
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, handshakeTimeoutMs: 1000, maxConnections: 1 },
    arrived.resolve,
    arrived.reject,
  );
  // A raw connection of Deno keeps its side open until it is told otherwise.
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: acceptor.port });
  const seen = new Recorder();
  const channel = await arrived.promise;
  channel.start(seen);
  const begin = performance.now();
  channel.close();
  assert.equal(await seen.closed, undefined);
  const took = performance.now() - begin;
  assert.ok(took > 1500 && took < 8000, `${took}`);
  conn.close();
  await acceptor.close();
});

for (const carrier of CARRIERS) {
  Deno.test(`what a queue keeps of a busy connection is not read over: ${carrier}`, async () => {
    await using pair = await connectPair(carrier);
    const total = 12_000_000;
    const queue = new BlockQueue();
    pair.server.start({ onData: (chunk) => queue.push(chunk), onClose() {} });
    pair.client.start(new Recorder());
    const [sent, expected] = [new Pattern(3), new Pattern(3)];
    for (let left = total; left > 0;) {
      const chunk = sent.take(Math.min(left, 150_000));
      assert.ok(await write(pair.client, chunk));
      left -= chunk.length;
    }
    await until(() => queue.size === total);
    while (queue.size > 0) {
      const front = queue.front();
      assert.ok(Buffer.from(front.buffer, front.byteOffset, front.length).equals(expected.take(front.length)));
      queue.consume(front.length);
    }
  });
}

Deno.test("a connection that has calmed down shares the buffer of all again", async () => {
  await using pair = await connectPair("tls");
  await using other = await connectPair("tls");
  const seen = (channel: Channel) => {
    const record = { octets: 0, buffer: undefined as ArrayBufferLike | undefined };
    channel.start({
      onData(chunk) {
        record.octets += chunk.length;
        record.buffer = chunk.buffer;
      },
      onClose() {},
    });
    return record;
  };
  const [busy, quiet] = [seen(pair.server), seen(other.server)];
  pair.client.start(new Recorder());
  other.client.start(new Recorder());
  await write(other.client, new Uint8Array(10));
  await until(() => quiet.octets === 10);
  for (let round = 0; round < 20 && (round === 0 || busy.buffer === quiet.buffer); round++) {
    const before = busy.octets;
    await write(pair.client, new Uint8Array(4_000_000));
    await until(() => busy.octets === before + 4_000_000);
  }
  assert.notEqual(busy.buffer, quiet.buffer);
  for (let octets = busy.octets + 1; busy.buffer !== quiet.buffer; octets++) {
    assert.ok(octets < busy.octets + 100);
    await write(pair.client, new Uint8Array(1));
    await until(() => busy.octets === octets);
  }
});
