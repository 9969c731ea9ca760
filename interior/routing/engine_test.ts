import assert from "node:assert/strict";
import { DEFAULT_TIMING } from "./timing.ts";
import { TestNetwork } from "./testing_network.ts";

function line(...ids: string[]): TestNetwork {
  const network = new TestNetwork();
  ids.forEach((id) => network.start(id));
  ids.slice(1).forEach((id, at) => network.link(ids[at], id));
  network.pass(3000);
  return network;
}

Deno.test("routers in a line find each other, with next hops and costs", () => {
  const network = line("a", "b", "c", "d");
  const { paths } = network.routers.get("a")!.engine;
  assert.equal(paths.nextHop("d"), "b");
  assert.equal(paths.cost("d"), 3);
  assert.equal(paths.radius, 3);
  assert.equal(network.routers.get("d")!.engine.paths.nextHop("a"), "c");
});

Deno.test("a new neighbour is known at once, without waiting for a tick", () => {
  const network = new TestNetwork();
  network.start("a");
  network.start("b");
  network.link("a", "b");
  assert.equal(network.routers.get("a")!.engine.paths.nextHop("b"), "b");
  assert.equal(network.routers.get("b")!.engine.paths.nextHop("a"), "a");
});

Deno.test("a router that is heard but does not hear us is no neighbour", () => {
  const network = new TestNetwork();
  const a = network.start("a");
  const b = network.start("b");
  b.deaf = true;
  network.link("a", "b");
  network.pass(5000);
  assert.equal(a.engine.adjacencies.size, 0);
  b.deaf = false;
  network.pass(2000);
  assert.equal(a.engine.adjacencies.size, 1);
});

Deno.test("a neighbour that falls silent is lost after three seconds, and the way around it is taken", () => {
  const network = line("a", "b", "c");
  network.start("d");
  network.link("a", "d", 5);
  network.link("d", "c", 5);
  network.pass(2000);
  const a = network.routers.get("a")!;
  assert.equal(a.engine.paths.nextHop("c"), "b");
  network.routers.delete("b"); // No ticks, no HELLO; the link looks alive.
  network.pass(5000);
  assert.equal(a.engine.paths.nextHop("c"), "d");
  assert.equal(a.engine.paths.cost("c"), 10);
});

Deno.test("a lost link is told at once, and everybody routes around it", () => {
  const network = line("a", "b");
  network.start("c");
  network.link("b", "c");
  network.link("a", "c", 7);
  network.pass(2000);
  const direct = network.linksOf(network.routers.get("b")!).find(({ ends }) => ends.some(({ id }) => id === "a"))!;
  network.cut(direct);
  assert.equal(network.routers.get("a")!.engine.paths.nextHop("b"), "c");
  assert.equal(network.routers.get("c")!.engine.paths.nextHop("a"), "a");
  assert.equal(network.routers.get("b")!.engine.paths.cost("a"), 8);
});

Deno.test("a router that is about to go is gone around, and still serves where no other way is", () => {
  const network = line("a", "b", "c");
  network.start("d");
  network.link("c", "d");
  network.link("a", "c", 7);
  network.pass(2000);
  const [a, b, d] = ["a", "b", "d"].map((id) => network.routers.get(id)!.engine);
  assert.equal(a!.paths.nextHop("d"), "b");
  b!.depart(network.now);
  assert.equal(a!.paths.nextHop("d"), "c");
  assert.equal(d!.paths.cost("a"), 8);
  assert.equal(a!.paths.cost("b"), 1, "it is reached as before");
  assert.equal(b!.paths.cost("d"), 2, "and reaches others as before");
  const last = network.linksOf(network.routers.get("a")!).find(({ ends }) => ends.some(({ id }) => id === "c"))!;
  network.cut(last);
  assert.equal(a!.paths.nextHop("d"), "b");
});

Deno.test("of parallel links the cheapest counts; when it is lost, the next one does", () => {
  const network = new TestNetwork();
  const a = network.start("a");
  network.start("b");
  network.link("a", "b", 4);
  const cheap = network.link("a", "b", 2);
  network.pass(2000);
  assert.deepEqual(a.engine.adjacencies.get("b"), { link: cheap.number, cost: 2 });
  network.cut(cheap);
  assert.equal(a.engine.adjacencies.get("b")?.cost, 4);
  assert.equal(a.engine.paths.cost("b"), 4);
});

