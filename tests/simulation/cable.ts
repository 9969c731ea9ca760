/**
 * A cable between two nodes: carries connections with a delay, in order. It can be unplugged (both ends notice), fall
 * silent in one or both directions (nobody notices: what is sent waits, and arrives if the cable speaks again), and
 * become slower.
 */

import { TendrilError } from "../../agent/lib/errors.ts";
import type { Channel, ChannelHandler, PeerIdentity } from "../../agent/transport/channel.ts";
import type { SimNode } from "./node.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** Octets under way in one direction beyond which a writer has to wait, as in the buffers of kernels. */
const IN_FLIGHT_OCTETS = 256 * 1024;
/** How long a client waits for a connection, in ms. */
const CONNECT_MS = 10_000;
/** Time after which it knocks again where nothing arrives, in ms. */
const RETRANSMIT_MS = 1000;

/** Directions of a cable: 0 from the client to the server, 1 back. */
export type Direction = 0 | 1;

/** See the head of the file. */
export class Cable {
  /** Name of the link. */
  readonly name: string;
  /** Who connects. */
  readonly client: SimNode;
  /** Who is connected to. */
  readonly server: SimNode;
  /** Configured cost. */
  readonly cost: number;
  /** True when both ends measure the cost. */
  readonly measured: boolean;
  /** One way, in ms. */
  latency: number;
  /** False while it is unplugged. */
  plugged = true;
  /** True for a direction in which nothing arrives. */
  readonly silent: [boolean, boolean] = [false, false];
  readonly #time: VirtualTime;
  readonly #pipes = new Set<Pipe>();

  constructor(
    time: VirtualTime,
    name: string,
    ends: { client: SimNode; server: SimNode },
    facts: { cost: number; measured: boolean; latency: number },
  ) {
    this.#time = time;
    this.name = name;
    ({ client: this.client, server: this.server } = ends);
    ({ cost: this.cost, measured: this.measured, latency: this.latency } = facts);
  }

  /** True when nothing is wrong with it. */
  get sound(): boolean {
    return this.plugged && !this.silent.includes(true);
  }

