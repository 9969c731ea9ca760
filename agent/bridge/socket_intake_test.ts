import assert from "node:assert/strict";
import type { FurtherPieces } from "../adaptor/action.ts";
import { OutboundMessage } from "./outbound_message.ts";
import { OutboundMessages } from "./outbound_messages.ts";
import { SocketIntake } from "./socket_intake.ts";

const STREAM = 1;

/** An intake that splices pieces of four letters at once, and what comes of it. */
class Splicing {
  readonly #intake: SocketIntake;
  readonly #outbound = new OutboundMessages(true);
  readonly #message: OutboundMessage;
  /** What the adaptor was offered or told, in order. */
  readonly said: string[] = [];

  constructor(instead: string) {
    const downstream = { pending: 0, write() {}, end() {}, abort() {}, producerSettled() {} };
    const form = { stream: STREAM, address: "a", mayBeWhole: false, interim: false };
    const handler = { route: () => downstream, onOutcome() {}, onRoom() {} };
    this.#message = new OutboundMessage(form, new Uint8Array(0), handler);
    this.#outbound.add(this.#message);
    this.#intake = new SocketIntake(this.#outbound, false, {
      ending: () => false,
      offer: (octets, spliced) => {
        this.said.push(`${spliced} ${new TextDecoder().decode(octets)}`);
        return octets.length;
      },
      onSpliced: (pieces) => this.said.push(`${pieces}`),
      onPassed: () => this.#outbound.flush(),
    });
    const further: FurtherPieces = { times: 3, head: octetsOf("--"), instead: octetsOf(instead) };
    this.#intake.splice = { stream: STREAM, left: 4, length: 4, pieces: 1, further };
  }

  /** Octets of the message so far. */
  get written(): number {
    return this.#message.written;
  }

  /** Each text is a read. */
  read(...texts: string[]): this {
    for (const text of texts) this.#intake.take(octetsOf(text));
    return this;
  }

  /** Time has passed. */
  interrupt(): this {
    this.#intake.interrupt();
    return this;
  }
}

function octetsOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("intake: pieces behind the same head pass one after the other, however they are read, as often as allowed", () => {
  const together = new Splicing("").read("aaaa--bbbb--cccc--dddd--eeee");
  const apart = new Splicing("").read("aaaa", "--bb", "bb", "--cccc--d", "ddd", "--eeee");
  assert.deepEqual([together.written, apart.written], [16, 16]);
  assert.deepEqual(together.said, ["4 --eeee"]);
  assert.deepEqual(apart.said, ["4", "0 --eeee"]);
});

Deno.test("intake: what is no such head is the adaptor's, a part of one, too, and it hears how many pieces have passed", () => {
  assert.deepEqual(new Splicing("").read("aaaa--bbbb++cccc").said, ["2 ++cccc"]);
  assert.deepEqual(new Splicing("").read("aaaa--bbbb-", "-cccc").said, ["2 -", "0 -cccc"]);
  assert.deepEqual(new Splicing("").read("aaaa", "x").said, ["1 x"]);
});

Deno.test("intake: what stands instead of a head counts as part of the message, and no piece waits for the next", () => {
  const splicing = new Splicing("+++").read("aaaa--bbbb");
  assert.equal(splicing.written, 11);
  assert.deepEqual(splicing.said, ["2"]);
});

Deno.test("intake: after a while the adaptor hears how far it is: at once between pieces, else behind the one that passes", () => {
  assert.deepEqual(new Splicing("").read("aaaa--bbbb").interrupt().read("--cccc").said, ["2", "0 --cccc"]);
  assert.deepEqual(new Splicing("").read("aaaa--bb").interrupt().read("bb--cccc").said, ["2 --cccc"]);
});
