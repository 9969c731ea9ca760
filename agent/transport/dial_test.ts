import assert from "node:assert/strict";
import { connect } from "node:net";
import { run, start } from "../../tests/support/processes.ts";
import { until } from "../../tests/support/until.ts";
import { TendrilError } from "../lib/errors.ts";
import { accept } from "./accept.ts";
import { dial, type DialOptions } from "./dial.ts";
import { TestAuthority } from "./testing_certs.ts";
import { Recorder } from "./testing_pairs.ts";

const BASE = { host: "127.0.0.1", port: 1, websocket: false, timeoutMs: 1000 };

async function failure(options: Partial<DialOptions>, signal = new AbortController().signal): Promise<TendrilError> {
  try {
    (await dial({ ...BASE, ...options }, signal)).destroy();
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    return error;
  }
  throw new Error("the dial succeeded");
}

/** A port that accepts, answers the first bytes with `answer` if there is one, and otherwise says nothing. */
async function withPeer(answer: string | undefined, body: (port: number) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const open: Deno.Conn[] = [];
    try {
      for await (const conn of listener) {
        open.push(conn);
        if (answer === undefined) continue;
        await conn.read(new Uint8Array(4096)).catch(() => {});
        await conn.write(new TextEncoder().encode(answer)).catch(() => {});
      }
    } finally {
      for (const conn of open) conn.close();
    }
  })();
  await body(listener.addr.port);
  listener.close();
  await serving;
}

