import assert from "node:assert/strict";
import { AddressTable, isEcho } from "./address_table.ts";
import { chooseConsumers, chooseOne } from "./forward.ts";
import { origin, routed, Taker } from "./testing_consumer.ts";

function table() {
  const own: string[] = [];
  const watched: string[] = [];
  const addresses = new AddressTable((key, present) => own.push(`${present ? "+" : "-"}${key}`));
  addresses.onWatchedChange = (key, present) => watched.push(`${present ? "+" : "-"}${key}`);
  return { addresses, own, watched };
}

Deno.test("addresses: only the first own consumer and the loss of the last are news; remote ones never are", () => {
  const { addresses, own } = table();
  const removeFirst = addresses.add("Mweb", new Taker());
  const removeSecond = addresses.add("Mweb", new Taker());
  const removeRemote = addresses.add("Mweb", new Taker({ remote: true }));
  assert.deepEqual([...addresses.ownKeys()], ["Mweb"]);
  removeFirst();
  removeFirst();
  assert.deepEqual(own, ["+Mweb"], "removing twice counts once");
  removeSecond();
  assert.deepEqual(own, ["+Mweb", "-Mweb"]);
  assert.deepEqual([...addresses.ownKeys()], []);
  removeRemote();
  assert.equal(addresses.get("Mweb"), undefined, "an address that nobody knows any more costs nothing");
});

Deno.test("addresses: a consumer that leaves is told of no more, and takes what no other does until it is gone", () => {
  const { addresses, own } = table();
  const [one, other] = [new Taker(), new Taker({ remote: true })];
  addresses.add("Mweb", one);
  const end = addresses.retire("Mweb", one);
  assert.deepEqual([own, [...addresses.ownKeys()]], [["+Mweb", "-Mweb"], []]);
  const entry = addresses.get("Mweb")!;
  const chosen = () => chooseConsumers(entry, routed());
  assert.deepEqual(chosen(), [one]);
  assert.equal(chooseOne(entry, routed(), new Set([one])), undefined);
  const remove = addresses.add("Mweb", other);
  assert.deepEqual(chosen(), [other]);
  remove();
  assert.deepEqual(chosen(), [one]);
  end();
  assert.equal(addresses.get("Mweb"), undefined);
});

Deno.test("addresses: a watcher hears at once, then of changes only", () => {
  const { addresses, watched } = table();
  const heard: boolean[] = [];
  const unwatch = addresses.watch("Mweb", undefined, (reachable) => heard.push(reachable));
  const remove = addresses.add("Mweb", new Taker());
  const removeOther = addresses.add("Mweb", new Taker());
  remove();
  assert.deepEqual(heard, [false, true]);
  removeOther();
  assert.deepEqual(heard, [false, true, false]);
  const unwatchOther = addresses.watch("Mweb", undefined, () => {});
  assert.deepEqual([...addresses.watchedKeys()], ["Mweb"]);
  unwatch();
  unwatch();
  assert.deepEqual(watched, ["+Mweb"], "another still watches");
  unwatchOther();
  assert.deepEqual(watched, ["+Mweb", "-Mweb"]);
  assert.equal(addresses.get("Mweb"), undefined);
  addresses.add("Mweb", new Taker());
  assert.deepEqual(heard, [false, true, false], "who has stopped watching hears no more");
});

Deno.test("addresses: nobody reaches a key through a consumer of its own edge link or mesh", () => {
  const { addresses } = table();
  const west = origin(true, "mesh-w");
  const twin = origin(true);
  const client = origin(false);
  const heard: Record<string, boolean[]> = { west: [], twin: [], client: [] };
  addresses.watch("Mweb", west, (reachable) => heard.west!.push(reachable));
  addresses.watch("Mweb", twin, (reachable) => heard.twin!.push(reachable));
  addresses.watch("Mweb", client, (reachable) => heard.client!.push(reachable));
  addresses.add("Mweb", new Taker({ origin: west }));
  addresses.add("Mweb", new Taker({ origin: client }));
  assert.deepEqual(heard, { west: [false, true], twin: [false, true], client: [false, true] });
});

Deno.test("addresses: a mesh id that is learnt late takes back what was told", () => {
  const { addresses } = table();
  const west = origin(true, "mesh");
  const late = origin(true);
  const heard: boolean[] = [];
  addresses.watch("Mweb", late, (reachable) => heard.push(reachable));
  addresses.add("Mweb", new Taker({ origin: west }));
  late.meshId = "mesh";
  addresses.refresh();
  assert.deepEqual(heard, [false, true, false]);
});

Deno.test("addresses: an echo is what would return over the edge link it came by, or into its mesh", () => {
  const edge = origin(true, "m");
  assert.equal(isEcho(new Taker({ origin: edge }), edge, undefined), true);
  assert.equal(isEcho(new Taker({ origin: edge }), origin(true), "m"), true);
  assert.equal(isEcho(new Taker({ origin: edge }), origin(true), "other"), false);
  assert.equal(isEcho(new Taker({ origin: edge }), undefined, undefined), false);
  const client = origin(false);
  assert.equal(isEcho(new Taker({ origin: client }), client, undefined), false, "a client may talk to itself");
  assert.equal(isEcho(new Taker(), undefined, "m"), false);
});

Deno.test("addresses: the key decides how messages are spread", () => {
  const { addresses } = table();
  const treatment = (key: string) => {
    addresses.add(key, new Taker());
    return addresses.get(key)?.treatment;
  };
  assert.equal(treatment("Mweb"), "balanced");
  assert.equal(treatment("Mmc/sfe.all"), "multicast");
  assert.equal(treatment("Ltemp.1"), "closest");
  assert.equal(treatment("Tqdrouter"), "closest");
  assert.equal(treatment("HE1"), "balanced");
});

Deno.test("addresses: the one mesh of all own consumers is told, and no more once there is another", () => {
  const told: [string, string | undefined][] = [];
  const table: AddressTable = new AddressTable((key, present) =>
    told.push([key, present ? table.get(key)?.mesh : "gone"])
  );
  const [one, other] = [origin(true, "m1"), origin(true, "m2")];
  const withdraw = table.add("Mx", new Taker({ origin: one }));
  table.add("Mx", new Taker({ origin: one }));
  const withdrawOther = table.add("Mx", new Taker({ origin: other }));
  withdrawOther();
  other.meshId = "m1";
  table.add("Mx", new Taker({ origin: other }));
  other.meshId = "m3";
  table.refresh();
  assert.deepEqual(told.map(([, mesh]) => mesh), ["m1", undefined, "m1", undefined]);
  withdraw();
});

Deno.test("addresses: what is in one mesh alone, here or beyond, is not reachable from that mesh", () => {
  const table = new AddressTable(() => {});
  const beyond = Object.assign(new Taker({ remote: true }), { mesh: "m1" as string | undefined });
  const heard: boolean[] = [];
  table.watch("Mx", origin(true, "m1"), (reachable) => heard.push(reachable));
  table.add("Mx", beyond);
  beyond.mesh = undefined;
  table.recheck("Mx");
  assert.deepEqual(heard, [false, true]);
});
