import assert from "node:assert/strict";
import { SYSTEM_CLOCK } from "../../agent/lib/clock.ts";
import type { Hello } from "../routing/control_message.ts";
import { RoutingEngine } from "../routing/engine.ts";
import { SILENT } from "../routing/testing_output.ts";
import { ControlTraffic } from "./control_traffic.ts";
import type { Neighbour } from "./neighbour.ts";

/** A router with connections that all lead to `far`; keeps the numbers of those that a HELLO goes out by. */
class Greeter {
  readonly neighbours = new Map<number, Neighbour>();
  readonly engine = new RoutingEngine({ id: "near", instance: 1 }, SILENT);
  readonly #traffic = new ControlTraffic("near", this.engine, this.neighbours, SYSTEM_CLOCK);
  #greeted: number[] = [];

  connect(link: number, superseded: boolean): void {
    const neighbour = { link, id: "far", superseded, ownCost: 1, control: { send: () => this.#greeted.push(link) } };
    // Nothing else of a connection matters here.
    this.neighbours.set(link, neighbour as unknown as Neighbour);
  }

  /** The router at the other end of `link` introduces itself. */
  heard(link: number, instance: number): void {
    const hello: Hello = { opcode: "HELLO", id: "far", instance, seen: ["near"] };
    this.engine.received(hello, link, 1, 0);
  }

  greet(): number[] {
    this.#greeted = [];
    this.#traffic.hello({ opcode: "HELLO", id: "near", instance: 1, seen: [] });
    return this.#greeted;
  }
}

Deno.test("no HELLO goes out by a connection that gave way to another", () => {
  const router = new Greeter();
  router.connect(1, true);
  assert.deepEqual(router.greet(), [1]);
  router.connect(2, false);
  assert.deepEqual(router.greet(), [2]);
});

Deno.test("a rival takes no HELLO from a connection, whatever it pretends to be the follower of", () => {
  const router = new Greeter();
  router.connect(1, true);
  router.heard(1, 7);
  router.connect(2, false);
  router.heard(2, 8);
  assert.equal(router.engine.isHeldOff(2), true);
  assert.deepEqual(router.greet(), [1, 2]);
});
