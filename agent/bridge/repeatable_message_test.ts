import { deepEqual, equal } from "node:assert/strict";
import { ACCEPTED, FAILED, RELEASED } from "../router/flow.ts";
import { listening, routed, Taken } from "../router/testing_consumer.ts";
import {
  KeptRoom,
  MAX_ALL_KEPT_OCTETS,
  MAX_KEPT_OCTETS,
  MAX_REPEATS,
  RepeatableMessage,
} from "./repeatable_message.ts";

const octets = (text: string) => new TextEncoder().encode(text);
const turn = () => new Promise<void>((resolve) => queueMicrotask(resolve));

/** A message that begins with `start`, and what it was given to so far; `full` says that the connections take no more. */
function repeatable(start: Uint8Array, { full = true, again = true, room = new KeptRoom() } = {}) {
  const given: Taken[] = [];
  const upstream = listening();
  const message = new RepeatableMessage(routed({ start, complete: false }), upstream, room, {
    again: () => again,
    give: (message, upstream) => {
      upstream.taker = { leaving: full };
      const taken = new Taken(message, upstream);
      given.push(taken);
      return taken;
    },
  });
  const release = () => given.at(-1)!.upstream.consumerState(RELEASED, true);
  return { message, upstream, given, release, room };
}

Deno.test("repeatable message: one that was not looked at goes to another connection, with all that has come and comes", async () => {
  const { message, upstream, given, release } = repeatable(octets("one "));
  message.write(octets("two "));
  release();
  message.write(octets("three "));
  await turn();
  message.write(octets("four"));
  release();
  message.end();
  await turn();
  deepEqual(given.map(({ text, events }) => [text, events]), [
    ["one two three ", []], // The last of that is in vain.
    ["one two three four", ["end"]],
    ["one two three four", ["end"]],
  ]);
  given.at(-1)!.upstream.consumerState(ACCEPTED, true);
  deepEqual(upstream.heard, [[ACCEPTED, true]]);
});

Deno.test("repeatable message: what a connection refuses that takes others, or what fails, is the network's to send again", async () => {
  for (const [outcome, full] of [[RELEASED, false], [FAILED, true]] as const) {
    const { upstream, given } = repeatable(octets("a"), { full });
    given[0]!.upstream.consumerState(outcome, true);
    await turn();
    deepEqual([upstream.heard, given.length], [[[outcome, true]], 1]);
  }
});

Deno.test("repeatable message: it ends after some attempts, and where no connection is made any more", async () => {
  const one = repeatable(octets("a"));
  for (let attempt = 0; attempt <= MAX_REPEATS; attempt++) {
    deepEqual(one.upstream.heard, []);
    one.release();
    await turn();
  }
  deepEqual([one.given.length, one.upstream.heard], [MAX_REPEATS + 1, [[RELEASED, true]]]);
  const other = repeatable(octets("a"), { again: false });
  other.release();
  await turn();
  deepEqual([other.given.length, other.upstream.heard], [1, [[RELEASED, true]]]);
});

Deno.test("repeatable message: one whose answer has begun was looked at, and nothing of it is kept", async () => {
  const { message, upstream, given, release, room } = repeatable(octets("a"));
  message.onAnswer();
  message.write(octets("b"));
  equal(room.take(MAX_ALL_KEPT_OCTETS), true);
  release();
  await turn();
  deepEqual([given.length, upstream.heard], [1, [[RELEASED, true]]]);
});

Deno.test("repeatable message: its producer may leave while it goes from one to the next", async () => {
  for (const leave of ["abort", "settle"] as const) {
    const { message, upstream, given, release } = repeatable(octets("a"));
    release();
    if (leave === "abort") message.abort();
    else message.producerSettled(undefined);
    await turn();
    deepEqual([given.length, upstream.heard], [1, []]);
  }
});

Deno.test("repeatable message: what is kept has a bound for each and for all, and is let go with the outcome", async () => {
  const room = new KeptRoom();
  const long = repeatable(octets("a"), { room });
  long.message.write(new Uint8Array(MAX_KEPT_OCTETS));
  equal(room.take(MAX_ALL_KEPT_OCTETS), true, "too much of one is not kept at all");
  long.release();
  await turn();
  deepEqual(long.upstream.heard, [[RELEASED, true]]);
  room.free(10);
  const short = [1, 2, 3].map(() => repeatable(octets("12345"), { room }));
  for (const one of short) one.release();
  await turn();
  deepEqual(short.map(({ given }) => given.length), [2, 2, 1]);
  short[0]!.given[1]!.upstream.consumerState(ACCEPTED, true);
  short[1]!.message.abort();
  equal(room.take(10), true);
  equal(room.take(1), false);
});
