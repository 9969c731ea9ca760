import assert from "node:assert/strict";
import { connect as tlsConnect, createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { TendrilError } from "../lib/errors.ts";
import { testWith } from "../../tests/support/programs.ts";
import { isWritten, sClient } from "../../tests/support/s_client.ts";
import { until } from "../../tests/support/until.ts";
import { accept, type AcceptOptions, type Acceptor } from "./accept.ts";
import type { Channel, TlsCredentials } from "./channel.ts";
import { dial, type DialOptions } from "./dial.ts";
import { TestAuthority, type TestCertificateOptions } from "./testing_certs.ts";

const SERVER_NAMES = { name: "server", dns: ["localhost", "127.0.0.1"], ips: ["127.0.0.1"] };

interface Port extends AsyncDisposable {
  readonly acceptor: Acceptor;
  readonly channels: Channel[];
  readonly refused: TendrilError[];
}

async function open(tls: TlsCredentials, options: Partial<AcceptOptions> = {}): Promise<Port> {
  const channels: Channel[] = [];
  const refused: TendrilError[] = [];
  const acceptor = await accept(
    { host: "127.0.0.1", port: 0, tls, handshakeTimeoutMs: 9000, maxConnections: 100, ...options },
    (channel) => {
      channels.push(channel);
      // Echoes, so that a client can tell that it was let in.
      channel.start({ onData: (chunk) => channel.write(chunk.slice(), () => {}), onClose() {} });
    },
    (reason) => refused.push(reason),
  );
  const dispose = async () => {
    for (const channel of channels) channel.destroy();
    await acceptor.close();
    await until(() => acceptor.connections === 0);
  };
  return { acceptor, channels, refused, [Symbol.asyncDispose]: dispose };
}

/** Dials and sends one octet; resolves with what came back, rejects with why nothing did. */
async function talk(
  port: number,
  tls: TlsCredentials,
  host = "127.0.0.1",
  resolve?: NonNullable<DialOptions["resolve"]>,
): Promise<Uint8Array> {
  const way = { websocket: false, timeoutMs: 9000, ...(resolve === undefined ? {} : { resolve }) };
  const channel = await dial({ host, port, tls, ...way }, new AbortController().signal);
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

Deno.test("a port takes new credentials while it is open: who is in stays in, who comes is judged by the new ones", async () => {
  const [old, next] = [await TestAuthority.create("old"), await TestAuthority.create("next")];
  await using port = await open(await old.issue(SERVER_NAMES));
  const { acceptor } = port;
  const before = await old.issue({ name: "before" });
  const way = { host: "127.0.0.1", port: acceptor.port, websocket: false, timeoutMs: 9000 };
  const channel = await dial({ ...way, tls: before }, new AbortController().signal);
  let heard = 0;
  channel.start({ onData: (chunk) => void (heard += chunk.length), onClose() {} });
  channel.write(new Uint8Array(10), () => {});
  await until(() => heard === 10);

  const mixed = { ...await next.issue(SERVER_NAMES), key: (await old.issue({})).key };
  assert.throws(() => acceptor.renew(mixed), { code: "LINK_TLS_CREDENTIALS" });
  assert.deepEqual(await talk(acceptor.port, before), new Uint8Array([42]), "bad ones change nothing");

  acceptor.renew(await next.issue(SERVER_NAMES));
  assert.equal(await codeOf(talk(acceptor.port, before)), "LINK_TLS_CA");
  assert.equal(await codeOf(talk(acceptor.port, await old.issue({ name: "m" }, next.pem))), "LINK_TLS_REJECTED");
  assert.deepEqual(await talk(acceptor.port, await next.issue({ name: "after" })), new Uint8Array([42]));
  channel.write(new Uint8Array(10), () => {});
  await until(() => heard === 20);
  channel.destroy();
});

/** Dials a port that must not let this client in; what both sides say of it. */
async function refusal(server: TlsCredentials, client: TlsCredentials): Promise<{ client: string; server: string }> {
  await using port = await open(server);
  const code = await codeOf(talk(port.acceptor.port, client));
  await until(() => port.refused.length > 0);
  assert.equal(port.channels.length, 0, "nobody may have been let in");
  assert.equal(port.refused.length, 1);
  return { client: code, server: port.refused[0].code };
}

const HOUR = 3_600_000;
const PAST = { notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) };
const FUTURE = { notBefore: new Date(Date.now() + HOUR), notAfter: new Date(Date.now() + 2 * HOUR) };

Deno.test("a client certificate of another authority is refused, with the reason on both sides", async () => {
  const site = await TestAuthority.create("site");
  const other = await TestAuthority.create("other");
  const client = await other.issue({ name: "mallory" }, site.pem);
  assert.deepEqual(await refusal(await site.issue(SERVER_NAMES), client), {
    client: "LINK_TLS_REJECTED",
    server: "LINK_TLS_CA",
  });
});

Deno.test("a client certificate of an authority with the same name but another key is refused", async () => {
  const site = await TestAuthority.create("site");
  const impostor = await TestAuthority.create("site");
  const client = await impostor.issue({ name: "m" }, site.pem);
  assert.deepEqual(await refusal(await site.issue(SERVER_NAMES), client), {
    client: "LINK_TLS_REJECTED",
    server: "LINK_TLS_CA",
  });
});

Deno.test("a client certificate that is out of date, or meant for servers only, is refused", async () => {
  const site = await TestAuthority.create("site");
  const server = await site.issue(SERVER_NAMES);
  for (
    const [options, code] of [
      [PAST, "LINK_TLS_EXPIRED"],
      [FUTURE, "LINK_TLS_NOT_YET_VALID"],
      [{ purposes: ["server"] }, "LINK_TLS_PURPOSE"],
    ] as const
  ) {
    const client = await site.issue({ name: "west", ...options });
    assert.deepEqual(await refusal(server, client), { client: "LINK_TLS_REJECTED", server: code });
  }
});

Deno.test("a client without a certificate is refused, and told so", async () => {
  const site = await TestAuthority.create("site");
  await using port = await open(await site.issue(SERVER_NAMES));
  const alert = await new Promise<string>((resolve) => {
    const options = { host: "127.0.0.1", port: port.acceptor.port, ca: site.pem, servername: "localhost" };
    const socket = tlsConnect(options);
    let message = "";
    socket.on("error", (error) => message = error.message);
    socket.on("data", () => {});
    socket.on("close", () => resolve(message));
  });
  assert.match(alert, /CertificateRequired/);
  await until(() => port.refused.length > 0);
  assert.deepEqual(port.refused.map((reason) => reason.code), ["LINK_TLS_NO_CERT"]);
  assert.equal(port.channels.length, 0);
});

Deno.test("a server of another authority is refused by the client, and hears why", async () => {
  const site = await TestAuthority.create("site");
  const other = await TestAuthority.create("other");
  const server = await other.issue(SERVER_NAMES, site.pem);
  assert.deepEqual(await refusal(server, await site.issue({ name: "west" })), {
    client: "LINK_TLS_CA",
    server: "LINK_TLS_REJECTED",
  });
});

Deno.test("a server certificate that is out of date, or meant for clients only, is refused by the client", async () => {
  const site = await TestAuthority.create("site");
  const client = await site.issue({ name: "west" });
  for (
    const [options, code] of [
      [PAST, "LINK_TLS_EXPIRED"],
      [FUTURE, "LINK_TLS_NOT_YET_VALID"],
      [{ purposes: ["client"] }, "LINK_TLS_PURPOSE"],
    ] as const
  ) {
    await using port = await open(await site.issue({ ...SERVER_NAMES, ...options }));
    assert.equal(await codeOf(talk(port.acceptor.port, client)), code);
    // A second visit, which found out why, hung up as soon as it had seen the certificate.
    await until(() => port.refused.length === 2);
    assert.deepEqual(port.refused.map((reason) => reason.code), ["LINK_TLS_REJECTED", "LINK_RESET"]);
    assert.equal(port.channels.length, 0);
  }
});

Deno.test("a server whose certificate is for another name or address is refused by the client", async () => {
  const site = await TestAuthority.create("site");
  const client = await site.issue({ name: "west" });
  for (
    const names of [
      { dns: ["elsewhere.example", "*.localhost"], ips: ["127.0.0.1"], host: "localhost" },
      { dns: ["localhost", "127.0.0.2"], ips: ["127.0.0.3"], host: "127.0.0.1" },
      { name: "127.0.0.1", host: "127.0.0.1" },
      { name: "localhost", host: "localhost" },
    ]
  ) {
    await using port = await open(await site.issue(names));
    assert.equal(await codeOf(talk(port.acceptor.port, client, names.host)), "LINK_TLS_NAME");
    // A TLS client can't say that it dislikes a name, but the server must not take it for connected.
    await until(() => port.refused.length > 0);
    assert.deepEqual(port.refused.map((reason) => reason.code), ["LINK_RESET"]);
    assert.equal(port.channels.length, 0);
  }
});

Deno.test("an address may stand among the DNS names, as Skupper writes it", async () => {
  const site = await TestAuthority.create("site");
  await using port = await open(await site.issue({ dns: ["127.0.0.1"] }));
  assert.deepEqual(await talk(port.acceptor.port, await site.issue({ name: "west" })), new Uint8Array([42]));
});

Deno.test("certificates below an intermediate authority are accepted on both sides", async () => {
  const root = await TestAuthority.create("root");
  const middle = await root.issueAuthority("middle");
  const below = async (options: TestCertificateOptions) => {
    const { cert, key } = await middle.issue(options);
    return { ca: root.pem, cert: cert + "\n" + middle.pem, key };
  };
  await using port = await open(await below(SERVER_NAMES));
  assert.deepEqual(await talk(port.acceptor.port, await below({ name: "west" })), new Uint8Array([42]));
  assert.equal(port.channels[0].peer.subject, "CN=west");
});

Deno.test("links work over IPv6", async () => {
  const site = await TestAuthority.create("site");
  const credentials = await site.issue({ ips: ["::1"] });
  await using port = await open(credentials, { host: "::1" });
  assert.deepEqual(await talk(port.acceptor.port, credentials, "::1"), new Uint8Array([42]));
  assert.match(port.channels[0].peer.address, /^\[::1\]:\d+$/);
});

const VERSIONS = ["-tls1_3", "-tls1_2"];

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
  for (const version of VERSIONS) {
    await withServer({ cert: server.cert, key: server.key }, (lax) => bypass(version, lax, port, undefined));
  }
});

