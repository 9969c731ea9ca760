/** The edge's side of its links, with `uplink.ts`: the test plays the interiors (wire-protocol I.3). */

import assert from "node:assert/strict";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { begin, message, read, send, WirePeer } from "../../tests/support/wire_peer.ts";
import type { Sender } from "../amqp/sender.ts";
import { silentLogger } from "../telemetry/log.ts";
import { NO_ANNOTATIONS, STREAMING } from "./annotations.ts";
import { ADDRESS_TRACKING, EDGE_DOWNLINK, hasSymbol, LINK_CREDIT, MESH_DISCOVERY } from "./capabilities.ts";
import { decodeMeshId, encodeTracking, LEAVING } from "./edge_messages.ts";
import { EdgeLinks } from "./edge_links.ts";
import { UNAUTHORIZED } from "./guard.ts";
import { Router } from "./router.ts";
import { listening, routed, Taker } from "./testing_consumer.ts";
import { edge, targetOf } from "./testing_edge.ts";

Deno.test("edge links: an interior that is about to go is left for another one, without loss, and dialled again later", async () => {
  await using site = edge({ a: 1, b: 2 });
  const taker = new Taker();
  site.router.addresses.add("Mserved", taker);
  await until(() => site.states().a === "active" && site.states().b === "standby");
  const under = await site.interior("a").towards("served");
  const open = begin(under, message({ body: "as long" }), true);
  const told = await site.interior("a").report(LEAVING, true);
  await until(() => site.states().b === "active");
  assert.equal(site.states().a, "standby");
  await until(() => told.states.length > 0);
  assert.equal(told.states[0]?.state?.kind, "released", "it leaves");
  await site.interior("b").towards("served");
  open.delivery.finish(new TextEncoder().encode(" as it likes"));
  await until(() => taker.taken[0]?.events.includes("end") === true);
  assert.equal(open.lost, false);
  await until(() => site.attempts.length > 2 && site.states().a === "standby");
  assert.equal(site.states().b, "active");
  const unwatch = site.router.addresses.watch("Mlate", undefined, () => {});
  await site.interior("b").from("late"); // The end of the old connection is none of the new one's business.
  unwatch();
});

Deno.test("edge links: an interior that was left serves again when the other one is lost, with what is under way there", async () => {
  await using site = edge({ a: 1, b: 2 });
  const taker = new Taker();
  site.router.addresses.add("Mserved", taker);
  await until(() => site.states().a === "active" && site.states().b === "standby");
  const open = begin(await site.interior("a").towards("served"), message({ body: "as long" }), true);
  const told = await site.interior("a").report(LEAVING, true);
  await until(() => told.states.length > 0 && site.states().b === "active");
  site.down.add("b");
  await site.interior("b").wire.close();
  await until(() => site.states().a === "active");
  const again = await site.interior("a").towards("served");
  open.delivery.finish(new TextEncoder().encode(" as it likes"));
  await until(() => taker.taken[0]?.events.includes("end") === true);
  await until(() => !open.delivery.sender.attached); // What it was served by before is given up, and nothing else.
  assert.equal(open.lost, false);
  await new Promise((resolve) => setTimeout(resolve, 200));
  send(again, message({ body: "more" }));
  await until(() => taker.taken.length === 2);
  assert.equal(site.states().a, "active");
});

Deno.test("edge links: an interior that is about to go is used for as long as there is no other", async () => {
  await using site = edge({ a: 1, b: 2 });
  await until(() => site.states().a === "active" && site.states().b === "standby");
  site.down.add("b");
  await site.interior("b").wire.close();
  await until(() => site.states().b === "down");
  const told = await site.interior("a").report(LEAVING, true);
  await until(() => told.states.length > 0);
  assert.equal(told.states[0]?.state?.kind, "accepted", "it stays");
  assert.equal(site.states().a, "active");
  site.down.delete("b");
  await until(() => site.states().b === "active");
});

Deno.test("edge links: an active link attaches what an interior expects, and tells the mesh id", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  const { wire } = site.interior("a");
  await until(() => wire.opened.length === 4 && wire.arrived.length === 1);
  const uplink = wire.opened.find(({ link, attach }) => link.role === "receiver" && targetOf(attach) === undefined);
  assert.ok(uplink, "an anonymous link for everything");
  const downlink = wire.opened.find(({ attach }) => attach.source?.address === "E1");
  assert.ok(hasSymbol(downlink?.attach.source?.capabilities, EDGE_DOWNLINK));
  assert.equal((downlink?.link as Sender).credit, LINK_CREDIT);
  assert.ok(wire.opened.some(({ attach }) => attach.source?.address === ADDRESS_TRACKING));
  assert.ok(wire.opened.some(({ attach }) => targetOf(attach) === MESH_DISCOVERY));
  assert.match(decodeMeshId(wire.arrived[0]!.octets) ?? "", /^[\w+]{15}$/);
  assert.equal(site.links.status()[0]?.remote, "a");
});

