import { equal, notEqual } from "node:assert/strict";
import { addressKey, localAddress, type RouterIdentity } from "./address.ts";
import { ReplyAddresses } from "./reply_addresses.ts";
import { Taker } from "./testing_consumer.ts";

const EDGE: RouterIdentity = { id: "west", role: "edge" };

Deno.test("reply addresses: each leads to its own taker, by any spelling, until it is removed", () => {
  const replies = new ReplyAddresses();
  const takers = [new Taker(), new Taker()];
  const [one, other] = takers.map((taker) => replies.add(taker));
  notEqual(one.name, other.name);
  equal(replies.get(addressKey(localAddress(one.name, EDGE), EDGE)), takers[0]);
  equal(replies.get(`L${other.name}`), takers[1]);
  one.remove();
  equal(replies.get(`L${one.name}`), undefined);
  equal(replies.get(`L${other.name}`), takers[1]);
});

Deno.test("reply addresses: knowing the number of one is not enough to reach it", () => {
  const replies = new ReplyAddresses();
  const { name } = replies.add(new Taker());
  const number = name.split(".")[1];
  const guesses = [`temp.${number}`, `temp.${number}.`, `temp.${number}.AAAAAAAAAAAAAAA`, `${name}x`, "temp.", "temp"];
  for (const guess of guesses) equal(replies.get(`L${guess}`), undefined, guess);
});