testWith(["openssl"], "a session ticket earned with a certificate of another authority opens no door", async () => {
  const authority = await TestAuthority.create("site");
  const other = await TestAuthority.create("other");
  const server = await authority.issue(SERVER_NAMES);
  const mallory = await other.issue({ name: "mallory" });
  await using port = await open(server);
  const options = { cert: server.cert, key: server.key, ca: other.pem, requestCert: true, rejectUnauthorized: true };
  for (const version of VERSIONS) await withServer(options, (others) => bypass(version, others, port, mallory));
});

testWith(["openssl"], "a session ticket from before the authority was rotated opens no door", async () => {
  const old = await TestAuthority.create("site");
  const next = await TestAuthority.create("site");
  await using before = await open(await old.issue(SERVER_NAMES));
  await using after = await open(await next.issue(SERVER_NAMES));
  const west = await old.issue({ name: "west" });
  for (const version of VERSIONS) await bypass(version, before.acceptor.port, after, west);
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

/** Gets a session ticket from the server on `from`, shows it at `to`, sends an octet, and sees it refused for that. */
async function bypass(version: string, from: number, to: Port, client: TlsCredentials | undefined): Promise<void> {
  const dir = await Deno.makeTempDir();
  const identity: string[] = [];
  if (client !== undefined) {
    await Deno.writeTextFile(`${dir}/cert`, client.cert);
    await Deno.writeTextFile(`${dir}/key`, client.key, { mode: 0o600 });
    identity.push("-cert", `${dir}/cert`, "-key", `${dir}/key`);
  }
  const ticket = `${dir}/ticket`;
  await sClient(from, [version, "-sess_out", ticket, ...identity], "x\n", () => isWritten(ticket));
  const before = to.refused.length;
  const shown = [version, "-sess_in", ticket, ...identity];
  await sClient(to.acceptor.port, shown, "x\n", () => to.refused.length > before);
  await Deno.remove(dir, { recursive: true });
  // Any other reason would mean that the ticket was not taken, and that this test tests nothing.
  assert.deepEqual(to.refused.slice(before).map((reason) => reason.code), ["LINK_TLS_RESUMED"]);
  assert.equal(to.channels.length, 0);
}

Deno.test("names that only resolvers know are verified like others: underscores, punycode, a dot at the end", async () => {
  const authority = await TestAuthority.create("site");
  const dns = ["my_hub.example", "xn--bcher-kva.example", "hub.example"];
  await using port = await open(await authority.issue({ name: "server", dns }));
  const client = await authority.issue({ name: "west" });
  const here = () => Promise.resolve(["127.0.0.1"]);
  for (const host of ["my_hub.example", "xn--bcher-kva.example", "hub.example."]) {
    assert.deepEqual(await talk(port.acceptor.port, client, host, here), new Uint8Array([42]), host);
  }
  assert.equal(await codeOf(talk(port.acceptor.port, client, "my_other.example", here)), "LINK_TLS_NAME");
});
