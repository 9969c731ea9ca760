import assert from "node:assert/strict";
import { type AccessSpec, Revocations } from "../../agent/mod.ts";
import { Router } from "../../agent/router/router.ts";
import { type LogFields, type Logger, silentLogger } from "../../agent/telemetry/log.ts";
import { dial } from "../../agent/transport/dial.ts";
import { until } from "../../tests/support/until.ts";
import { message, send, WirePeer } from "../../tests/support/wire_peer.ts";
import { ConnectionGroups } from "../transit/connection_groups.ts";
import { Transit } from "../transit/transit.ts";
import { AccessPort } from "./access_port.ts";
import { PolicyBook } from "./policy_book.ts";

const SPEC: AccessSpec = {
  name: "amqp",
  role: "normal",
  host: "127.0.0.1",
  port: 0,
  cost: 1,
  measured: false,
  tls: undefined,
};

function groups(router: Router): ConnectionGroups {
  return new ConnectionGroups(router, new Transit(router, 1, silentLogger, () => {}), silentLogger);
}

async function opened(role: AccessSpec["role"] = "normal") {
  const log: { message: string; fields: LogFields }[] = [];
  const keep = (message: string, fields: LogFields = {}) => void log.push({ message, fields });
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  let changes = 0;
  const router = new Router({ id: "R1", role: "interior" });
  const port = await AccessPort.open({ ...SPEC, role }, {
    router,
    groups: groups(router),
    logger,
    onChange: () => changes++,
    policies: new PolicyBook(router, logger),
    revocations: new Revocations(),
  });
  const connect = async (id: string, websocket = false) => {
    const target = { host: "127.0.0.1", port: port.status().port, websocket, timeoutMs: 10_000 };
    return new WirePeer(await dial(target, new AbortController().signal), "client", id, false);
  };
  return {
    port,
    connect,
    router,
    changes: () => changes,
    said: (text: string) => log.filter(({ message }) => message === text),
  };
}

Deno.test("access port: clients come with and without WebSocket on one port, are counted, and talk to each other", async () => {
  const { port, connect, said, changes } = await opened();
  const [plain, wrapped] = [await connect("plain"), await connect("wrapped", true)];
  await plain.receiver({ address: "web" });
  send(await wrapped.sender({ address: "web" }), message({ to: "web", body: "x".repeat(100_000) }));
  await until(() => plain.arrived[0]?.events.includes("end") === true);
  assert.equal(port.status().peers, 2);
  assert.deepEqual(said("peer connected").map(({ fields }) => fields.peer).sort(), ["plain", "wrapped"]);
  await wrapped.close();
  await until(() => port.status().peers === 1);
  plain.peer.close({ condition: "amqp:internal-error", description: "lost its mind" });
  await until(() => said("peer gone").length === 2);
  assert.equal(said("peer gone")[1]?.fields.reason, "lost its mind");
  assert.equal(changes(), 4);
  await until(() => plain.gone !== undefined);
  await port.close();
});

Deno.test("access port: closing says goodbye to every peer and frees the port", async () => {
  const { port, connect } = await opened("edge");
  const peers = [await connect("E1"), await connect("E2")];
  await until(() => peers.every(({ peer }) => peer.connection.isOpen));
  const { port: number } = port.status();
  await port.close();
  await until(() => peers.every(({ gone }) => gone !== undefined));
  assert.deepEqual(peers.map(({ gone }) => gone), [{}, {}], "in order, without an error");
  Deno.listen({ hostname: "127.0.0.1", port: number }).close();
});

Deno.test("access port: one that is closed takes nobody any more, and need not wait for who would still come", async () => {
  const { port } = await opened("normal");
  const { port: number } = port.status();
  const open: Deno.Conn[] = [];
  const knock = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: number }).catch(() => undefined);
    if (conn === undefined) return;
    open.push(conn);
    // It begins as AMQP does, and says nothing more.
    await conn.write(new Uint8Array([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])).catch(() => {});
  };
  await knock();
  await until(() => port.status().peers === 1);
  const knocking = setInterval(knock, 200);
  try {
    await port.close();
    const before = open.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(open.length, before);
  } finally {
    clearInterval(knocking);
    for (const conn of open) conn.close();
  }
});

Deno.test("access port: one that is taken can't be opened", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const router = new Router({ id: "R1", role: "interior" });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const policies = new PolicyBook(router, logger);
  const deps = { router, groups: groups(router), logger, onChange() {}, policies, revocations: new Revocations() };
  await assert.rejects(AccessPort.open({ ...SPEC, port: taken.addr.port }, deps), {
    code: "ACCEPT_PORT",
  });
});

Deno.test("access port: who says something else, or nothing, or no Open, is dropped", async () => {
  const { port, said } = await opened();
  const hang = async (first: string) => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: port.status().port });
    if (first !== "") await conn.write(new TextEncoder().encode(first));
    const buffer = new Uint8Array(1000);
    while (await conn.read(buffer).catch(() => null) !== null);
  };
  await Promise.all([hang("SSH-2.0-x\r\n"), hang(""), hang("AMQP\x00\x01\x00\x00")]);
  await until(() => port.status().peers === 0);
  const codes = said("peer refused").map(({ fields }) => fields.code).sort();
  assert.deepEqual(codes, ["LINK_PROTOCOL", "LINK_TIMEOUT"]);
  assert.equal(said("peer connected").length, 0);
  await port.close();
});