  /** Connects the client to the server. */
  connect(signal: AbortSignal): Promise<Channel> {
    const { promise, resolve, reject } = Promise.withResolvers<Channel>();
    const timeout = this.client.clock.after(CONNECT_MS, () => {
      reject(new TendrilError("LINK_TIMEOUT", `${this.server.id} does not answer`));
    });
    const refuse = (code: string, reason: string) =>
      this.#time.at(this.#time.now + this.latency, () => {
        timeout();
        reject(new TendrilError(code, reason));
      });
    signal.addEventListener("abort", () => {
      timeout();
      reject(signal.reason);
    }, { once: true });
    const attempt = () => {
      if (signal.aborted) return;
      if (!this.plugged) refuse("LINK_UNREACHABLE", "the cable is unplugged");
      else if (this.silent.includes(true)) this.client.clock.after(RETRANSMIT_MS, attempt);
      else if (!this.server.running) refuse("LINK_REFUSED", `${this.server.id} does not run`);
      else {
        this.#time.at(this.#time.now + 2 * this.latency, () => {
          if (!this.sound || !this.server.running) return attempt();
          if (signal.aborted || !this.client.running) return;
          timeout();
          resolve(this.#join());
        });
      }
    };
    attempt();
    return promise;
  }

  #join(): Channel {
    const [there, back] = [new Pipe(this.#time, this, 0), new Pipe(this.#time, this, 1)];
    this.#pipes.add(there).add(back);
    const near = new SimChannel(this.client, there, back, this.server.id);
    const far = new SimChannel(this.server, back, there, this.client.id);
    this.server.clock.run(() => this.server.accept(far, this));
    return near;
  }

  /** Ends all connections; there are no others until it is plugged in again. */
  unplug(): void {
    this.plugged = false;
    for (const pipe of this.#pipes) pipe.breakOff();
    this.#pipes.clear();
  }

  /** Undoes {@link Cable.unplug}. */
  plug(): void {
    this.plugged = true;
  }

  /** Nothing arrives in `direction`, or everything that waited for that. */
  setSilent(direction: Direction, silent: boolean): void {
    this.silent[direction] = silent;
    if (!silent) { for (const pipe of this.#pipes) pipe.goOn(); }
  }
}

type Parcel = { readonly octets: number; readonly deliver: (to: SimChannel) => void };

/** One direction of one connection. */
class Pipe {
  /** Where parcels arrive. */
  exit!: SimChannel;
  /** Octets that have not arrived. */
  inFlight = 0;
  readonly #time: VirtualTime;
  readonly #cable: Cable;
  readonly #direction: Direction;
  readonly #under: Parcel[] = [];
  #lastAt = 0;
  #waiting: (() => void)[] = [];
  #broken = false;

  constructor(time: VirtualTime, cable: Cable, direction: Direction) {
    this.#time = time;
    this.#cable = cable;
    this.#direction = direction;
  }

  send(octets: number, deliver: Parcel["deliver"]): void {
    if (this.#broken) return;
    this.inFlight += octets;
    const parcel: Parcel = { octets, deliver };
    this.#under.push(parcel);
    this.#lastAt = Math.max(this.#lastAt, this.#time.now + this.#cable.latency);
    this.#time.at(this.#lastAt, () => this.#arrive());
  }

  /** Calls `action` when there is room again. */
  whenRoom(action: () => void): void {
    if (this.inFlight < IN_FLIGHT_OCTETS) action();
    else this.#waiting.push(action);
  }

  /** The cable speaks again: what had to wait arrives. */
  goOn(): void {
    for (let left = this.#under.length; left > 0; left--) this.#time.soon(() => this.#arrive());
  }

  /** The cable is unplugged: both ends notice at some time. */
  breakOff(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#under.length = 0;
    const { exit } = this;
    this.#time.at(this.#time.now + this.#cable.latency, () => exit.broke());
  }

  #arrive(): void {
    if (this.#cable.silent[this.#direction] || this.#broken) return;
    const parcel = this.#under.shift();
    if (parcel === undefined) return;
    this.exit.node.clock.run(() => {
      this.inFlight -= parcel.octets;
      if (this.inFlight < IN_FLIGHT_OCTETS) { for (const action of this.#waiting.splice(0)) action(); }
      parcel.deliver(this.exit);
    });
  }
}

/** One end of a connection. */
class SimChannel implements Channel {
  readonly peer: PeerIdentity;
  /** Whose end it is. */
  readonly node: SimNode;
  readonly #out: Pipe;
  #handler: ChannelHandler | undefined;
  readonly #early: Uint8Array[] = [];
  #closed = false;
  #reason: TendrilError | undefined;

  constructor(node: SimNode, out: Pipe, into: Pipe, peer: string) {
    this.node = node;
    this.#out = out;
    into.exit = this;
    this.peer = { address: `${peer}:1`, subject: `CN=${peer}`, fingerprint: undefined };
    node.channels.add(this);
  }

  start(handler: ChannelHandler): void {
    this.#handler = handler;
    for (const chunk of this.#early.splice(0)) handler.onData(chunk);
    if (this.#closed) handler.onClose(this.#reason);
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    if (this.#closed) return this.node.clock.soon(() => done(false));
    const copy = chunk.slice();
    this.#out.send(copy.length, (to) => to.#data(copy));
    this.#out.whenRoom(() => this.node.clock.soon(() => done(!this.#closed)));
  }

  /** Nothing here makes use of it: credit and windows hold a peer back. */
  pause(): void {}

  resume(): void {}

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#end(undefined);
    this.#out.send(0, (to) => to.#end(undefined));
  }

  /** The connection is broken. */
  broke(): void {
    this.node.clock.run(() => this.#end(new TendrilError("CONNECTION_RESET", "the connection broke")));
  }

  /** The node has died: the peer hears of it, the node does not. */
  orphan(): void {
    this.#closed = true;
    this.#handler = undefined;
    this.#out.send(0, (to) => to.#end(new TendrilError("CONNECTION_RESET", "the peer has died")));
  }

  #data(chunk: Uint8Array): void {
    if (this.#closed) return;
    if (this.#handler === undefined) this.#early.push(chunk);
    else this.#handler.onData(chunk);
  }

  #end(reason: TendrilError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.node.channels.delete(this);
    this.#handler?.onClose(reason);
  }
}

export type { SimChannel };
