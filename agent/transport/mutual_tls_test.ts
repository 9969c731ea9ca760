import assert from "node:assert/strict";
import { connect as tlsConnect, createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { TendrilError } from "../lib/errors.ts";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { until } from "../../tests/support/until.ts";
import { accept, type Acceptor } from "./accept.ts";
import type { Channel, TlsCredentials } from "./channel.ts";
import { dial } from "./dial.ts";
import { TestAuthority } from "./testing_certs.ts";

const SERVER_NAMES = { name: "server", dns: ["localhost", "127.0.0.1"], ips: ["127.0.0.1"] };

interface Port extends AsyncDisposable {
  readonly acceptor: Acceptor;
  readonly channels: Channel[];
  readonly refused: TendrilError[];
}

async function open(tls: TlsCredentials, options: { handshakeTimeoutMs?: number } = {}): Promise<Port> {
  const channels: Channel[] = [];
  const refused: TendrilError[] = [];
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, tls, handshakeTimeoutMs: 2000, maxConnections: 100, ...options },
    (channel) => {
      channels.push(channel);
      // Echoes, so that a client can tell that it was let in.
      channel.start({ onData: (chunk) => channel.write(chunk.slice(), () => {}), onClose() {} });
    },
    (reason) => refused.push(reason),
  );
  return { acceptor, channels, refused, [Symbol.asyncDispose]: () => acceptor.close() };
}

/** Dials and sends one octet; resolves with what came back, rejects with why nothing did. */
async function talk(port: number, tls: TlsCredentials, host = "127.0.0.1"): Promise<Uint8Array> {
  const channel = await dial({ host, port, tls, websocket: false, timeoutMs: 3000 }, new AbortController().signal);
  return await new Promise((resolve, reject) => {
    let answer: Uint8Array | undefined;
    channel.start({
      onData: (chunk) => {
        answer = chunk.slice();
        channel.close();
      },
      onClose: (error) =>
        answer === undefined ? reject(error ?? new Error("closed without an answer")) : resolve(answer),
    });
    channel.write(new Uint8Array([42]), () => {});
  });
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing;
  } catch (error) {
    return error instanceof TendrilError ? error.code : String(error);
  }
  return "no error";
}

Deno.test("peers of one authority reach each other, and know who the other is", async () => {
  const authority = await TestAuthority.create("site");
  await using port = await open(await authority.issue(SERVER_NAMES));
  const client = await authority.issue({ name: "west" });
  assert.deepEqual(await talk(port.acceptor.port, client), new Uint8Array([42]));
  assert.equal(port.channels[0].peer.subject, "CN=west");
  assert.equal(port.refused.length, 0);
});

Deno.test("a client certificate of another authority is refused on both sides", async () => {
  const authority = await TestAuthority.create("site");
  const other = await TestAuthority.create("other");
  await using port = await open(await authority.issue(SERVER_NAMES));
  const client = await other.issue({ name: "mallory" }, authority.pem);
  assert.match(await codeOf(talk(port.acceptor.port, client)), /^LINK_/);
  await until(() => port.refused.length > 0);
  assert.equal(port.channels.length, 0);
});

Deno.test("an authority of the same name but another key is refused", async () => {
  const authority = await TestAuthority.create("site");
  const impostor = await TestAuthority.create("site");
  await using port = await open(await authority.issue(SERVER_NAMES));
  assert.match(await codeOf(talk(port.acceptor.port, await impostor.issue({ name: "m" }, authority.pem))), /^LINK_/);
  await until(() => port.refused.length > 0);
  assert.equal(port.channels.length, 0);
});

