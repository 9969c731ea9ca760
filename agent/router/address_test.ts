import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addressKey,
  discriminator,
  isInnerAddress,
  localAddress,
  mobileKey,
  type RouterIdentity,
  UPLINK_KEY,
} from "./address.ts";

const EDGE: RouterIdentity = { id: "E1", role: "edge" };
const INTERIOR: RouterIdentity = { id: "R1", role: "interior" };

Deno.test("address: what an interior looks up", () => {
  const cases: Record<string, string> = {
    "web": "Mweb",
    "amqp:/web": "Mweb",
    "/web": "Mweb",
    "amqp://host:5672/web": "Mweb",
    "amqp://host": "",
    "web/": "Mweb",
    "web.": "Mweb",
    "": "",
    "a:/b/c": "Mb/c",
    "x/a:/b": "Mx/a:/b",
    "_local/temp.1": "Ltemp.1",
    "amqp:/_local/$management": "L$management",
    "$management": "L$management",
    "amqp:/_topo/0/R1/$management": "L$management",
    "_topo/0/R1/$management": "L$management",
    "amqp:/_topo/0/R2/qdrouter": "RR2",
    "amqp:/_topo/all/R2/x": "RR2",
    "_topo/7/R2/x": "A7",
    "_topo/0/all/qdrouter.ma": "Tqdrouter.ma",
    "_edge/E1/temp.1": "HE1",
    "_edge/R1/temp.1": "Ltemp.1",
    "_other/x": "M_other/x",
  };
  for (const [address, key] of Object.entries(cases)) assert.equal(addressKey(address, INTERIOR), key, address);
});

Deno.test("address: an edge sends up what belongs to other routers", () => {
  for (const address of ["_edge/E2/temp.1", "_topo/0/R1/x", "_topo/7/R1/x"]) {
    assert.equal(addressKey(address, EDGE), UPLINK_KEY, address);
  }
  assert.equal(addressKey("amqp:/_edge/E1/temp.1", EDGE), "Ltemp.1");
  assert.equal(addressKey("_topo/0/all/x", EDGE), "Tx");
});

Deno.test("address: a router finds its own local names again, and nobody else does", () => {
  for (const self of [EDGE, INTERIOR]) {
    assert.equal(addressKey(localAddress("temp.abc", self), self), "Ltemp.abc");
    assert.notEqual(addressKey(localAddress("temp.abc", { ...self, id: "OTHER" }), self)[0], "L");
  }
});

Deno.test("address: spellings of one mobile address have one key; nothing throws", () => {
  assert.equal(mobileKey("amqp:/web"), addressKey("web", EDGE));
  fc.assert(fc.property(fc.string(), (text) => {
    addressKey(text, INTERIOR);
    addressKey(`_topo/${text}`, EDGE);
    mobileKey(text);
  }));
});

Deno.test("address: discriminators are fifteen safe characters and do not repeat", () => {
  const names = new Set(Array.from({ length: 5000 }, discriminator));
  assert.equal(names.size, 5000);
  for (const name of names) assert.match(name, /^[A-Za-z0-9+_]{15}$/);
});

Deno.test("address: those of the insides of routers are known in each spelling, and keys of services are none", () => {
  const inner = [
    "$management",
    "/$management",
    "amqp:/$management",
    "amqp://h/_topo/0/R1/x",
    "_$qd.edge_addr_tracking",
  ];
  for (const address of [...inner, "_local/x", "_edge/E1/x", "_topo", "_tendril/adaptors", "$"]) {
    assert.ok(isInnerAddress(address), address);
  }
  for (const address of ["web", "_web", "a$b", "_topology", "x/_topo/y", "mc/web", "web/$management"]) {
    assert.ok(!isInnerAddress(address), address);
  }
});