Deno.test("a superseded link is used only while no other leads to the neighbour", () => {
  const network = new TestNetwork();
  const a = network.start("a");
  network.start("b");
  const old = network.link("a", "b");
  a.engine.supersede(old.number);
  assert.equal(a.engine.adjacencies.get("b")?.link, old.number);
  const renewed = network.link("a", "b", 9);
  assert.equal(a.engine.adjacencies.get("b")?.link, renewed.number);
  network.cut(renewed);
  assert.equal(a.engine.adjacencies.get("b")?.link, old.number);
});

Deno.test("addresses reach everyone, and go when they are withdrawn", () => {
  const network = line("a", "b", "c");
  const a = network.routers.get("a")!;
  const c = network.routers.get("c")!;
  c.engine.advertise({ key: "Mweb", treatment: "balanced" });
  c.engine.settle(network.now);
  assert.deepEqual([...a.remote], ["Mweb c"]);
  c.engine.withdraw("Mweb");
  network.pass(1000);
  assert.deepEqual([...a.remote], []);
});

Deno.test("an address that came and went before it was told is never mentioned", () => {
  const network = line("a", "b");
  const b = network.routers.get("b")!;
  const before = b.count("MAU");
  b.engine.advertise({ key: "Mweb", treatment: "balanced" });
  b.engine.withdraw("Mweb");
  network.pass(3000);
  assert.equal(b.count("MAU"), before);
});

Deno.test("who missed an update of addresses asks once, and gets all of them", () => {
  const network = line("a", "b");
  const [a, b] = [network.routers.get("a")!, network.routers.get("b")!];
  const tell = (key: string) => {
    b.engine.advertise({ key, treatment: "closest" });
    network.pass(1000);
  };
  tell("Mone");
  a.deaf = true;
  tell("Mtwo");
  a.deaf = false;
  const asked = a.count("MAR");
  tell("Mthree");
  assert.equal(a.count("MAR"), asked + 1);
  assert.deepEqual([...a.remote].sort(), ["Mone b", "Mthree b", "Mtwo b"]);
});

Deno.test("an update that was overtaken by a later one changes nothing", () => {
  const network = line("a", "b");
  const [a, b] = [network.routers.get("a")!, network.routers.get("b")!];
  for (const key of ["Mone", "Mtwo"]) {
    b.engine.advertise({ key, treatment: "closest" });
    network.pass(1000);
  }
  const late = { opcode: "MAU", id: "b", mobileSequence: 1, add: [], remove: ["Mtwo"] } as const;
  a.engine.received(late, -1, 1, network.now);
  a.engine.received({ ...late, remove: [], exist: [] }, -1, 1, network.now);
  assert.deepEqual([...a.remote].sort(), ["Mone b", "Mtwo b"]);
});

Deno.test("a router that restarts is taken for what it says now, however low its sequences are", () => {
  const network = line("a", "b");
  network.routers.get("b")!.engine.advertise({ key: "Mold", treatment: "closest" });
  network.pass(5000);
  const a = network.routers.get("a")!;
  assert.deepEqual([...a.remote], ["Mold b"]);
  const b = network.start("b", 2);
  b.engine.advertise({ key: "Mnew", treatment: "closest" });
  network.pass(5000);
  assert.deepEqual([...a.remote], ["Mnew b"]);
  assert.equal(a.engine.paths.nextHop("b"), "b");
});

Deno.test("addresses of a router out of reach are kept for the hold-off, then forgotten; and asked for when it is back", () => {
  const network = line("a", "b", "c");
  network.routers.get("c")!.engine.advertise({ key: "Mweb", treatment: "closest" });
  network.pass(2000);
  const a = network.routers.get("a")!;
  const [, link] = network.linksOf(network.routers.get("b")!);
  network.cut(link);
  assert.equal(a.engine.paths.nextHop("c"), undefined);
  assert.deepEqual([...a.remote], ["Mweb c"]);
  network.pass(2000);
  assert.deepEqual([...a.remote], []);
  network.link("b", "c");
  assert.deepEqual([...a.remote], ["Mweb c"]);
});

Deno.test("who comes into a network, or comes back, knows the addresses of all at once, however rarely they advertise", () => {
  const network = line("a", "b", "c");
  network.routers.get("c")!.engine.advertise({ key: "Mweb", treatment: "closest" });
  network.pass(20_000);
  const a = network.start("a", 2);
  assert.deepEqual([...a.remote], ["Mweb c"]);
});