Deno.test("edge links: an address is attached while it is served here, and messages for it are routed", async () => {
  await using site = edge({ a: 1 });
  const taker = new Taker();
  site.router.addresses.add("Mearly", new Taker());
  await until(() => site.states().a === "active");
  const remove = site.router.addresses.add("Mweb", taker);
  await site.interior("a").towards("early");
  const link = await site.interior("a").towards("web");
  const sent = send(link, message({ to: "whatever", body: "hi" }));
  await until(() => taker.taken.length === 1);
  assert.equal(taker.taken[0]!.message.address, "web", "a link's messages are for its address");
  taker.taken[0]!.upstream.consumerState({ kind: "accepted" }, true);
  await until(() => sent.states.length === 1);
  remove();
  await until(() => !link.attached);
  site.router.addresses.add("Llocal", new Taker());
  site.router.addresses.add("Mlast", new Taker());
  await site.interior("a").towards("last");
  assert.ok(site.interior("a").wire.opened.every(({ attach }) => attach.source?.address !== "local"));
});

Deno.test("edge links: what is wanted here becomes reachable by reports, and only by them", async () => {
  await using site = edge({ a: 1 });
  const heard: boolean[] = [];
  const unwatch = site.router.addresses.watch("Mweb", undefined, (reachable) => heard.push(reachable));
  await until(() => site.states().a === "active");
  const interior = site.interior("a");
  await interior.from("web");
  await interior.report("Mother", true);
  await interior.report("Mweb", true);
  await until(() => heard.length === 2);
  await interior.report("Mweb", true);
  await interior.report("Mweb", false);
  await until(() => heard.length === 3);
  await interior.report("Mweb", true);
  await until(() => heard.length === 4);
  assert.deepEqual(heard, [false, true, false, true]);
  unwatch();
  assert.equal(site.router.addresses.get("Mother"), undefined, "nobody asked for it");
  await until(() => interior.wire.opened.every(({ attach, link }) => targetOf(attach) !== "web" || !link.attached));
});

Deno.test("edge links: nothing is wanted of an interior before it has taken the mesh id, or a second is over", async () => {
  await using site = edge({ a: 1 });
  const unwatch = site.router.addresses.watch("Mweb", undefined, () => {});
  await until(() => site.states().a === "active");
  const { wire } = site.interior("a");
  const wanted = () => wire.opened.findIndex(({ attach }) => targetOf(attach) === "web");
  await until(() => wanted() >= 0);
  assert.equal(wire.arrived.length, 1, "the mesh id came before");
  unwatch();

  const [near, far] = channelPair();
  const silent = new WirePeer(far, "server", "silent");
  silent.onAttach = (link) => link.accept(silent.receive());
  const other = new Router({ id: "E2", role: "edge" });
  other.addresses.watch("Mweb", undefined, () => {});
  const target = { name: "l", cost: 1, measured: false, endpoint: "x", connect: () => Promise.resolve(near) };
  const links = new EdgeLinks(other, [target], () => ({ next: () => 1e6, reset() {} }), silentLogger, () => {});
  await until(() => silent.opened.some(({ attach }) => targetOf(attach) === "web"));
  await links.stop();
});

Deno.test("edge links: a report that is none is rejected, and the next one counts", async () => {
  await using site = edge({ a: 1 });
  const heard: boolean[] = [];
  const unwatch = site.router.addresses.watch("Mweb", undefined, (reachable) => heard.push(reachable));
  await until(() => site.states().a === "active");
  const interior = site.interior("a");
  const tracking = await interior.towards(ADDRESS_TRACKING);
  await interior.from("web");
  const bad = send(tracking, message({ to: "x", body: "no report" }));
  const good = send(tracking, encodeTracking({ key: "Mweb", reachable: true }, "R1"));
  await until(() => bad.states.length + good.states.length === 2);
  assert.deepEqual([bad.states[0]?.state?.kind, good.states[0]?.state?.kind], ["rejected", "accepted"]);
  assert.deepEqual(heard, [false, true]);
  unwatch();
});

