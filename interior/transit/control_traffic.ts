/**
 * Carries the routing protocol between neighbours: sends what this router says, and passes on what others say to all or
 * to a router beyond (wire-protocol D.1). Passing on needs the head of a message alone; its body stays as it is.
 */

import { encodeAnnotations, NO_ANNOTATIONS, type RouterAnnotations } from "../../agent/router/annotations.ts";
import { addressKey, type RouterIdentity } from "../../agent/router/address.ts";
import type { Clock } from "../../agent/lib/clock.ts";
import { parseMessageHead } from "../../agent/router/message_head.ts";
import { decodeControl, encodeControl } from "../routing/control_codec.ts";
import type { ControlMessage, Hello, RouterAdvertisement } from "../routing/control_message.ts";
import type { RoutingEngine } from "../routing/engine.ts";
import type { ControlFault } from "./fault_log.ts";
import type { Neighbour } from "./neighbour.ts";
import { Reminders } from "./reminders.ts";
import { AREA, routerId } from "./remote_router.ts";

const HELLO_ADDRESS = "amqp:/_local/qdhello";
const FLOOD_ADDRESS = "amqp:/_topo/0/all/qdrouter";
const MOBILE_FLOOD_ADDRESS = "_topo/0/all/qdrouter.ma";
/** Names to which routers listen. */
const ROUTING = "qdrouter";
const MOBILE = "qdrouter.ma";
const HELLO = "qdhello";
/**
 * An advertisement that says nothing new is passed on again only after this time, in ms: in a meshed network it comes
 * by every path, and everyone has had it when the first copy was passed on. One that came a shorter way is news to C
 * routers, which ignore what has come through more routers than their longest path.
 */
const REPEAT_MS = 2000;