Deno.test("a client without a certificate is refused", async () => {
  const authority = await TestAuthority.create("site");
  await using port = await open(await authority.issue(SERVER_NAMES));
  await new Promise<void>((resolve) => {
    const socket = tlsConnect({
      host: "127.0.0.1",
      port: port.acceptor.port,
      ca: authority.pem,
      servername: "localhost",
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  await until(() => port.refused.length > 0);
  assert.equal(port.channels.length, 0);
});

Deno.test("expired certificates are refused, the client's and the server's", async () => {
  const authority = await TestAuthority.create("site");
  const past = { notBefore: new Date(Date.now() - 2e9), notAfter: new Date(Date.now() - 1e9) };
  const good = await authority.issue({ name: "west" });
  {
    await using port = await open(await authority.issue(SERVER_NAMES));
    assert.match(await codeOf(talk(port.acceptor.port, await authority.issue({ name: "old", ...past }))), /^LINK_/);
    await until(() => port.refused.length > 0);
    assert.equal(port.channels.length, 0);
  }
  await using port = await open(await authority.issue({ ...SERVER_NAMES, ...past }));
  assert.match(await codeOf(talk(port.acceptor.port, good)), /^LINK_TLS_/);
  assert.equal(port.channels.length, 0);
});

Deno.test("a server whose certificate is for another name is refused by the client", async () => {
  const authority = await TestAuthority.create("site");
  await using port = await open(await authority.issue({ name: "127.0.0.1", dns: ["elsewhere.example"] }));
  assert.equal(await codeOf(talk(port.acceptor.port, await authority.issue({ name: "west" }))), "LINK_TLS_NAME");
});

/** A server as others run it, in this process, which on Deno shares its ticket key with ours. */
async function withServer(options: Record<string, unknown>, body: (port: number) => Promise<void>): Promise<void> {
  const open: TLSSocket[] = [];
  const server = createTlsServer(options as never, (socket: TLSSocket) => {
    open.push(socket);
    socket.on("error", () => {});
    socket.end("x");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  await body((server.address() as AddressInfo).port);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
  });
}

testWith(["openssl"], "a session ticket of a server that asks for no certificate opens no door", async () => {
  const authority = await TestAuthority.create("site");
  const server = await authority.issue(SERVER_NAMES);
  await using port = await open(server);
  await withServer({ cert: server.cert, key: server.key }, (lax) => bypass(lax, port.acceptor.port, undefined));
  await until(() => port.refused.length > 0);
  assert.equal(port.channels.length, 0);
});

testWith(["openssl"], "a session ticket earned with a certificate of another authority opens no door", async () => {
  const authority = await TestAuthority.create("site");
  const other = await TestAuthority.create("other");
  const server = await authority.issue(SERVER_NAMES);
  const mallory = await other.issue({ name: "mallory" });
  await using port = await open(server);
  const options = { cert: server.cert, key: server.key, ca: other.pem, requestCert: true, rejectUnauthorized: true };
  await withServer(options, (others) => bypass(others, port.acceptor.port, mallory));
  await until(() => port.refused.length > 0);
  assert.equal(port.channels.length, 0);
});

testWith(["openssl"], "a session ticket from before the authority was rotated opens no door", async () => {
  const old = await TestAuthority.create("site");
  const next = await TestAuthority.create("site");
  await using before = await open(await old.issue(SERVER_NAMES));
  await using after = await open(await next.issue(SERVER_NAMES));
  await bypass(before.acceptor.port, after.acceptor.port, await old.issue({ name: "west" }));
  await until(() => after.refused.length > 0);
  assert.equal(after.channels.length, 0);
});

Deno.test("a peer that never finishes its handshake is dropped at the deadline", async () => {
  const authority = await TestAuthority.create("site");
  await using port = await open(await authority.issue(SERVER_NAMES), { handshakeTimeoutMs: 200 });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: port.acceptor.port });
  await conn.read(new Uint8Array(1)).catch(() => {});
  conn.close();
  assert.deepEqual(port.refused.map((reason) => reason.code), ["LINK_TIMEOUT"]);
});

Deno.test("plain connections are accepted on loopback only", async () => {
  const options = { port: 0, handshakeTimeoutMs: 1000, maxConnections: 1 };
  assert.equal(await codeOf(accept({ ...options, host: "0.0.0.0" }, () => {}, () => {})), "ACCEPT_PLAIN_REMOTE");
  const acceptor = await accept({ ...options, host: "127.0.0.1" }, () => {}, () => {});
  await acceptor.close();
});

/** Gets a session ticket from the server on `from`, shows it to the one on `to`, and sends an octet there. */
async function bypass(from: number, to: number, client: TlsCredentials | undefined): Promise<void> {
  const dir = await Deno.makeTempDir();
  const identity: string[] = [];
  if (client !== undefined) {
    await Deno.writeTextFile(`${dir}/cert`, client.cert);
    await Deno.writeTextFile(`${dir}/key`, client.key, { mode: 0o600 });
    identity.push("-cert", `${dir}/cert`, "-key", `${dir}/key`);
  }
  const openssl = (port: number, ticket: string) => {
    const client = ["openssl", "s_client", "-connect", `127.0.0.1:${port}`, ticket, `${dir}/ticket`, ...identity];
    // Its input stays open for a moment: at the end of it, it would leave before the ticket arrives.
    return run("sh", ["-c", '(echo x; sleep 0.5) | timeout 2 "$@"', "sh", ...client]);
  };
  const earned = await openssl(from, "-sess_out");
  assert.ok((await Deno.stat(`${dir}/ticket`)).size > 0, `no ticket was given: ${earned.stderr}`);
  await openssl(to, "-sess_in");
  await Deno.remove(dir, { recursive: true });
}
