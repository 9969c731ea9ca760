/** Services without anybody behind them: clients are not left to wait, and log and status say what is wrong. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { freePort } from "../support/ports.ts";
import { connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

Deno.test("a target that refuses closes the client, each edge says why, and both say when it is there again", async () => {
  const refusing = freePort();
  await withNetwork({ web: refusing }, async ({ ports, west, east }) => {
    const conn = await connect(ports.web);
    assert.equal(await readToEnd(conn).catch(() => 0), 0);
    conn.close();
    await until(() => /could not be reached/.test(west.output()));
    await until(() => /target failed/.test(east.output()));
    assert.match(east.output(), new RegExp(`can't reach 127.0.0.1:${refusing}: .*refused`, "i"));

    using target = Deno.listen({ hostname: "127.0.0.1", port: refusing });
    const accepted = target.accept();
    const again = await connect(ports.web);
    (await accepted).close();
    await readToEnd(again).catch(() => 0);
    again.close();
    await until(() => /target answers again/.test(east.output()));
  });
});

Deno.test("a service whose only site vanishes under its clients closes them and its port, and says so", async () => {
  using target = server(echo);
  await withNetwork({ web: target.port }, async ({ ports, west, east }) => {
    const first = await connect(ports.web);
    await writeAll(first, new Uint8Array([1]));
    assert.ok(await readExactly(first, 1));
    east.signal("SIGKILL");
    // Some of these are on their way when the network learns of it; none may be left to wait.
    const late = await Promise.all(Array.from({ length: 20 }, () => connect(ports.web).catch(() => undefined)));
    for (const conn of [first, ...late.filter((conn) => conn !== undefined)]) {
      let over = false;
      readToEnd(conn).catch(() => 0).then(() => over = true);
      await until(() => over);
      conn.close();
    }
    await until(() => /listener is closed/.test(west.output()));
    assert.match(west.output(), /No matching connectors/);
    assert.match(west.output(), /connection closed/);
    await assert.rejects(connect(ports.web), /refused|reset/);
  });
});