/** See the head of the file. */
export class ControlTraffic {
  readonly #self: RouterIdentity;
  readonly #engine: RoutingEngine;
  readonly #neighbours: ReadonlyMap<number, Neighbour>;
  readonly #reminders: Reminders;
  readonly #clock: Clock;
  /** The last advertisement of each router that was passed on. */
  readonly #passed = new Map<string, {
    readonly message: RouterAdvertisement;
    /** Routers it had come through. */
    readonly hops: number;
    readonly at: number;
  }>();

  /** `neighbours` are those whose control link is up. */
  constructor(self: string, engine: RoutingEngine, neighbours: ReadonlyMap<number, Neighbour>, clock: Clock) {
    this.#self = { id: self, role: "interior" };
    this.#engine = engine;
    this.#neighbours = neighbours;
    this.#reminders = new Reminders(neighbours);
    this.#clock = clock;
  }

  /**
   * To every neighbour; not by a connection that gave way to another, unless that is a rival's: routers in C don't know
   * what to make of it.
   */
  hello(message: Hello): void {
    const neighbours = [...this.#neighbours.values()];
    const current = new Set(
      neighbours.filter(({ superseded, link }) => !superseded && !this.#engine.isHeldOff(link)).map(({ id }) => id),
    );
    for (const { control, ownCost, superseded, id } of neighbours) {
      if (superseded && current.has(id)) continue;
      control.send(this.#own({ ...message, cost: ownCost }, HELLO_ADDRESS));
    }
  }

  /** To all routers, by every link. */
  flood(message: ControlMessage): void {
    const bytes = this.#own(message, FLOOD_ADDRESS);
    this.#flood(bytes, []);
    if (message.opcode === "RA") this.#reminders.told(message, bytes, []);
  }

  /** Lets time pass; to be called every second. */
  tick(): void {
    const { nodes } = this.#engine;
    this.#reminders.tick((id) => id === this.#self.id || nodes.get(id)?.reachable === true);
  }

  /** To all routers, along the tree of least-cost paths. */
  multicast(message: ControlMessage): void {
    this.#multicast(this.#own(message, MOBILE_FLOOD_ADDRESS), this.#self.id, []);
  }

  /** To one router. Without a path the message is dropped: whoever waits for it will ask again. */
  unicast(router: string, message: ControlMessage): void {
    const name = message.opcode === "MAU" || message.opcode === "MAR" ? MOBILE : ROUTING;
    this.#via(router)?.control.send(this.#own(message, `amqp:/_topo/0/${router}/${name}`));
  }

  /** A message came from `neighbour`. The result says why it was ignored, if it was. */
  received(bytes: Uint8Array, neighbour: Neighbour): ControlFault | undefined {
    const head = parseMessageHead(bytes, true);
    if (head === undefined || "malformed" in head) return malformed(head?.malformed ?? "no message");
    const { annotations, restAt } = head;
    const key = addressKey(annotations.toOverride ?? head.to ?? "", this.#self);
    if (this.#engine.isHeldOff(neighbour.link) && key !== `L${HELLO}`) return undefined;
    // Farther than any path leads: it goes in circles. What goes to all routers goes nowhere twice, and may come from
    // farther away than we know of.
    if (key[0] !== "T" && annotations.trace.length > this.#engine.paths.radius + 1) return undefined;
    const beyond = key[0] === "R" ? key.slice(1) : undefined;
    if (beyond !== undefined) {
      this.#via(beyond)?.control.send(this.#onwards(annotations, bytes.subarray(restAt)));
      return undefined;
    }
    const name = key.slice(1);
    if (name !== ROUTING && name !== MOBILE && name !== HELLO) return undefined;
    const message = decodeControl(bytes, restAt);
    if ("fault" in message) {
      if (message.fault === "malformed") return malformed(message.reason);
      this.#engine.incompatible(message.id ?? neighbour.id, message.reason);
      return undefined;
    }
    if (message.opcode === "HELLO" && message.id !== neighbour.id) {
      return { code: "ROUTER_HELLO_FORGED", reason: `HELLO of ${message.id}` };
    }
    const origin = routerId(annotations.ingress);
    if (origin !== undefined && origin !== message.id) {
      return { code: "ROUTER_ORIGIN_FORGED", reason: `${message.opcode} of ${message.id} comes from ${origin}` };
    }
    // Before it is taken to heart: that may change the paths.
    if (key[0] === "T") this.#passOn(name, message, annotations, bytes.subarray(restAt));
    const now = this.#clock.now();
    if (message.opcode === "HELLO" && message.cost !== neighbour.theirCost) {
      neighbour.theirCost = message.cost;
      this.#engine.setLinkCost(neighbour.link, neighbour.cost, now);
    }
    this.#engine.received(message, neighbour.link, neighbour.cost, now);
    return undefined;
  }

  #passOn(name: string, message: ControlMessage, annotations: RouterAnnotations, rest: Uint8Array): void {
    if (message.id === this.#self.id) return;
    if (name === MOBILE) {
      const origin = routerId(annotations.ingress) ?? message.id;
      return this.#multicast(this.#onwards(annotations, rest), origin, annotations.trace);
    }
    if (message.opcode === "RA" && this.#isRepetition(message, annotations.trace.length)) return;
    const bytes = this.#onwards(annotations, rest);
    this.#flood(bytes, annotations.trace);
    if (message.opcode === "RA") this.#reminders.told(message, bytes, annotations.trace);
  }

  #isRepetition(message: RouterAdvertisement, hops: number): boolean {
    const now = this.#clock.now();
    const last = this.#passed.get(message.id);
    if (
      last !== undefined && now - last.at < REPEAT_MS && last.hops <= hops &&
      last.message.instance === message.instance &&
      last.message.linkStateSequence === message.linkStateSequence &&
      last.message.mobileSequence === message.mobileSequence
    ) return true;
    this.#passed.set(message.id, { message, hops, at: now });
    for (const id of this.#passed.keys()) {
      if (this.#passed.size <= this.#engine.nodes.size + 1) break;
      this.#passed.delete(id);
    }
    return false;
  }

  #flood(bytes: Uint8Array, trace: readonly string[]): void {
    for (const neighbour of this.#neighbours.values()) {
      if (!trace.includes(AREA + neighbour.id)) neighbour.control.send(bytes);
    }
  }

  #multicast(bytes: Uint8Array, origin: string, trace: readonly string[]): void {
    const { nodes, paths } = this.#engine;
    const hops = new Set<string>();
    for (const id of nodes.keys()) {
      const hop = paths.nextHop(id);
      if (hop !== undefined && !hops.has(hop) && paths.admits(origin, id)) hops.add(hop);
    }
    for (const hop of hops) if (!trace.includes(AREA + hop)) this.#via(hop)?.control.send(bytes);
  }

  /** The connection by which `router` is reached. */
  #via(router: string): Neighbour | undefined {
    const hop = this.#engine.paths.nextHop(router);
    const adjacency = hop === undefined ? undefined : this.#engine.adjacencies.get(hop);
    return adjacency === undefined ? undefined : this.#neighbours.get(adjacency.link);
  }

  #own(message: ControlMessage, to: string): Uint8Array {
    return this.#onwards(NO_ANNOTATIONS, encodeControl(message, to));
  }

  #onwards(annotations: RouterAnnotations, rest: Uint8Array): Uint8Array {
    const self = AREA + this.#self.id;
    const section = encodeAnnotations({
      ...annotations,
      ingress: annotations.ingress ?? self,
      trace: [...annotations.trace, self],
    });
    const bytes = new Uint8Array(section.length + rest.length);
    bytes.set(section);
    bytes.set(rest, section.length);
    return bytes;
  }
}

function malformed(reason: string): ControlFault {
  return { code: "ROUTER_CONTROL_MALFORMED", reason };
}
