import assert from "node:assert/strict";
import { type AccessSpec, Revocations } from "../../agent/mod.ts";
import { Router } from "../../agent/router/router.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { freePort } from "../../tests/support/ports.ts";
import { connect } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { ConnectionGroups } from "../transit/connection_groups.ts";
import { Transit } from "../transit/transit.ts";
import { AccessPorts, REOPEN_MS } from "./access_ports.ts";
import { PolicyBook } from "./policy_book.ts";

const spec = (name: string, port: number): AccessSpec => ({
  name,
  role: "normal",
  host: "127.0.0.1",
  port,
  cost: 1,
  measured: false,
  tls: undefined,
});

/** Ports of a router that runs nowhere else; `changes` counts what it was told. */
function portsOf() {
  const router = new Router({ id: "R1", role: "interior" });
  const told = { changes: 0 };
  const ports = new AccessPorts({
    router,
    groups: new ConnectionGroups(router, new Transit(router, 1, silentLogger, () => {}), silentLogger),
    logger: silentLogger,
    onChange: () => told.changes++,
    policies: new PolicyBook(router, silentLogger),
    revocations: new Revocations(),
  });
  return { ports, told };
}

const stays = () => false;

Deno.test("access ports: one whose place is taken is told of, and opens when the place is free", async () => {
  const { ports, told } = portsOf();
  const port = freePort();
  const other = Deno.listen({ hostname: "127.0.0.1", port });
  const changes = await ports.apply([spec("free", 0), spec("taken", port)], stays);
  assert.deepEqual(changes.map(({ name, action }) => [name, action]), [
    ["free normal", "added"],
    ["taken normal", "failed"],
  ]);
  const [free, taken] = ports.status();
  assert.deepEqual([free?.name, free?.fault, taken?.name, taken?.port], ["free", undefined, "taken", port]);
  assert.match(taken?.fault?.message ?? "", new RegExp(`Can't listen on 127.0.0.1:${port}`));
  assert.notEqual(taken?.fault?.hint, "");
  const client = await connect(free!.port);
  other.close();
  await until(() => ports.status().every(({ fault }) => fault === undefined));
  assert.equal(told.changes, 1);
  (await connect(port)).close();
  // The one that was open was left alone.
  assert.equal(ports.status().find(({ name }) => name === "free")?.port, free?.port);
  client.close();
  await ports.close();
});

Deno.test("access ports: what is not wanted any more, or when all ends, is not tried again", async () => {
  for (const how of ["not wanted", "all ends"] as const) {
    const { ports } = portsOf();
    const port = freePort();
    const other = Deno.listen({ hostname: "127.0.0.1", port });
    await ports.apply([spec("taken", port)], stays);
    if (how === "not wanted") await ports.apply([], stays);
    else ports.shut();
    other.close();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await assert.rejects(connect(port), how);
    await ports.close();
  }
});

Deno.test("access ports: what was about to open when all was shut lets nobody in", async () => {
  const { ports } = portsOf();
  const applying = ports.apply([spec("late", 0)], stays);
  ports.shut();
  await applying;
  assert.deepEqual(ports.status(), []);
  const { ports: retrying } = portsOf();
  const port = freePort();
  const other = Deno.listen({ hostname: "127.0.0.1", port });
  await retrying.apply([spec("taken", port)], stays);
  other.close();
  // Whether that is before, inside or after an attempt.
  await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
  retrying.shut();
  await retrying.close();
  await assert.rejects(connect(port));
});
