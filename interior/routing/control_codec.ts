/**
 * Control messages as bytes (wire-protocol D.1, D.2): a message of AMQP sections whose body is a map. Texts may come
 * as strings or symbols, numbers in any width, as real routers use them.
 */

import { decodeSections, encodeSections } from "../../agent/amqp/codec/sections.ts";
import { AmqpSymbol, type AmqpValue } from "../../agent/amqp/codec/types.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import { ProtocolError } from "../../agent/amqp/protocol_error.ts";
import type { Treatment } from "../../agent/router/address_entry.ts";
import type { AdvertisedAddress, ControlMessage, MobileAddressUpdate } from "./control_message.ts";
import { COST_MAX, MAX_ADDRESSES, MAX_NAME, MAX_PEERS } from "./timing.ts";

/** Why bytes are no control message that we understand. */
export interface UnreadableControl {
  /** `version`: the sender speaks a later version of the protocol; `malformed`: something else. */
  readonly fault: "version" | "malformed";
  /** Router id of the sender, where it could be read. */
  readonly id: string | undefined;
  /** For the log. */
  readonly reason: string;
}

/** Protocol versions that we speak (`pv`). */
const ROUTING_VERSION = 1;
const MOBILE_VERSION = 2;
/** The one area that networks have. */
const AREA = "0";
/** Treatments by their number on the wire; the flooding multicast is not for services. */
const TREATMENTS: readonly Treatment[] = ["multicast", "multicast", "closest", "balanced"];
const TREATMENT_NUMBERS: Readonly<Record<Treatment, number>> = { multicast: 1, closest: 2, balanced: 3 };

/** Encodes `message` to be sent to the address `to`, without router annotations. */
export function encodeControl(message: ControlMessage, to: string): Uint8Array {
  const writer = new Writer();
  encodeSections(writer, {
    header: { durable: false },
    properties: { to },
    applicationProperties: [["opcode", message.opcode]],
    body: { kind: "value", value: { type: "map", value: body(message) } },
  });
  return writer.bytes().slice();
}

/** Key of ours in a HELLO; C routers overlook it. */
const LINK_COST = "tendril.cost";

/** Decodes the message in `bytes` from `start` on; router annotations must have been left out. */
export function decodeControl(bytes: Uint8Array, start: number): ControlMessage | UnreadableControl {
  let fields: Fields | undefined;
  try {
    const sections = decodeSections(bytes, start, bytes.length);
    const opcode = text(sections.applicationProperties?.find(([key]) => text(key) === "opcode")?.[1]);
    const value = sections.body?.kind === "value" ? sections.body.value : undefined;
    fields = new Fields(value);
    const mobile = opcode === "MAU" || opcode === "MAR";
    const version = fields.number("pv", 0);
    if (version > (mobile ? MOBILE_VERSION : ROUTING_VERSION)) {
      return { fault: "version", id: fields.id(), reason: `${opcode} of protocol version ${version}` };
    }
    return read(opcode, fields);
  } catch (error) {
    if (!(error instanceof ProtocolError || error instanceof Malformed)) throw error;
    return { fault: "malformed", id: fields?.tryId(), reason: error.message };
  }
}

function read(opcode: string | undefined, fields: Fields): ControlMessage {
  const id = fields.id();
  switch (opcode) {
    case "HELLO": {
      const seen = fields.list("seen", MAX_PEERS).map(textOf);
      const wanted = fields.number(LINK_COST, 0);
      // What can't be told on as a cost is none.
      const cost = wanted <= COST_MAX ? wanted : 0;
      return { opcode, id, instance: fields.number("instance"), seen, ...(cost > 0 ? { cost } : {}) };
    }
    case "RA":
      return {
        opcode,
        id,
        instance: fields.number("instance"),
        linkStateSequence: fields.number("ls_seq"),
        mobileSequence: fields.number("mobile_seq"),
      };
    case "LSU": {
      const linkState = new Fields(fields.required("ls"));
      const linkStateSequence = linkState.number("ls_seq");
      const instance = fields.number("instance", -1);
      const peers = peersOf(linkState);
      return { opcode, id, instance: instance < 0 ? undefined : instance, linkStateSequence, peers };
    }
    case "LSR":
      return { opcode, id };
    case "MAR":
      return { opcode, id, haveSequence: fields.number("have_seq") };
    case "MAU":
      return mobileUpdate(id, fields);
    default:
      throw new Malformed(`opcode ${opcode ?? "missing"}`);
  }
}

function peersOf(linkState: Fields): Map<string, number> {
  const peers = new Map<string, number>();
  const pairs = linkState.required("peers");
  if (!isOf(pairs, "map") || pairs.value.length > MAX_PEERS) throw new Malformed(`peers: ${MAX_PEERS} at most`);
  for (const [key, value] of pairs.value) {
    const cost = integer(value);
    if (cost === undefined || cost < 1) throw new Malformed("cost of a peer");
    peers.set(textOf(key), cost);
  }
  return peers;
}

function mobileUpdate(id: string, fields: Fields): MobileAddressUpdate {
  const mobileSequence = fields.number("mobile_seq");
  const absolute = fields.get("exist") !== undefined;
  const differential = fields.get("add") !== undefined && fields.get("del") !== undefined;
  if (absolute === differential || (absolute && (fields.get("add") ?? fields.get("del")) !== undefined)) {
    throw new Malformed("MAU has either exist, or add and del");
  }
  if (absolute) {
    const exist = fields.list("exist", MAX_ADDRESSES).map(address);
    return { opcode: "MAU", id, mobileSequence, exist, add: [], remove: [] };
  }
  const add = fields.list("add", MAX_ADDRESSES).map(address);
  const remove = fields.list("del", MAX_ADDRESSES).map((item) => address(item).key);
  return { opcode: "MAU", id, mobileSequence, add, remove };
}

