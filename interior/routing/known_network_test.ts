import assert from "node:assert/strict";
import type { ControlMessage } from "./control_message.ts";
import { TestNetwork, type TestRouter } from "./testing_network.ts";

/** A router that lies beyond `b` as others see it, and answers for its addresses only who lacks something, as C routers do. */
class CRouter {
  readonly near: TestRouter;
  readonly #network = new TestNetwork();
  #sequence = 0;

  constructor() {
    this.near = this.#network.start("a");
    this.#network.start("b");
    this.#network.link("a", "b");
    this.#neighbours("b", 10, "a", "c");
    this.#neighbours("c", 1, "b");
  }

  /** What `a` believes. */
  get addresses(): string[] {
    return [...this.near.remote].filter((address) => address.endsWith(" c"));
  }

  /** Says which version its addresses have, and answers for 20 seconds, unless its answers get `lost`. */
  advertise(mobileSequence: number, lost = false): void {
    this.#sequence = mobileSequence;
    this.near.said.length = 0;
    this.#say({ opcode: "RA", id: "c", instance: 2, linkStateSequence: 1, mobileSequence });
    for (let second = 0; second < 20; second++) {
      for (const message of this.near.said.splice(0)) {
        if (message.opcode !== "MAR" || message.haveSequence >= this.#sequence || lost) continue;
        this.all(this.#sequence, "Mlive");
      }
      this.#second();
    }
  }

  /** All of its addresses, as of some life of it. */
  all(mobileSequence: number, key: string): void {
    const exist = [{ key, treatment: "closest" } as const];
    this.#say({ opcode: "MAU", id: "c", mobileSequence, exist, add: [], remove: [] });
  }

  /** What is different since the last version. */
  difference(mobileSequence: number, key: string): void {
    this.#say({ opcode: "MAU", id: "c", mobileSequence, add: [{ key, treatment: "closest" }], remove: [] });
  }

  /** Nobody names it any more. */
  part(): void {
    this.#neighbours("b", 11, "a");
    for (let second = 0; second < 2; second++) this.#second();
  }

  #neighbours(id: string, linkStateSequence: number, ...others: string[]): void {
    this.#say({
      opcode: "LSU",
      id,
      instance: undefined,
      linkStateSequence,
      peers: new Map(others.map((other) => [other, 1])),
    });
  }

  #second(): void {
    this.#network.now += 1000;
    const [{ number }] = this.#network.linksOf(this.near);
    const hello = { opcode: "HELLO", id: "b", instance: 1, seen: ["a"] } as const;
    this.near.engine.received(hello, number, 1, this.#network.now);
    this.near.engine.tick(this.#network.now);
  }

  #say(message: ControlMessage): void {
    this.near.engine.received(message, -1, 1, this.#network.now);
  }
}

Deno.test("addresses of a router's last life that come late go, also where it answers only who lacks something", () => {
  for (const sequence of [1, 3]) {
    const router = new CRouter();
    router.advertise(sequence);
    assert.deepEqual(router.addresses, ["Mlive c"]);
    router.all(40, "Mdead");
    assert.deepEqual(router.addresses, ["Mdead c"]);
    router.advertise(sequence);
    assert.deepEqual(router.addresses, ["Mlive c"]);
  }
  const empty = new CRouter();
  empty.all(40, "Mdead");
  empty.advertise(0);
  assert.deepEqual(empty.addresses, []);
});

Deno.test("a difference to what may be of a router's last life says nothing", () => {
  const router = new CRouter();
  router.all(40, "Mdead");
  router.advertise(3, true);
  router.difference(3, "Mlive"); // It was overtaken by the advertisement.
  router.advertise(3);
  assert.deepEqual(router.addresses, ["Mlive c"]);
});

Deno.test("advertisements that come late, one after the other, leave the question open that they raise", () => {
  const router = new CRouter();
  router.all(6, "Mlive");
  for (const late of [5, 4]) router.advertise(late, true);
  assert.equal(router.near.engine.nodes.get("c")?.addressQuestion.open, true);
});

Deno.test("addresses that may be of a router's last life go when it falls out of reach", () => {
  const router = new CRouter();
  router.all(40, "Mdead");
  router.advertise(1, true);
  router.part();
  assert.deepEqual(router.addresses, []);
});
