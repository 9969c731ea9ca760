import { deepEqual, equal } from "node:assert/strict";
import { AmqpSymbol } from "../../agent/amqp/codec/types.ts";
import { TurnedClock } from "../../agent/lib/testing_clock.ts";
import { PROCESS_PROPERTY } from "../../agent/router/capabilities.ts";
import { type ConnectedEdge, Twins, TWINS_MS } from "./twins.ts";

/** An edge as far as it is looked at. */
function edge(containerId: string, process?: string): ConnectedEdge {
  const properties = process === undefined ? [] : [[new AmqpSymbol(PROCESS_PROPERTY), process]];
  return { containerId, connection: { remote: { containerId, properties } } } as unknown as ConnectedEdge;
}

function twins() {
  const clock = new TurnedClock();
  const told: [ConnectedEdge, ConnectedEdge][] = [];
  return { clock, told, twins: new Twins<ConnectedEdge>(clock, (one, other) => told.push([one, other])) };
}

Deno.test("twins: two processes with the name of one edge are told of once neither can be what is left of the other", () => {
  const { clock, told, twins: book } = twins();
  const [one, other] = [edge("east", "a"), edge("east", "b")];
  book.opened(one);
  book.opened(other);
  clock.pass(TWINS_MS - 1);
  equal(told.length, 0);
  clock.pass(1);
  deepEqual(told, [[other, one]]);
  equal(clock.waiting, 0);
});

Deno.test("twins: one process with two connections, an edge that was restarted, and edges that say nothing are none", () => {
  const { clock, told, twins: book } = twins();
  const left = edge("west", "a");
  for (
    const one of [edge("east", "a"), edge("east", "a"), edge("north", "a"), edge("north", "b"), edge("c"), edge("c")]
  ) {
    book.opened(one);
    if (one.containerId === "north") book.gone(one);
  }
  book.opened(left);
  const again = edge("west", "b");
  book.opened(again);
  book.gone(left);
  clock.pass(TWINS_MS * 2);
  deepEqual([told.length, clock.waiting], [0, 0]);
});