function address(item: AmqpValue): AdvertisedAddress {
  if (!isOf(item, "list")) throw new Malformed("address");
  const [key, treatment, , , mesh] = item.value;
  const known = TREATMENTS[integer(treatment) ?? 3] ?? "balanced";
  const meshId = text(mesh);
  return { key: textOf(key), treatment: known, ...(meshId === undefined ? {} : { mesh: meshId }) };
}

function body(message: ControlMessage): [AmqpValue, AmqpValue][] {
  const mobile = message.opcode === "MAU" || message.opcode === "MAR";
  const head: [AmqpValue, AmqpValue][] = [
    ["id", message.id],
    ["pv", mobile ? long(MOBILE_VERSION) : int(ROUTING_VERSION)],
    ["area", AREA],
  ];
  switch (message.opcode) {
    case "HELLO": {
      const cost: [AmqpValue, AmqpValue][] = message.cost === undefined ? [] : [[LINK_COST, int(message.cost)]];
      return [...head, ["instance", int(message.instance)], ["seen", list(message.seen)], ...cost];
    }
    case "RA":
      return [
        ...head,
        ["instance", int(message.instance)],
        ["ls_seq", int(message.linkStateSequence)],
        ["mobile_seq", int(message.mobileSequence)],
      ];
    case "LSU": {
      const peers = [...message.peers].map(([id, cost]): [AmqpValue, AmqpValue] => [id, int(cost)]);
      const sequence: [AmqpValue, AmqpValue] = ["ls_seq", int(message.linkStateSequence)];
      const ls: [AmqpValue, AmqpValue][] = [["id", message.id], ["area", AREA], sequence, [
        "peers",
        { type: "map", value: peers },
      ]];
      return [...head, ["instance", int(message.instance ?? 0)], sequence, ["ls", { type: "map", value: ls }]];
    }
    case "LSR":
      return head;
    case "MAR":
      return [...head, ["have_seq", long(message.haveSequence)]];
    case "MAU": {
      const sequence: [AmqpValue, AmqpValue] = ["mobile_seq", long(message.mobileSequence)];
      if (message.exist !== undefined) return [...head, sequence, ["exist", list(message.exist.map(descriptor))]];
      const removed = message.remove.map((key): AmqpValue => list([key]));
      return [...head, sequence, ["add", list(message.add.map(descriptor))], ["del", list(removed)]];
    }
  }
}

/** Number of local producers, which nobody uses, then the mesh where there is one. */
function descriptor({ key, treatment, mesh }: AdvertisedAddress): AmqpValue {
  const fields: AmqpValue[] = [key, int(TREATMENT_NUMBERS[treatment]), int(0)];
  return list(mesh === undefined ? fields : [...fields, null, mesh]);
}

function int(value: number): AmqpValue {
  return { type: "int", value };
}

function long(value: number): AmqpValue {
  return { type: "long", value: BigInt(value) };
}

function list(value: readonly AmqpValue[]): AmqpValue {
  return { type: "list", value };
}

class Malformed extends Error {}

/** The fields of a map, by name. */
class Fields {
  readonly #values = new Map<string, AmqpValue>();

  constructor(value: AmqpValue | undefined) {
    if (!isOf(value, "map")) throw new Malformed("body is not a map");
    for (const [key, item] of value.value) {
      const name = text(key);
      if (name !== undefined && item !== null) this.#values.set(name, item);
    }
  }

  get(name: string): AmqpValue | undefined {
    return this.#values.get(name);
  }

  required(name: string): AmqpValue {
    const value = this.#values.get(name);
    if (value === undefined) throw new Malformed(`${name} is missing`);
    return value;
  }

  id(): string {
    return textOf(this.required("id"));
  }

  tryId(): string | undefined {
    return text(this.#values.get("id"));
  }

  /** A whole number that is not negative; `otherwise` where it is absent. */
  number(name: string, otherwise?: number): number {
    if (otherwise !== undefined && !this.#values.has(name)) return otherwise;
    const value = integer(this.required(name));
    if (value === undefined || value < 0) throw new Malformed(`${name} is no sequence number`);
    return value;
  }

  list(name: string, most: number): readonly AmqpValue[] {
    const value = this.required(name);
    if (!isOf(value, "list")) throw new Malformed(`${name} is not a list`);
    if (value.value.length > most) throw new Malformed(`${name} has ${value.value.length} entries, ${most} at most`);
    return value.value;
  }
}

function text(value: AmqpValue | undefined): string | undefined {
  if (value instanceof AmqpSymbol) return value.text;
  return typeof value === "string" ? value : undefined;
}

function textOf(value: AmqpValue | undefined): string {
  const found = text(value);
  if (found === undefined || found === "") throw new Malformed("a name is not a text");
  if (found.length > MAX_NAME) throw new Malformed(`a name is longer than ${MAX_NAME} characters`);
  return found;
}

function integer(value: AmqpValue | undefined): number | undefined {
  if (typeof value !== "object" || value === null || value instanceof AmqpSymbol) return undefined;
  switch (value.type) {
    case "byte":
    case "short":
    case "int":
    case "ubyte":
    case "ushort":
    case "uint":
      return value.value;
    case "long":
    case "ulong": {
      const number = Number(value.value);
      return Number.isSafeInteger(number) ? number : undefined;
    }
    default:
      return undefined;
  }
}

function isOf<T extends "map" | "list">(
  value: AmqpValue | undefined,
  type: T,
): value is Extract<AmqpValue, { readonly type: T }> {
  return typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === type;
}