Deno.test("edge links: an address that is wanted only for a moment leaves no link and no noise", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  const { wire } = site.interior("a");
  await until(() => wire.opened.length === 4);
  site.router.addresses.watch("Mweb", undefined, () => {})();
  site.router.addresses.add("Mweb", new Taker())();
  site.router.addresses.add("Mlast", new Taker());
  await site.interior("a").towards("last");
  // Time for answers to answers, if there were any.
  const heard: boolean[] = [];
  const unwatch = site.router.addresses.watch("Mprobe", undefined, (reachable) => heard.push(reachable));
  await site.interior("a").from("probe");
  await site.interior("a").report("Mprobe", true);
  await until(() => heard.length === 2);
  assert.ok(wire.opened.length <= 7, `${wire.opened.length} links were opened`);
  // What the interior may have sent by a link comes first.
  await until(() =>
    wire.opened.every(({ attach, link }) =>
      !`${targetOf(attach)} ${attach.source?.address}`.includes("web") || !link.attached
    )
  );
  unwatch();
});

Deno.test("edge links: messages go up annotated with the mesh id, and come down by streaming links", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  const { wire } = site.interior("a");
  await until(() => wire.arrived.length === 1);
  const meshId = decodeMeshId(wire.arrived[0]!.octets);
  const upstream = listening();
  site.router.route(routed({ address: "over", overridden: true, start: message({ to: "x", body: "up" }) }), upstream);
  await until(() => wire.arrived.length === 2);
  const { annotations, body } = read(wire.arrived[1]!.octets);
  assert.deepEqual(annotations, { ...NO_ANNOTATIONS, toOverride: "over", ingressMesh: meshId });
  assert.equal(body, "up");

  const taker = new Taker();
  site.router.addresses.add("Ltemp.1", taker);
  const down = await wire.sender({});
  send(down, message({ to: "amqp:/_edge/E1/temp.1", annotations: { flags: STREAMING, ingress: "0/a" } }));
  send(down, message({ to: "elsewhere" })).delivery;
  await until(() => taker.taken.length === 1);
  assert.equal(wire.arrived.length, 2, "what came down and finds nobody does not go back up");
});

Deno.test("edge links: who serves here comes before others beyond the link, until it has more to do", async () => {
  await using site = edge({ a: 1 });
  const here = new Taker();
  site.router.addresses.add("Mweb", here);
  const unwatch = site.router.addresses.watch("Mweb", undefined, () => {});
  await until(() => site.states().a === "active");
  await site.interior("a").from("web");
  await site.interior("a").report("Mweb", true);
  await until(() => site.router.addresses.get("Mweb")?.consumers.length === 2);
  const route = () => site.router.route(routed({ address: "web", start: message({ to: "web" }) }), listening());
  for (let at = 0; at < 3; at++) {
    here.outstanding = 0;
    route();
  }
  assert.equal(here.taken.length, 3);
  here.outstanding = 5;
  for (let at = 0; at < 3; at++) route();
  assert.equal(here.taken.length, 3);
  unwatch();
});

Deno.test("edge links: an edge offers nothing to receive from", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  const link = await site.interior("a").wire.receiver({ address: "web" });
  await until(() => !link.attached);
});

Deno.test("edge links: the first to connect is active, the others stand by and refuse links", async () => {
  await using site = edge({ a: 5, b: 1 });
  await until(() => Object.values(site.states()).sort().join() === "active,standby");
  const [standby] = Object.entries(site.states()).find(([, state]) => state === "standby")!;
  const { wire } = site.interior(standby);
  assert.equal(wire.opened.length, 0, "a standby has no links");
  const link = await wire.sender({}, false);
  await until(() => !link.attached);
});

Deno.test("edge links: the cheapest standby takes over at once, with everything that is served and wanted", async () => {
  await using site = edge({ a: 1, b: 9, c: 2 });
  site.router.addresses.add("Mserved", new Taker());
  const heard: boolean[] = [];
  const unwatch = site.router.addresses.watch("Mwanted", undefined, (reachable) => heard.push(reachable));
  await until(() => site.states().a === "active" && site.states().b === "standby" && site.states().c === "standby");
  await site.interior("a").from("wanted");
  await site.interior("a").report("Mwanted", true);
  await until(() => heard.length === 2);
  site.down.add("a");
  site.interior("a").wire.peer.channel.destroy();
  await until(() => site.states().c === "active");
  assert.equal(heard.at(-1), true, "what the lost interior reported is presumed of the next one");
  await site.interior("c").towards("served");
  await site.interior("c").from("wanted");
  await site.interior("c").report("Mwanted", true);
  await until(() => heard.at(-1) === true);
  assert.deepEqual(heard, [false, true], "without a gap");
  await until(() => site.states().a === "down" && site.attempts.filter((name) => name === "a").length > 3);
  assert.equal(site.links.status()[0]?.message, "a refuses");
  assert.equal(site.interior("b").wire.opened.length, 0);
  site.down.delete("a");
  await until(() => site.states().a === "standby");
  assert.equal(site.states().c, "active", "what works is not moved at once");
  unwatch();
});

