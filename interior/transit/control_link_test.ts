import assert from "node:assert/strict";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { send, WirePeer } from "../../tests/support/wire_peer.ts";
import { type Clock, SYSTEM_CLOCK } from "../../agent/lib/clock.ts";
import { ControlDelay } from "./control_delay.ts";
import { ControlLink, MAX_CONTROL_QUEUE } from "./control_link.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const octets = (value: string) => new TextEncoder().encode(value);

/** A control link at one end, a router played by hand at the other. */
async function linked(
  clock: Pick<Clock, "now"> = SYSTEM_CLOCK,
): Promise<{ control: ControlLink; delay: ControlDelay; said: string[]; near: WirePeer; far: WirePeer }> {
  const [one, other] = channelPair();
  const near = new WirePeer(one, "server", "near");
  const far = new WirePeer(other, "client", "far");
  const said: string[] = [];
  const delay = new ControlDelay(clock);
  const control = new ControlLink(near.peer, delay, {
    onUp: () => said.push("up"),
    onMessage: (bytes) => said.push(text(bytes)),
    onStalled: () => said.push("stalled"),
    onTooLarge: () => said.push("too large"),
    onDown: () => said.push("down"),
  });
  near.onAttach = (link) => {
    if (link.role === "receiver") {
      link.accept(control);
      control.receive(link);
    } else {
      control.sender = link;
      link.accept(control);
    }
  };
  await until(() => far.peer.connection.isOpen);
  return { control, delay, said, near, far };
}

Deno.test("what the neighbour says before it can be answered is heard once it can", async () => {
  const { said, far } = await linked();
  send(await far.sender({}), octets("early"), true);
  const receiver = await far.receiver({}, 0);
  assert.deepEqual(said, []);
  receiver.keepCredit(10);
  await until(() => said.length === 2);
  assert.deepEqual(said, ["up", "early"]);
  await far.close();
});

Deno.test("messages go out in order, and a probe says when it has arrived", async () => {
  const { control, said, far } = await linked();
  await far.receiver({}, 10);
  await until(() => said.includes("up"));
  control.send(octets("one"));
  control.send(octets("two"));
  let answered = 0;
  control.probe(octets("probe"), () => answered++);
  await until(() => far.arrived.length === 3 && far.arrived.every(({ events }) => events.includes("end")));
  assert.deepEqual(far.arrived.map(({ octets }) => text(octets)), ["one", "two", "probe"]);
  assert.deepEqual(far.arrived.map(({ delivery }) => delivery.presettled), [true, true, false]);
  assert.equal(answered, 0);
  far.arrived[2].delivery.update({ kind: "released" }, true);
  await until(() => answered === 1);
  await far.close();
});

Deno.test("a probe of the neighbour is answered", async () => {
  const { far, said } = await linked();
  await far.receiver({}, 10);
  await until(() => said.includes("up"));
  const probe = send(await far.sender({}), octets("probe"));
  await until(() => probe.states.length === 1);
  assert.deepEqual(probe.states[0], { state: { kind: "accepted" }, settled: true });
  await far.close();
});

Deno.test("a neighbour that takes nothing is told of once its queue is full, and nothing is kept for it", async () => {
  const { control, said, far } = await linked();
  await far.receiver({}, 1);
  await until(() => said.includes("up"));
  for (let count = 0; count <= MAX_CONTROL_QUEUE + 100; count++) control.send(octets(`${count}`));
  assert.equal(said.filter((word) => word === "stalled").length, 1);
  await far.close();
  await until(() => said.includes("down"));
});

Deno.test("what comes of a message counts from its arrival, what is said by itself from then, once it is written", async () => {
  let at = 1000;
  const { control, delay, said, far } = await linked({ now: () => at });
  await far.receiver({}, 10);
  await until(() => said.includes("up"));
  const counted = () => {
    const { buckets, sum } = delay.histogram;
    const upTo = (bound: number) => buckets.find(([known]) => known === bound)?.[1];
    return [upTo(0.0001), upTo(0.01), upTo(0.02), sum];
  };
  control.send(octets("by itself"));
  assert.deepEqual(counted(), [0, 0, 0, 0]);
  await until(() => far.arrived.length === 1);
  assert.deepEqual(counted(), [1, 1, 1, 0]);
  delay.answering(at, () => {
    at += 15; // Paths are computed.
    control.send(octets("an answer"));
  });
  await until(() => far.arrived.length === 2);
  assert.deepEqual(counted(), [1, 1, 2, 0.015]);
  await far.close();
});