/** Addresses of one host: the first answers nothing at all, as a host behind a firewall does. */
async function withBlackHole(body: (port: number) => Promise<void>): Promise<void> {
  const script = `import { createServer } from "node:net";
    createServer().listen({ host: "127.0.0.2", port: 0, backlog: 1 }, function () { console.log(this.address().port); });`;
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/hole.ts`, script);
  await using hole = start("hole", Deno.execPath(), ["run", "-A", "--no-config", `${dir}/hole.ts`]);
  await until(() => hole.output().includes("\n"));
  const port = Number(hole.output());
  hole.signal("SIGSTOP");
  // A stopped process accepts nobody: once its queue is full, the kernel drops what comes.
  const fillers = Array.from({ length: 8 }, () => connect(port, "127.0.0.2").on("error", () => {}));
  await new Promise((resolve) => setTimeout(resolve, 100));
  try {
    await body(port);
  } finally {
    hole.signal("SIGCONT");
    for (const filler of fillers) filler.destroy();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a dead address costs a quarter of a second, not the deadline", async () => {
  await withBlackHole(async (port) => {
    const seen = new Recorder();
    const acceptor = await accept(
      { host: "127.0.0.1", port, handshakeTimeoutMs: 1000, maxConnections: 5 },
      (channel) => channel.start(seen),
      () => {},
    );
    const resolve = () => Promise.resolve(["127.0.0.2", "127.0.0.1"]);
    const begin = performance.now();
    const options = { ...BASE, host: "router.example", port, timeoutMs: 5000, resolve };
    const channel = await dial(options, new AbortController().signal);
    const took = performance.now() - begin;
    assert.ok(took > 200 && took < 4000, `${took} ms`);
    channel.destroy();
    await seen.closed;
    await acceptor.close();

    const slow = await failure({
      host: "router.example",
      port,
      resolve: () => Promise.resolve(["127.0.0.2"]),
      timeoutMs: 400,
    });
    assert.equal(slow.code, "LINK_TIMEOUT");
    const control = new AbortController();
    setTimeout(() => control.abort("enough"), 100);
    assert.equal((await failure({ host: "127.0.0.2", port }, control.signal)).code, "LINK_ABORTED");
  });
});

Deno.test("an address that refuses makes room for the next one at once, in either family", async () => {
  const acceptor = await accept(
    { host: "::1", port: 0, handshakeTimeoutMs: 1000, maxConnections: 5 },
    (channel) => channel.start(new Recorder()),
    () => {},
  );
  const begin = performance.now();
  const resolve = () => Promise.resolve(["127.0.0.1", "127.0.0.2", "::1"]);
  const options = { ...BASE, host: "router.example", port: acceptor.port, resolve, staggerMs: 9000, timeoutMs: 9000 };
  const channel = await dial(options, new AbortController().signal);
  assert.ok(performance.now() - begin < 5000);
  channel.destroy();
  await until(() => acceptor.connections === 0);
  const refused = await failure({ ...options, port: 1 });
  assert.equal(refused.code, "LINK_REFUSED");
  assert.equal((refused.cause as AggregateError).errors.length, 3);
  await acceptor.close();
});

Deno.test("each way to fail has its own code and a hint", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ name: "west" });
  const none = () => Promise.resolve([]);
  const far = () => Promise.resolve(["192.0.2.1"]);
  const errors: [TendrilError, string][] = [
    [await failure({}), "LINK_REFUSED"],
    [await failure({ tls }), "LINK_REFUSED"],
    [await failure({ host: "nowhere.example", resolve: none, tls }), "LINK_DNS"],
    [await failure({ host: "192.0.2.1" }), "LINK_PLAIN_REMOTE"],
    [await failure({ host: "router.example", resolve: far }), "LINK_PLAIN_REMOTE"],
    [await failure({ host: "a b", tls }), "LINK_ENDPOINT"],
    [await failure({ host: "x\r\nEvil: 1", tls }), "LINK_ENDPOINT"],
    [await failure({ port: 0, tls }), "LINK_ENDPOINT"],
    [await failure({ port: 65_536, tls }), "LINK_ENDPOINT"],
    [await failure({ proxy: { host: "127.0.0.1", port: 1 } }), "LINK_ENDPOINT"],
    [await failure({ tls: { ...tls, key: "" } }), "LINK_TLS_CREDENTIALS"],
  ];
  await withPeer(undefined, async (port) => {
    errors.push([await failure({ port, tls, timeoutMs: 200 }), "LINK_TIMEOUT"]);
    errors.push([await failure({ port, websocket: true, timeoutMs: 200 }), "LINK_TIMEOUT"]);
  });
  await withPeer("HTTP/1.1 400 Bad Request\r\n\r\n", async (port) => {
    errors.push([await failure({ port, tls }), "LINK_TLS_PROTOCOL"]);
    errors.push([await failure({ port, websocket: true }), "LINK_WS_REFUSED"]);
  });
  await withPeer("AMQP\x00\x01\x00\x00", async (port) => {
    errors.push([await failure({ port, websocket: true }), "LINK_WS_PROTOCOL"]);
  });
  await withPeer("HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", async (port) => {
    errors.push([await failure({ port, websocket: true }), "LINK_WS_PROTOCOL"]);
  });
  for (const [error, code] of errors) {
    assert.equal(error.code, code, error.message);
    assert.ok(error.hint !== undefined, code);
  }
});

Deno.test("a dial is called off at any stage, and leaves nothing open", async () => {
  const site = await TestAuthority.create("site");
  const tls = await site.issue({ name: "west" });
  const early = new AbortController();
  early.abort("never mind");
  assert.equal((await failure({ tls }, early.signal)).code, "LINK_ABORTED");
  const later = async (options: Partial<DialOptions>) => {
    const control = new AbortController();
    setTimeout(() => control.abort("never mind"), 30);
    const error = await failure(options, control.signal);
    assert.equal(error.code, "LINK_ABORTED");
    assert.equal(error.cause, "never mind");
  };
  await later({ host: "slow.example", resolve: () => new Promise(() => {}) });
  await withPeer(undefined, async (port) => {
    await later({ port, tls });
    await later({ port, websocket: true });
    await later({ tls, proxy: { host: "127.0.0.1", port } });
  });
  // As soon as possible after each step began.
  const seen: TendrilError[] = [];
  const acceptor = await accept(
    {
      host: "127.0.0.1",
      port: 0,
      tls: await site.issue({ ips: ["127.0.0.1"] }),
      handshakeTimeoutMs: 1000,
      maxConnections: 50,
    },
    (channel) => channel.destroy(),
    (reason) => seen.push(reason),
  );
  for (let delay = 0; delay < 15; delay += 0.5) {
    const control = new AbortController();
    const dialling = dial({ ...BASE, port: acceptor.port, tls }, control.signal).then(
      (channel) => channel.destroy(),
      () => {},
    );
    await new Promise((resolve) => setTimeout(resolve, delay));
    control.abort();
    await dialling;
  }
  await acceptor.close();
  await until(() => acceptor.connections === 0);
});

Deno.test("a permission for the name of a router is enough to dial it", async () => {
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, handshakeTimeoutMs: 1000, maxConnections: 5 },
    (channel) => channel.start(new Recorder()),
    () => {},
  );
  const attempt = async (host: string) => {
    const module = new URL("./dial.ts", import.meta.url).href;
    const code = `import { dial } from "${module}";
      const options = { host: "${host}", port: ${acceptor.port}, websocket: false, timeoutMs: 3000 };
      try { (await dial(options, new AbortController().signal)).destroy(); console.log("connected"); }
      catch (error) { console.log(error.code, error.hint); }`;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, code);
    const args = ["run", "--no-prompt", "--no-lock", "--no-check", `--allow-net=localhost:${acceptor.port}`, file];
    const { stdout, stderr } = await run(Deno.execPath(), args);
    await Deno.remove(file);
    return stdout.trim() || stderr;
  };
  assert.equal(await attempt("localhost"), "connected");
  assert.match(await attempt("127.0.0.1"), /^LINK_PERMISSION .*--allow-net=127\.0\.0\.1:/);
  await acceptor.close();
  await until(() => acceptor.connections === 0);
});
