import assert from "node:assert/strict";
import { addressKey, type RouterIdentity } from "./address.ts";
import { AddressKeys } from "./address_keys.ts";

Deno.test("address keys: each is that of its address, the first time and again, however many there are", () => {
  const self: RouterIdentity = { id: "west", role: "edge" };
  const keys = new AddressKeys(self);
  const names = [
    "",
    "web",
    "amqp:/web",
    "amqp:/_edge/west/temp.1",
    "amqp:/_edge/east/temp.1",
    "$management",
    "x".repeat(500),
  ];
  const addresses = [...names, ...Array.from({ length: 3000 }, (_, at) => `amqp:/_topo/0/hub/temp.${at}`)];
  for (let round = 0; round < 2; round++) {
    for (const address of addresses) assert.equal(keys.of(address), addressKey(address, self));
  }
});
