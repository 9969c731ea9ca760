import assert from "node:assert/strict";
import { HeldStreams } from "./held_streams.ts";

const octets = (text: string) => new TextEncoder().encode(text);

/** An adaptor that takes so many octets of each stream, and a socket with so many octets waiting. */
class Taker {
  readonly room = new Map<number, number>();
  readonly taken = new Map<number, string>();
  readonly ended: number[] = [];
  pending = 0;
  onOffer: (stream: number) => void = () => {};
  readonly held = new HeldStreams({
    pending: () => this.pending,
    offer: (stream, piece) => {
      const octets = Math.min(piece.length, this.room.get(stream) ?? 0);
      this.room.set(stream, (this.room.get(stream) ?? 0) - octets);
      this.taken.set(stream, (this.taken.get(stream) ?? "") + new TextDecoder().decode(piece.subarray(0, octets)));
      this.onOffer(stream);
      return octets;
    },
    onEnd: (stream) => this.ended.push(stream),
  });

  /** There is room for so many octets, and the adaptor asks for them. */
  grant(stream: number, octets: number): void {
    this.room.set(stream, octets);
    this.held.want(stream);
    this.held.offer();
  }
}

Deno.test("held streams: what is not taken comes again, in order, and the end behind it", () => {
  const taker = new Taker();
  taker.room.set(2, 3);
  taker.held.push(2, octets("abcdef"));
  taker.held.push(2, octets("ghi"));
  taker.held.end(2);
  assert.deepEqual([taker.taken.get(2), taker.held.size(2), taker.ended], ["abc", 6, []]);
  taker.grant(2, 4);
  assert.deepEqual([taker.taken.get(2), taker.ended], ["abcdefg", []]);
  taker.grant(2, 100);
  assert.deepEqual([taker.taken.get(2), taker.held.size(2), taker.ended], ["abcdefghi", 0, [2]]);
});

Deno.test("held streams: one that waits does not hold another up", () => {
  const taker = new Taker();
  taker.room.set(4, 100);
  taker.held.push(2, octets("a"));
  taker.held.push(4, octets("b"));
  taker.held.end(4);
  assert.deepEqual([taker.taken.get(4), taker.ended], ["b", [4]]);
});

Deno.test("held streams: of a window that all share nobody takes all, however much waits", () => {
  const taken = new Map([[2, 0], [4, 0], [6, 0]]);
  let window = 0;
  const held = new HeldStreams({
    pending: () => 0,
    offer: (stream, piece) => {
      const octets = Math.min(piece.length, window);
      window -= octets;
      taken.set(stream, taken.get(stream)! + octets);
      return octets;
    },
    onEnd() {},
  });
  for (const stream of taken.keys()) held.push(stream, new Uint8Array(stream === 2 ? 1_000_000 : 100_000));
  for (let turn = 0; turn < 30; turn++) {
    window = 10_000;
    for (const stream of taken.keys()) held.want(stream);
    held.offer();
  }
  // But for what is left of a block, they have the same.
  for (const octets of taken.values()) assert.ok(Math.abs(octets - 100_000) <= 10_000, `${[...taken.values()]}`);
  // With room for everything nothing is left.
  window = 10_000_000;
  held.want(2);
  held.offer();
  assert.deepEqual([taken.get(2), held.size(2)], [1_000_000, 0]);
});

Deno.test("held streams: nothing is offered to a socket that has enough, until it has taken some", () => {
  const taker = new Taker();
  taker.pending = 300_000;
  taker.room.set(2, 100);
  taker.held.push(2, octets("a"));
  taker.held.offer();
  assert.equal(taker.taken.get(2), undefined);
  taker.pending = 1000;
  taker.held.offer();
  assert.equal(taker.taken.get(2), "a");
});

Deno.test("held streams: what is asked for while something is taken is offered, too", () => {
  const taker = new Taker();
  for (const stream of [2, 4]) taker.held.push(stream, octets("x"));
  taker.onOffer = (stream) => {
    if (stream === 4) taker.grant(2, 1);
  };
  taker.grant(4, 1);
  assert.deepEqual([taker.taken.get(2), taker.taken.get(4)], ["x", "x"]);
});

Deno.test("held streams: a stream that is given up while it is offered neither goes on nor ends", () => {
  const taker = new Taker();
  taker.held.push(2, octets("abc"));
  taker.held.end(2);
  taker.onOffer = (stream) => taker.held.drop(stream);
  taker.grant(2, 1);
  assert.deepEqual([taker.taken.get(2), taker.held.size(2), taker.ended], ["a", 0, []]);
});

Deno.test("held streams: of one that is given up while its first octets are offered nothing is kept", () => {
  const taker = new Taker();
  taker.onOffer = (stream) => taker.held.drop(stream);
  taker.held.push(2, octets("abc"));
  assert.equal(taker.held.size(2), 0);
  taker.onOffer = () => {};
  taker.held.push(4, octets("abc"));
  assert.equal(taker.held.size(4), 3);
});