Deno.test("a router of which all addresses are known is not asked for them; one without any is, until it says so", () => {
  const network = line("a", "b");
  network.pass(10_000);
  const { engine, said } = network.routers.get("a")!;
  const asked = () => said.splice(0).filter(({ opcode }) => opcode === "MAR").length;
  asked();
  const peers = new Map([["a", 1], ["b", 1], ["c", 1]]);
  engine.received({ opcode: "LSU", id: "b", instance: 1, linkStateSequence: 9, peers }, 1, 1, network.now);
  const linkState = { linkStateSequence: 1, peers: new Map([["b", 1]]) };
  engine.received({ opcode: "LSU", id: "c", instance: 1, ...linkState }, 1, 1, network.now);
  assert.equal(asked(), 1);
  network.pass(2000);
  assert.equal(asked(), 1, "again, for the answer may have got lost");
  // C routers answer only who lacks something.
  engine.received({ opcode: "RA", id: "c", instance: 1, linkStateSequence: 1, mobileSequence: 0 }, 1, 1, network.now);
  network.pass(30_000);
  assert.equal(asked(), 0);
});

Deno.test("a router that nobody names any more is forgotten", () => {
  const network = line("a", "b", "c");
  const [, link] = network.linksOf(network.routers.get("b")!);
  network.cut(link);
  network.routers.delete("c");
  network.pass(70_000);
  assert.deepEqual([...network.routers.get("a")!.engine.nodes.keys()], ["b"]);
});

Deno.test("a link state that is not newer than the known one is ignored", () => {
  const network = line("a", "b", "c");
  const a = network.routers.get("a")!;
  const known = a.engine.nodes.get("b")!.linkStateSequence;
  const peers = new Map([["evil", 1]]);
  a.engine.received({ opcode: "LSU", id: "b", instance: 1, linkStateSequence: known, peers }, -1, 1, network.now);
  assert.equal(a.engine.nodes.has("evil"), false);
});

Deno.test("another router with our id is reported, once", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  const hello = { opcode: "HELLO", id: "a", instance: 77, seen: ["a"] } as const;
  for (let time = 0; time < 3; time++) a.engine.received(hello, 9, 1, network.now);
  a.engine.received({ ...hello, instance: 1 }, 9, 1, network.now);
  assert.deepEqual(a.problems, ["ROUTER_ID_TAKEN"]);
  assert.equal(a.engine.adjacencies.has("a"), false);
});

Deno.test("a stable network advertises every 30 seconds, one in flux every 4", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  network.pass(60_000);
  let before = a.count("RA");
  network.pass(60_000);
  assert.equal(a.count("RA") - before, 2);
  network.start("c");
  network.link("b", "c");
  before = a.count("RA");
  network.pass(8000);
  assert.ok(a.count("RA") - before >= 2);
});

Deno.test("the first changes in quick succession are told at once, the rest in one advertisement a second", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  network.pass(5000);
  const before = a.count("RA");
  for (let change = 0; change < 100; change++) {
    a.engine.advertise({ key: `M${change}`, treatment: "closest" });
    a.engine.settle(network.now);
  }
  network.pass(1000);
  const { changeBurst } = DEFAULT_TIMING;
  assert.equal(a.count("RA") - before, changeBurst + 1);
  assert.equal(network.routers.get("b")!.remote.size, 100);
  assert.equal(
    a.said.filter((message) => message.opcode === "MAU" && message.exist === undefined).length,
    changeBurst + 1,
  );
});

Deno.test("a router that is about to go tells at once what is not there any more, however much that is", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  network.pass(5000);
  for (let address = 0; address < 100; address++) a.engine.advertise({ key: `M${address}`, treatment: "closest" });
  a.engine.settle(network.now);
  a.engine.depart(network.now);
  const { remote } = network.routers.get("b")!;
  for (let address = 0; address < 100; address++) {
    a.engine.withdraw(`M${address}`);
    a.engine.settle(network.now);
    assert.equal(remote.size, 99 - address);
  }
});

Deno.test("a router of the wrong protocol version is reported once and never asked anything", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  a.engine.incompatible("b", "RA of protocol version 9");
  a.engine.incompatible("b", "RA of protocol version 9");
  a.engine.incompatible("unknown", "RA of protocol version 9");
  assert.deepEqual(a.problems, ["ROUTER_VERSION"]);
});