Deno.test("edge links: what the next interior does not report within two seconds is not reachable", async () => {
  await using site = edge({ a: 1, b: 2 });
  const heard: boolean[] = [];
  const unwatch = site.router.addresses.watch("Mwanted", undefined, (reachable) => heard.push(reachable));
  await until(() => site.states().a === "active" && site.states().b === "standby");
  await site.interior("a").from("wanted");
  await site.interior("a").report("Mwanted", true);
  await until(() => heard.length === 2);
  site.down.add("a");
  site.interior("a").wire.peer.channel.destroy();
  await until(() => site.states().b === "active");
  assert.deepEqual(heard, [false, true]);
  await until(() => heard.length === 3);
  assert.equal(heard[2], false);
  unwatch();
});

Deno.test("edge links: messages under way are failed when their link is lost, and none is accepted without one", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  const upstream = listening();
  site.router.route(routed({ address: "x", start: message({ to: "x" }) }), upstream);
  await until(() => site.interior("a").wire.arrived.length === 2);
  site.down.add("a");
  site.interior("a").wire.peer.channel.destroy();
  await until(() => upstream.heard.length === 1);
  assert.equal(upstream.heard[0]![0]?.kind, "modified");
  await until(() => site.states().a === "down");
  assert.equal(site.router.route(routed({ address: "x" }), listening()), undefined);
});

Deno.test("edge links: stopping ends a link that has just connected", async () => {
  const site = edge({ a: 1, b: 1 });
  await site[Symbol.asyncDispose]();
  assert.equal(site.router.uplink, undefined);
});

Deno.test("edge links: why the peer closed is shown, and the next attempt follows", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  const before = site.changes();
  site.down.add("a");
  site.interior("a").wire.peer.close({ condition: "amqp:connection:forced", description: "maintenance" });
  await until(() => site.states().a === "down" && site.attempts.length > 2);
  assert.ok(site.changes() > before);
  assert.equal(site.links.status()[0]?.message, "a refuses");
  assert.equal(site.resets(), 1, "the pauses began anew when the link was up");
});

Deno.test("edge links: an interior that does not allow the link is named as that, and dialled ever less often", async () => {
  await using site = edge({ a: 1 });
  for (let attempt = 1; attempt <= 3; attempt++) {
    await until(() => site.attempts.length === attempt && site.states().a === "active");
    site.interior("a").wire.peer.close({ condition: UNAUTHORIZED, description: "a does not let E1 link" });
    await until(() => site.states().a === "down" || site.attempts.length > attempt);
  }
  await until(() => site.states().a === "active");
  assert.equal(site.resets(), 0, "each attempt was refused");
  site.interior("a").wire.peer.close();
  await until(() => site.resets() === 1);
});

Deno.test("edge links: what an interior refuses is kept with its reason until it is not wanted, or allowed", async () => {
  await using site = edge({ a: 1 });
  await until(() => site.states().a === "active");
  let refuse = true;
  const { wire } = site.interior("a");
  const answer = wire.onAttach!;
  wire.onAttach = (link, attach) => {
    const address = link.role === "sender" ? attach.source?.address : targetOf(attach);
    if (refuse && (address === "web" || address === "db")) {
      link.refuse({ condition: UNAUTHORIZED, description: `a does not let E1 have ${address}` });
    } else answer(link, attach);
  };
  const stopServing = site.router.addresses.add("Mweb", new Taker());
  const stopWatching = site.router.addresses.watch("Mdb", undefined, () => {});
  const reasons = () =>
    [site.router.refusals.get("offer", "Mweb"), site.router.refusals.get("consume", "Mdb")].map((error) =>
      error?.message
    );
  await until(() => reasons().every((reason) => reason !== undefined));
  assert.deepEqual(reasons(), ["a does not let E1 have web", "a does not let E1 have db"]);
  assert.match(site.router.refusals.get("offer", "Mweb")?.hint ?? "", /whoever runs a /);
  stopWatching();
  assert.deepEqual(reasons(), ["a does not let E1 have web", undefined]);
  refuse = false;
  await until(() => reasons()[0] === undefined);
  stopServing();
});
