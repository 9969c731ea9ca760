/** An interior that a test plays by hand: mutual TLS, a control link pair, and whatever the test wants to say on it. */

import { linkTarget } from "../../agent/site/runtime.ts";
import { parseLinkFile } from "../../agent/site/link_file.ts";
import type { Receiver } from "../../agent/amqp/receiver.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import { encodeAnnotations, NO_ANNOTATIONS } from "../../agent/router/annotations.ts";
import { ROUTER_CONTROL, terminus } from "../../agent/router/capabilities.ts";
import { encodeControl } from "../../interior/routing/control_codec.ts";
import type { ControlMessage } from "../../interior/routing/control_message.ts";
import { joinBytes, send, WirePeer } from "./wire_peer.ts";
import { until } from "./until.ts";

const HELLO_MS = 1000;
/** Where each kind of message goes: to the neighbour, to all, or to one router. */
const TO_ALL = "amqp:/_topo/0/all/qdrouter";

/** See the head of the file. */
export class InteriorPeer implements AsyncDisposable {
  /** Router id. */
  readonly id: string;
  /** The connection. */
  readonly wire: WirePeer;
  readonly #control: Sender;
  readonly #incoming: Receiver;
  #hellos: ReturnType<typeof setInterval> | undefined;

  private constructor(id: string, wire: WirePeer, incoming: Receiver, control: Sender) {
    this.id = id;
    this.wire = wire;
    this.#incoming = incoming;
    this.#control = control;
  }

  /** Connects by the link file `file`; resolves when the control link is up. */
  static async join(file: string, id: string): Promise<InteriorPeer> {
    const [link] = parseLinkFile(await Deno.readTextFile(file), file);
    const channel = await linkTarget(link, "inter-router").connect(new AbortController().signal);
    const wire = new WirePeer(channel, "client", id);
    const incoming = await wire.receiver(terminus(undefined, ROUTER_CONTROL));
    return new InteriorPeer(id, wire, incoming, await wire.sender(terminus(undefined, ROUTER_CONTROL)));
  }

  /** True while the connection is. */
  get connected(): boolean {
    return this.wire.gone === undefined;
  }

  /** Says HELLO every second, as one who hears `seen`: a neighbour from then on. */
  sayHello(seen: readonly string[]): void {
    const hello = () => {
      if (this.#control.ready) this.say({ opcode: "HELLO", id: this.id, instance: 1, seen });
    };
    hello();
    this.#hellos = setInterval(hello, HELLO_MS);
  }

  /** Takes no more messages than it has promised to. */
  stopReading(): void {
    this.#incoming.keepCredit(0);
  }

  /** Sends `message` as it would go to the router `to`, in the name of `origin`. */
  say(message: ControlMessage, to = "hub", origin = this.id): void {
    this.raw(joinBytes(this.#head(origin), encodeControl(message, addressOf(message, to))));
  }

  /** Sends a message of any octets. */
  raw(octets: Uint8Array): void {
    send(this.#control, octets, true);
  }

  /** Calls `next` `count` times, as fast as there is credit, or within `ms` milliseconds if that is longer. */
  async flood(count: number, ms: number, next: (at: number) => void): Promise<void> {
    const start = performance.now();
    for (let at = 0; at < count && this.connected; at++) {
      if (!this.#control.ready) await until(() => this.#control.ready || !this.connected, 60_000);
      if (!this.connected) return;
      next(at);
      // In batches of a hundred, evenly spread.
      const due = start + ms * at / count;
      if (at % 100 === 99) await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    }
  }

  /** Ends in order, where the other side has not. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#hellos);
    if (this.connected) await this.wire.close();
  }

  #head(origin: string): Uint8Array {
    const node = `0/${origin}`;
    const trace = origin === this.id ? [node] : [node, `0/${this.id}`];
    return encodeAnnotations({ ...NO_ANNOTATIONS, ingress: node, trace });
  }
}

function addressOf({ opcode }: ControlMessage, to: string): string {
  switch (opcode) {
    case "HELLO":
      return "amqp:/_local/qdhello";
    case "RA":
      return TO_ALL;
    case "LSU":
    case "LSR":
      return `amqp:/_topo/0/${to}/qdrouter`;
    case "MAR":
    case "MAU":
      return `amqp:/_topo/0/${to}/qdrouter.ma`;
  }
}
