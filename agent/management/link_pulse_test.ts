import assert from "node:assert/strict";
import { connected } from "../router/testing_peers.ts";
import { Router } from "../router/router.ts";
import { until } from "../../tests/support/until.ts";
import { message, send } from "../../tests/support/wire_peer.ts";
import type { IncomingDelivery } from "../amqp/incoming_delivery.ts";
import type { Receiver } from "../amqp/receiver.ts";
import { LinkPulse } from "./link_pulse.ts";

Deno.test("link pulse: rates, seconds without credit, and messages that take long are seen by looking once a second", async () => {
  const router = new Router({ id: "NEAR", role: "interior" });
  const pulse = new LinkPulse();
  const arrived: IncomingDelivery[] = [];
  let link: Receiver | undefined;
  await using peers = await connected((each) => {
    assert.ok(each.role === "receiver");
    link = each;
    each.accept({ onDelivery: (delivery) => void arrived.push(delivery) });
    if (each.target?.address !== "later") each.keepCredit(3);
  });
  router.peers.add(peers.peer, "normal", "in");
  const sender = await peers.wire.sender({ address: "slow" });
  const look = (seconds: number) => {
    for (let second = 0; second < seconds; second++) pulse.look(router);
  };
  const sendThree = async () => {
    const before = arrived.length;
    for (let each = 0; each < 3; each++) {
      await until(() => sender.ready);
      send(sender, message({ body: "x" }));
    }
    await until(() => arrived.length === before + 3);
  };
  await sendThree();
  const [prompt, late, stuck] = arrived;
  stuck!.streaming = false;
  look(1);
  prompt!.update({ kind: "accepted" }, true);
  look(4);
  late!.update({ kind: "accepted" }, true);
  look(6);
  const { counts } = link!;
  assert.deepEqual([counts.accepted, counts.delayed, counts.longDelayed, link!.stuckCount], [2, 1, 0, 1]);
  stuck!.update({ kind: "released" }, true);
  assert.deepEqual([counts.released, counts.longDelayed, link!.stuckCount], [1, 1, 0]);

  // A stream may be as long as it likes.
  await sendThree();
  for (const stream of arrived.slice(3)) stream.streaming = true;
  look(11);
  assert.equal(link!.stuckCount, 0);
  for (const stream of arrived.slice(3)) stream.update({ kind: "accepted" }, true);
  assert.deepEqual([counts.accepted, counts.longDelayed], [5, 1]);

  look(1);
  for (let round = 0; round < 5; round++) {
    await sendThree();
    for (const each of arrived.slice(-3)) each.update({ kind: "accepted" }, true);
  }
  assert.equal(pulse.rate(link!), 3, "fifteen within the last five seconds");
  look(5);
  assert.equal(pulse.rate(link!), 0, "none within the last five");

  assert.equal(pulse.withoutCredit(link!), 0);
  const first = link;
  await peers.wire.sender({ address: "later" }, false);
  assert.notEqual(link, first);
  link!.keepCredit(0);
  look(3);
  assert.equal(pulse.withoutCredit(link!), 3);
  link!.keepCredit(1);
  look(1);
  assert.equal(pulse.withoutCredit(link!), 0);
});
