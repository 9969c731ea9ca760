/** An interior that is there and silent, as after a cable is pulled: found by the links' idle time-out alone. */

import assert from "node:assert/strict";
import { IDLE_TIMEOUT_MS } from "../../agent/router/capabilities.ts";
import { withNetwork } from "../support/network.ts";
import { untilListening } from "../support/processes.ts";
import { connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

/** Silence after which a peer is dropped, in ms. */
const SILENCE_MS = IDLE_TIMEOUT_MS * 2;

Deno.test("an interior that falls silent costs its clients after the idle time-out, and is found again", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, west, east }) => {
    const conn = await connect(ports.echo);
    await writeAll(conn, new Uint8Array([1, 2, 3]));
    assert.ok(await readExactly(conn, 3));
    let over = false;
    const closed = readToEnd(conn).catch(() => 0).then(() => over = true);
    hub().signal("SIGSTOP");
    const stoppedAt = performance.now();
    try {
      await until(() => over, SILENCE_MS + 15_000);
      await closed;
      // Nothing but the time-out told: the last word of the interior came at most one of its keep-alives before.
      assert.ok(performance.now() - stoppedAt > SILENCE_MS / 2);
      for (const edge of [west, east]) await until(() => /nothing heard for \d+ ms/.test(edge.output()), 15_000);
      // The port is shut in a moment, so that clients are told at once.
      await until(
        () =>
          connect(ports.echo!).then((conn) => conn.close(), (error) => error instanceof Deno.errors.ConnectionRefused)
            .then((refused) => refused === true),
        15_000,
      );
    } finally {
      hub().signal("SIGCONT");
    }
    await untilListening(ports.echo, west, 60_000);
    const again = await connect(ports.echo);
    await writeAll(again, new Uint8Array([4, 5, 6]));
    assert.ok(await readExactly(again, 3));
    again.close();
    conn.close();
  });
});