Deno.test("a router that may not know us yet is not told or asked of addresses, unless it speaks first", () => {
  const network = line("a", "b");
  const { engine, said } = network.routers.get("a")!;
  const talk = () => said.splice(0).map(({ opcode }) => opcode).filter((opcode) => opcode.startsWith("MA"));
  const later = (ms: number) => {
    network.now += ms;
    engine.received({ opcode: "HELLO", id: "b", instance: 1, seen: ["a"] }, 1, 1, network.now);
    engine.tick(network.now);
  };
  const meet = (id: string, sequence: number) => {
    later(5000);
    talk(); // What was asked in vain is asked again.
    const peers = new Map([["a", 1], ["b", 1], [id, 1]]);
    engine.received({ opcode: "LSU", id: "b", instance: 1, linkStateSequence: sequence, peers }, 1, 1, network.now);
    const advertisement = { opcode: "RA", id, instance: 1, linkStateSequence: 1, mobileSequence: 1 } as const;
    engine.received(advertisement, 1, 1, network.now);
    engine.advertise({ key: `M${id}`, treatment: "closest" });
    engine.settle(network.now);
  };
  const answers = (id: string) => {
    const linkState = { linkStateSequence: 1, peers: new Map([["a", 1]]) };
    engine.received({ opcode: "LSU", id, instance: 1, ...linkState }, 1, 1, network.now);
  };
  meet("silent", 10);
  later(2999);
  assert.deepEqual(talk(), []);
  later(1);
  assert.deepEqual(talk(), ["MAU"], "others wait no longer");
  later(10_000);
  assert.deepEqual(talk(), [], "a question that can't be answered is not asked");
  answers("silent");
  assert.deepEqual(talk(), ["MAR"]);

  meet("talkative", 20);
  engine.received({ opcode: "LSR", id: "talkative" }, 1, 1, network.now);
  engine.tick(network.now);
  assert.deepEqual(talk(), ["MAU", "MAR"]);

  meet("prompt", 30);
  answers("prompt");
  assert.deepEqual(talk(), ["MAU", "MAR"]);
});

Deno.test("a router that is a stranger time and again holds changes of addresses back no longer than any other", () => {
  const network = line("a", "b");
  const { engine, said } = network.routers.get("a")!;
  const peers = new Map([["a", 1], ["b", 1], ["restless", 1]]);
  engine.received({ opcode: "LSU", id: "b", instance: 1, linkStateSequence: 10, peers }, 1, 1, network.now);
  let life = 1;
  /** Passes a second, at the end of which the `restless` router begins another life. Returns whether addresses were told. */
  const second = (restless = true) => {
    network.now += 1000;
    engine.received({ opcode: "HELLO", id: "b", instance: 1, seen: ["a"] }, 1, 1, network.now);
    const facts = { linkStateSequence: 1, mobileSequence: 0 };
    if (restless) life++;
    engine.received({ opcode: "RA", id: "restless", instance: life, ...facts }, 1, 1, network.now);
    engine.tick(network.now);
    return said.splice(0).some(({ opcode }) => opcode === "MAU");
  };
  for (let time = 0; time < 10; time++) second();
  for (const key of ["Mone", "Mtwo"]) {
    engine.advertise({ key, treatment: "closest" });
    engine.settle(network.now);
    assert.deepEqual([second(), second(), second(), second()], [false, false, true, false]);
  }
  for (let time = 0; time < 3; time++) second(false);
  engine.advertise({ key: "Mthree", treatment: "closest" });
  engine.settle(network.now);
  assert.equal(second(false), true, "one that never answers holds nothing back for ever");
});

Deno.test("all addresses means all that were told: one that is taken back meanwhile is not lost", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  a.engine.advertise({ key: "Mx", treatment: "closest" });
  a.engine.settle(network.now);
  network.pass(2000);
  // Withdrawn, asked for everything, and back again, all before the withdrawal was told.
  a.engine.withdraw("Mx");
  a.engine.received({ opcode: "MAR", id: "b", haveSequence: 0 }, 1, 1, network.now);
  a.engine.advertise({ key: "Mx", treatment: "closest" });
  network.pass(5000);
  assert.ok(network.routers.get("b")!.remote.has("Mx a"));
});

