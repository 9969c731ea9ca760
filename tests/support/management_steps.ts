/**
 * Changes by management, and what a router says to them: recorded of skupper-router 3.5.1, asked of Tendril in every run,
 * and of the real router again where there is one.
 */

import assert from "node:assert/strict";
import type { Sender } from "../../agent/amqp/sender.ts";
import { decodeAnswer, encodeRequest } from "../../agent/management/message.ts";
import type { AmqpMap, AmqpValue } from "../../agent/amqp/codec/types.ts";
import { map, plain, type PlainMap } from "../../agent/management/values.ts";
import { until } from "./until.ts";
import { send, type WirePeer } from "./wire_peer.ts";

/** A question, and the answer to it. */
export interface Step {
  readonly operation: "CREATE" | "READ" | "UPDATE" | "DELETE";
  /** Short. */
  readonly type: string;
  readonly name?: string;
  readonly identity?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly status: number;
  /** What the answer has; other attributes of it are not looked at. */
  readonly has?: Readonly<Record<string, string | number | boolean>>;
  /** What the description of a refusal has in it. */
  readonly says?: string;
}

const PREFIX = "io.skupper.router.";
const WEB = { address: "web", host: "127.0.0.1", port: "18480" };
const WEB_TOLD = {
  ...WEB,
  name: "web",
  identity: "tcpListener/127.0.0.1:18480:web",
  type: `${PREFIX}tcpListener`,
  backlog: 0,
  multiAddressStrategy: "none",
  authenticatePeer: false,
  observer: "auto",
  bytesIn: 0,
  bytesOut: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  operStatus: "down",
  connectionMsg: "",
};

/** In this order. Statuses of which the real router is less sure (500 for what is wrong with a request) are left out. */
export const STEPS: readonly Step[] = [
  { operation: "CREATE", type: "tcpListener", name: "web", attributes: WEB, status: 201, has: WEB_TOLD },
  { operation: "READ", type: "tcpListener", name: "web", status: 200, has: WEB_TOLD },
  { operation: "READ", type: "tcpListener", identity: WEB_TOLD.identity, status: 200, has: WEB_TOLD },
  {
    operation: "CREATE",
    type: "tcpListener",
    name: "web",
    attributes: { ...WEB, port: "18481" },
    status: 400,
    says: "duplicates unique attribute 'name'",
  },
  {
    operation: "CREATE",
    type: "tcpListener",
    name: "more",
    attributes: { ...WEB, bogus: 1 },
    status: 400,
    says: `Unknown attribute 'bogus' for '${PREFIX}tcpListener'`,
  },
  {
    operation: "CREATE",
    type: "tcpListener",
    name: "more",
    attributes: { ...WEB, observer: "foo" },
    status: 400,
    says: "Invalid value for",
  },
  {
    operation: "CREATE",
    type: "tcpListener",
    name: "more",
    attributes: { ...WEB, bytesIn: 5 },
    status: 400,
    says: "Cannot set attribute 'bytesIn' in CREATE",
  },
  {
    operation: "CREATE",
    type: "tcpListener",
    name: "more",
    attributes: { ...WEB, name: "less" },
    status: 400,
    says: "Conflicting values for 'name'",
  },
  {
    operation: "UPDATE",
    type: "tcpListener",
    name: "web",
    attributes: { observer: "none" },
    status: 200,
    has: { ...WEB_TOLD, observer: "none" },
  },
  {
    operation: "UPDATE",
    type: "tcpListener",
    name: "web",
    attributes: { address: "web" },
    status: 200,
    has: { ...WEB_TOLD, observer: "none" },
  },
  {
    operation: "UPDATE",
    type: "tcpListener",
    name: "web",
    attributes: { address: "other" },
    status: 400,
    says: "Cannot update attribute 'address' in UPDATE",
  },
  { operation: "DELETE", type: "tcpListener", name: "nope", status: 404, says: "No entity with name=nope" },
  { operation: "DELETE", type: "tcpListener", name: "web", status: 204, has: {} },
  { operation: "DELETE", type: "tcpListener", name: "web", status: 404, says: "No entity with name=web" },
  { operation: "READ", type: "tcpListener", name: "web", status: 404, says: "No entity with name=web" },
  {
    operation: "CREATE",
    type: "tcpConnector",
    name: "target",
    attributes: { address: "web", host: "127.0.0.1", port: "18482" },
    status: 201,
    has: {
      address: "web",
      host: "127.0.0.1",
      port: "18482",
      name: "target",
      identity: "tcpConnector/127.0.0.1:18482:target",
      type: `${PREFIX}tcpConnector`,
      verifyHostname: true,
      bytesIn: 0,
      bytesOut: 0,
      connectionsClosed: 0,
    },
  },
  {
    operation: "UPDATE",
    type: "tcpConnector",
    name: "target",
    attributes: { address: "other" },
    status: 501,
    says: `Operation 'UPDATE' not implemented for '${PREFIX}tcpConnector'`,
  },
  { operation: "DELETE", type: "tcpConnector", identity: "tcpConnector/127.0.0.1:18482:target", status: 204, has: {} },
  {
    operation: "CREATE",
    type: "log",
    attributes: { module: "X" },
    status: 501,
    says: `Operation 'CREATE' not implemented for '${PREFIX}log' ['UPDATE', 'READ']`,
  },
  {
    operation: "UPDATE",
    type: "log",
    identity: "log/DEFAULT",
    attributes: { enable: "warning+" },
    status: 200,
    has: {
      module: "DEFAULT",
      enable: "warning+",
      includeTimestamp: true,
      includeSource: false,
      outputFile: "stderr",
      identity: "log/DEFAULT",
    },
  },
  { operation: "CREATE", type: "nope", name: "x", status: 400, says: "No such entity type" },
  { operation: "DELETE", type: "tcpListener", status: 400, says: "No name or identity provided" },
];

