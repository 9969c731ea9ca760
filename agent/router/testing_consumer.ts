/** A destination inside this process, for tests: it keeps what it is given, and answers when the test says so. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { NO_ANNOTATIONS } from "./annotations.ts";
import type { Consumer, Downstream, Hop, Message, Origin, Upstream } from "./flow.ts";

/** One message that was delivered. */
export class Taken implements Downstream {
  readonly message: Message;
  readonly upstream: Upstream;
  /** `end`, `abort`, or `settled` with the producer's state. */
  readonly events: string[] = [];
  pending = 0;
  text: string;

  constructor(message: Message, upstream: Upstream) {
    this.message = message;
    this.upstream = upstream;
    this.text = new TextDecoder("latin1").decode(message.start);
  }

  write(piece: Uint8Array): void {
    this.text += new TextDecoder("latin1").decode(piece);
  }

  end(): void {
    this.events.push("end");
  }

  abort(): void {
    this.events.push("abort");
  }

  producerSettled(state: DeliveryState | undefined): void {
    this.events.push(`settled ${state?.kind ?? "-"}`);
  }
}

/** See the head of the file. */
export class Taker implements Consumer {
  readonly origin: Origin | undefined;
  readonly cost: number;
  readonly remote: boolean;
  readonly hop: Hop | undefined;
  outstanding = 0;
  readonly taken: Taken[] = [];

  constructor(
    { origin, cost = 0, remote = false, hop }: { origin?: Origin; cost?: number; remote?: boolean; hop?: Hop } = {},
  ) {
    this.hop = hop;
    this.origin = origin;
    this.cost = cost;
    this.remote = remote;
  }

  deliver(message: Message, upstream: Upstream): Downstream {
    this.outstanding++;
    const taken = new Taken(message, upstream);
    this.taken.push(taken);
    return taken;
  }
}

/** A peer, as far as routing looks at it. */
export function origin(edgeLink = true, meshId?: string): Origin {
  return { connection: {}, edgeLink, meshId };
}

/** A whole message at the moment of routing. */
export function routed(changes: Partial<Message> = {}): Message {
  return {
    address: "key",
    annotations: NO_ANNOTATIONS,
    start: new Uint8Array(0),
    complete: true,
    presettled: false,
    overridden: false,
    priority: 4,
    origin: undefined,
    ...changes,
  };
}

/** An upstream that keeps what it hears. */
export function listening(): Upstream & { readonly heard: [DeliveryState | undefined, boolean][]; drains: number[] } {
  const heard: [DeliveryState | undefined, boolean][] = [];
  const drains: number[] = [];
  return {
    heard,
    drains,
    drained: (pending) => drains.push(pending),
    consumerState: (state, settled) => heard.push([state, settled]),
  };
}