Deno.test("what comes late from a former life of a router is not believed", () => {
  const network = line("a", "b");
  const { engine } = network.routers.get("a")!;
  const now = network.now;
  engine.received({ opcode: "RA", id: "b", instance: 2, linkStateSequence: 0, mobileSequence: 0 }, 1, 1, now);
  const late = { opcode: "LSU", id: "b", instance: 1, linkStateSequence: 9, peers: new Map([["ghost", 1]]) } as const;
  engine.received(late, 1, 1, now);
  assert.equal(engine.paths.nextHop("ghost"), undefined);
  assert.equal(engine.nodes.get("b")?.linkStateSequence, 0);
});

Deno.test("a router that is behind what we have of it is asked again", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  a.engine.received({ opcode: "MAU", id: "b", mobileSequence: 1e6, exist: [], add: [], remove: [] }, 1, 1, network.now);
  const asked = a.count("MAR");
  network.pass(31_000);
  assert.equal(a.count("MAR"), asked + 1);
  assert.ok(a.engine.nodes.get("b")!.mobileSequence < 1e6);
});

Deno.test("a question that was lost is asked again at once when its router speaks to us", () => {
  const network = line("a", "b");
  const { engine, said } = network.routers.get("a")!;
  const peers = new Map([["a", 1], ["c", 1]]);
  engine.received({ opcode: "LSU", id: "b", instance: 1, linkStateSequence: 50, peers }, 1, 1, network.now);
  const asked = () => said.splice(0).filter(({ opcode }) => opcode === "LSR").length;
  asked();
  engine.tick(network.now + 900);
  assert.equal(asked(), 0);
  engine.received({ opcode: "LSR", id: "c" }, 1, 1, network.now + 900);
  assert.equal(asked(), 1);
});

Deno.test("a question that was asked along a way that is no more is asked again at once along the new one", () => {
  const network = line("a", "b", "d");
  network.start("c");
  const { engine, said } = network.routers.get("a")!;
  network.link("a", "c");
  network.pass(3000);
  const tell = (id: string, linkStateSequence: number, peers: [string, number][]) =>
    engine.received({ opcode: "LSU", id, instance: 1, linkStateSequence, peers: new Map(peers) }, 1, 1, network.now);
  const asked = () => said.splice(0).filter(({ opcode }) => opcode === "LSR").length;
  const via = () => engine.paths.nextHop("d");
  assert.equal(via(), "b");
  network.routers.get("d")!.deaf = true; // The question gets lost.
  asked();
  engine.received({ opcode: "RA", id: "d", instance: 1, linkStateSequence: 40, mobileSequence: 0 }, 1, 1, network.now);
  assert.equal(asked(), 1);
  tell("c", 40, [["a", 1], ["d", 1]]);
  tell("b", 41, [["a", 1]]);
  assert.equal(via(), "c");
  assert.ok(asked() >= 1);
});

Deno.test("two routers with one id are reported by themselves, and by those between them", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  const say = (id: string, instance: number) =>
    a.engine.received({ opcode: "RA", id, instance, linkStateSequence: 1, mobileSequence: 0 }, 1, 1, network.now);
  say("a", 99); // Our own words from before a restart, perhaps.
  assert.deepEqual(a.problems, []);
  network.pass(30_000);
  say("a", 99);
  assert.deepEqual(a.problems, ["ROUTER_ID_TAKEN"]);
  // What was held up on its way comes in one go; two routers go on for ever.
  for (let turn = 0; turn < 9; turn++) [1, 2].forEach((instance) => say("restarted", instance));
  assert.deepEqual(a.problems, ["ROUTER_ID_TAKEN"]);
  for (let turn = 0; turn < 4; turn++) {
    network.now += 1000;
    [1, 2].forEach((instance) => say("twice", instance));
  }
  assert.deepEqual(a.problems, ["ROUTER_ID_TAKEN", "ROUTER_ID_TAKEN"]);
});

Deno.test("a neighbour with the id of another one changes nothing, and is turned away", () => {
  const network = line("a", "b");
  const a = network.routers.get("a")!;
  const [{ number: first }] = network.linksOf(a);
  const hello = (instance: number, link: number) =>
    a.engine.received({ opcode: "HELLO", id: "b", instance, seen: ["a"] }, link, 1, network.now);
  hello(1, first);
  hello(7, 99);
  assert.equal(a.engine.isHeldOff(99), true);
  assert.equal(a.engine.adjacencies.get("b")?.link, first);
  assert.equal(a.engine.nodes.get("b")?.instance, 1);
  hello(1, first);
  assert.deepEqual(a.rivals, [], "the first word may have been under way already");
  hello(1, first);
  assert.deepEqual(a.rivals, [[99, "b"]]);
});