/** What a router answered. */
export interface Told {
  readonly status: number;
  readonly description: string;
  readonly body: PlainMap;
}

/** Asks a management node over one connection, one question after the other. */
export class Asker {
  readonly #wire: WirePeer;
  readonly #sender: Sender;
  readonly #replyTo: string;

  private constructor(wire: WirePeer, sender: Sender, replyTo: string) {
    this.#wire = wire;
    this.#sender = sender;
    this.#replyTo = replyTo;
  }

  /** Asks over `wire`, which is a client of the router. */
  static async open(wire: WirePeer): Promise<Asker> {
    const { remote } = await wire.receiver({ dynamic: true });
    return new Asker(wire, await wire.sender({}), remote?.source?.address ?? "");
  }

  /** The answer of the node at `to` to `step`. */
  async ask(step: Omit<Step, "status">, to = "$management"): Promise<Told> {
    const { operation, type, name, identity, attributes = {} } = step;
    const properties: AmqpMap = Object.entries({ operation, type: PREFIX + type, name, identity })
      .flatMap(([key, value]) => value === undefined ? [] : [[key, value]]);
    const body = map(Object.entries(attributes).map(([key, value]) => [key, amqp(value)]));
    const at = this.#wire.arrived.length;
    const address = { replyTo: this.#replyTo, correlationId: { type: "ulong", value: BigInt(at) } as const };
    send(this.#sender, encodeRequest({ properties, body }, to, address));
    await until(() => this.#wire.arrived[at]?.events.includes("end") === true);
    const answer = decodeAnswer(this.#wire.arrived[at]!.octets);
    const told = plain(answer?.body ?? null);
    const isMap = typeof told === "object" && told !== null && !Array.isArray(told);
    return {
      status: answer?.status ?? 0,
      description: answer?.description ?? "",
      body: isMap ? told as PlainMap : {},
    };
  }
}

function amqp(value: string | number | boolean): AmqpValue {
  return typeof value === "number" ? { type: "long", value: BigInt(value) } : value;
}

/** Asks all {@link STEPS} and compares what is answered. */
export async function checkSteps(asker: Asker): Promise<void> {
  for (const step of STEPS) {
    const { status, description, body } = await asker.ask(step);
    const title = JSON.stringify(step);
    assert.equal(status, step.status, `${title}: ${description}`);
    if (step.says !== undefined) assert.ok(description.includes(step.says), `${title}: ${description}`);
    for (const [name, value] of Object.entries(step.has ?? {})) assert.equal(body[name], value, `${name} of ${title}`);
  }
}
