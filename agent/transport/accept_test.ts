import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { start } from "../../tests/support/processes.ts";
import { until } from "../../tests/support/until.ts";
import type { TendrilError } from "../lib/errors.ts";
import { accept, type AcceptOptions } from "./accept.ts";
import type { Channel } from "./channel.ts";
import { dial } from "./dial.ts";
import { TestAuthority } from "./testing_certs.ts";
import { Recorder, write } from "./testing_pairs.ts";

const BASE: AcceptOptions = { host: "127.0.0.1", port: 0, handshakeTimeoutMs: 800, maxConnections: 50 };

interface Port extends AsyncDisposable {
  readonly port: number;
  readonly channels: Channel[];
  readonly refused: TendrilError[];
  connections(): number;
  close(): Promise<void>;
}

async function open(options: Partial<AcceptOptions>): Promise<Port> {
  const channels: Channel[] = [];
  const refused: TendrilError[] = [];
  const acceptor = await accept(
    { ...BASE, ...options },
    (channel) => channels.push(channel),
    (reason, address) => {
      assert.match(address, /^127\.0\.0\.1:\d+$/);
      refused.push(reason);
    },
  );
  return {
    port: acceptor.port,
    channels,
    refused,
    connections: () => acceptor.connections,
    close: () => acceptor.close(),
    async [Symbol.asyncDispose]() {
      for (const channel of channels) channel.destroy();
      await acceptor.close();
      await until(() => acceptor.connections === 0);
    },
  };
}

async function plainClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

Deno.test("more connections than the port takes are closed as they come, and said to be", async () => {
  await using port = await open({ maxConnections: 3 });
  const clients = await Promise.all(Array.from({ length: 5 }, () => plainClient(port.port)));
  await until(() => port.refused.length === 2);
  assert.deepEqual(new Set(port.refused.map((reason) => reason.code)), new Set(["ACCEPT_LIMIT"]));
  assert.equal(port.channels.length, 3);
  port.channels[0].destroy();
  await until(() => port.connections() === 2);
  clients.push(await plainClient(port.port));
  await until(() => port.channels.length === 4);
  for (const client of clients) client.destroy();
});

Deno.test("peers that stall in the handshake count, and make room when their time is up", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ ips: ["127.0.0.1"] });
  await using port = await open({ tls, maxConnections: 2 });
  const stalled = [await plainClient(port.port), await plainClient(port.port)];
  await until(() => port.connections() === 2);
  const options = { host: "127.0.0.1", port: port.port, tls, websocket: false, timeoutMs: 9000 };
  await assert.rejects(dial(options, new AbortController().signal), { code: "LINK_RESET" });
  await until(() => port.connections() === 0);
  assert.deepEqual(port.refused.map((reason) => reason.code), ["ACCEPT_LIMIT", "LINK_TIMEOUT", "LINK_TIMEOUT"]);
  (await dial(options, new AbortController().signal)).destroy();
  for (const client of stalled) client.destroy();
});

Deno.test("a peer that does not speak TLS is told from one that hangs up, and from one that says nothing", async () => {
  const site = await TestAuthority.create("site");
  await using port = await open({ tls: await site.issue({}) });
  const client = await plainClient(port.port);
  client.end("GET / HTTP/1.1\r\n\r\n");
  client.resume();
  await until(() => port.refused.length === 1);
  assert.equal(port.refused[0].code, "LINK_TLS_PROTOCOL");
  const leaving = await plainClient(port.port);
  leaving.end(new Uint8Array([0x16, 0x03, 0x01]));
  leaving.resume();
  await until(() => port.refused.length === 2);
  assert.equal(port.refused[1].code, "LINK_RESET");
  (await plainClient(port.port)).destroy();
  await until(() => port.refused.length === 3);
  assert.equal(port.refused[2].code, "LINK_SAID_NOTHING");
});

Deno.test("closing a port frees it and drops who is not in yet, but not the channels it handed out", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ ips: ["127.0.0.1"] });
  await using port = await open({ tls, handshakeTimeoutMs: 5000 });
  const options = { host: "127.0.0.1", port: port.port, tls, websocket: false, timeoutMs: 9000 };
  const client = await dial(options, new AbortController().signal);
  await until(() => port.channels.length === 1);
  const stalled = await plainClient(port.port);
  await until(() => port.connections() === 2);
  await port.close();
  assert.equal(port.connections(), 1);
  Deno.listen({ hostname: "127.0.0.1", port: port.port }).close();
  const seen = new Recorder();
  port.channels[0].start(seen);
  client.start(new Recorder());
  assert.ok(await write(client, new Uint8Array(10)));
  await until(() => seen.length === 10);
  client.close();
  await seen.closed;
  stalled.destroy();
  await port.close();
  assert.equal(port.refused.length, 0, "who was dropped by us did not refuse anything");
});

Deno.test("a port that can't be opened says why", async () => {
  await using port = await open({});
  const again = accept({ ...BASE, port: port.port }, () => {}, () => {});
  await assert.rejects(again, { code: "ACCEPT_PORT", message: /AddrInUse|EADDRINUSE/ });
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "router.example", "127.0.0.1.example"]) {
    await assert.rejects(accept({ ...BASE, host }, () => {}, () => {}), { code: "ACCEPT_PLAIN_REMOTE" }, host);
  }
  const site = await TestAuthority.create("site");
  const broken = { ...await site.issue({}), key: "" };
  await assert.rejects(accept({ ...BASE, tls: broken }, () => {}, () => {}), { code: "LINK_TLS_CREDENTIALS" });
});

Deno.test("a process that runs out of file descriptors accepts again when it has some", async () => {
  const module = new URL("./accept.ts", import.meta.url).href;
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    script,
    // Deno sets up its signals in its own time, and panics if it has no descriptor left by then.
    `Deno.addSignalListener("SIGTERM", () => Deno.exit());
     import { accept } from "${module}";
     const options = { host: "127.0.0.1", port: 0, handshakeTimeoutMs: 1000, maxConnections: 1000 };
     const acceptor = await accept(options, (channel) => channel.start({
       onData: (chunk) => channel.write(chunk.slice(), () => {}), onClose() {},
     }), () => {});
     console.log(acceptor.port);`,
  );
  const limited = `ulimit -n 60; exec "${Deno.execPath()}" run -A --no-lock --no-check "${script}"`;
  await using child = start("limited", "sh", ["-c", limited]);
  await until(() => child.output().includes("\n"));
  const port = Number(child.output());
  const flood = await Promise.all(Array.from({ length: 80 }, () => plainClient(port)));
  // Connected by the kernel; far fewer can have been accepted.
  let answered = 0;
  for (const socket of flood) {
    socket.once("data", () => answered++);
    socket.write("x");
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(answered > 0 && answered < 60, `${answered} of 80 were served: the limit was not reached`);
  for (const socket of flood) socket.destroy();
  const later = await plainClient(port);
  const answer = new Promise((resolve) => later.once("data", resolve));
  const begin = performance.now();
  later.write("y");
  await answer;
  assert.ok(performance.now() - begin < 8000);
  later.destroy();
  await Deno.remove(script);
});
