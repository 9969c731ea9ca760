/**
 * Asks management nodes anywhere in the network over one AMQP connection to any router of it: one anonymous link out,
 * one answer address in (wire-protocol G.1).
 */

import type { AmqpMap, AmqpValue } from "../amqp/codec/types.ts";
import type { Receiver } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import { type Clock, SYSTEM_CLOCK } from "../lib/clock.ts";
import { TendrilError } from "../lib/errors.ts";
import {
  discriminator,
  localAddress,
  MANAGEMENT_ADDRESS,
  PLUGIN_STORE_ADDRESS,
  type RouterIdentity,
} from "../router/address.ts";
import { IDLE_TIMEOUT_MS, MAX_FRAME_OCTETS, WINDOW_FRAMES } from "../router/capabilities.ts";
import { collect } from "../router/collect.ts";
import { ACCEPTED } from "../router/flow.ts";
import { Peer } from "../router/peer.ts";
import type { Channel } from "../transport/channel.ts";
import { TYPE_PREFIX } from "./entity_type.ts";
import { decodeAnswer, encodeRequest } from "./message.ts";
import { asInteger, int, map, plain, type PlainMap, texts } from "./values.ts";

/** Largest answer, in octets. */
const MAX_ANSWER_OCTETS = 16 * 1024 * 1024;
/** Entities that are asked for at a time, as the tools of real routers do. */
const PAGE = 500;
/** Questions that may be under way at a time; more wait here, for routers drop answers that pile up. */
const MAX_UNDER_WAY = 100;

/** A question. */
interface Question {
  readonly id: number;
  readonly to: string;
  readonly message: Uint8Array;
  resolve(body: AmqpValue): void;
  reject(error: TendrilError): void;
}

/** The address of the management node of `router`; undefined: the router that is connected. */
export function managementAddress(router?: RouterIdentity): string {
  return router === undefined ? MANAGEMENT_ADDRESS : localAddress(MANAGEMENT_ADDRESS, router);
}

/** See the head of the file. */
export class ManagementClient {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #peer: Peer;
  readonly #opened = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #waiting: Question[] = [];
  readonly #underWay = new Map<number, Question>();
  #sender: Sender | undefined;
  #receiver: Receiver | undefined;
  #lastId = 0;
  #lost: TendrilError | undefined;

  private constructor(channel: Channel, timeoutMs: number, clock: Clock) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    const options = {
      side: "client" as const,
      containerId: `tendril-${discriminator()}`,
      mechanisms: ["ANONYMOUS" as const],
      maxFrameSize: MAX_FRAME_OCTETS,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      windowFrames: WINDOW_FRAMES,
    };
    this.#peer = new Peer(channel, options, false, clock, {
      onOpen: () => this.#attach(),
      onAttach: (link) =>
        link.refuse({ condition: "amqp:not-allowed", description: "this client opens its own links" }),
      onGone: ({ transport, protocol, remote }) => {
        const reason = transport?.message ?? protocol?.message ?? remote?.description;
        this.#fail(lost(reason ?? "it was closed"));
        this.#gone.resolve();
      },
    });
  }

  /**
   * Takes over `channel` to a router; every answer may take `timeoutMs`, counted from when the question leaves. Throws MANAGEMENT_LOST and
   * MANAGEMENT_TIMEOUT.
   */
  static async connect(channel: Channel, timeoutMs: number, clock: Clock = SYSTEM_CLOCK): Promise<ManagementClient> {
    const client = new ManagementClient(channel, timeoutMs, clock);
    const cancel = clock.after(timeoutMs, () => client.#opened.reject(late("the router", timeoutMs)));
    client.#peer.start();
    try {
      await client.#opened.promise;
      return client;
    } catch (error) {
      await client.close();
      throw error;
    } finally {
      cancel();
    }
  }

  /** All entities of `type`, which is without its prefix, at the node `to`, with all attributes unless some are named. */
  async query(to: string, type: string, attributes: readonly string[] = []): Promise<PlainMap[]> {
    const entities: PlainMap[] = [];
    for (;;) {
      const properties = { entityType: TYPE_PREFIX + type, offset: entities.length, count: PAGE };
      const body = map([["attributeNames", texts(attributes)]]);
      const page = rows(await this.ask(to, "QUERY", properties, body));
      entities.push(...page);
      if (page.length < PAGE) return entities;
    }
  }

  /** One entity by its identity. */
  async read(to: string, type: string, identity: string): Promise<PlainMap> {
    const body = plain(await this.ask(to, "READ", { type: TYPE_PREFIX + type, identity }));
    return isMap(body) ? body : {};
  }

  /**
   * Has the node `to` perform `operation`. Throws MANAGEMENT_TIMEOUT, MANAGEMENT_UNREACHABLE when no such node is known,
   * MANAGEMENT_REFUSED when it answers with an error, MANAGEMENT_LOST.
   */
  async ask(
    to: string,
    operation: string,
    properties: Readonly<Record<string, string | number>> = {},
    body: AmqpValue = null,
  ): Promise<AmqpValue> {
    if (this.#lost !== undefined) throw this.#lost;
    const id = ++this.#lastId;
    const self = properties["type"] === undefined ? { type: "org.amqp.management", name: "self" } : {};
    const all: AmqpMap = Object.entries({ operation, ...self, ...properties })
      .map(([name, value]) => [name, typeof value === "number" ? int(value) : value]);
    const replyTo = this.#receiver?.remote?.source?.address ?? "";
    const correlationId: AmqpValue = { type: "ulong", value: BigInt(id) };
    const message = encodeRequest({ properties: all, body }, to, { replyTo, correlationId });
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ id, to, message, resolve, reject });
      this.#send();
    });
  }

  /** Disconnects; resolves when nothing is left of the connection. */
  async close(): Promise<void> {
    this.#peer.close();
    await this.#gone.promise;
  }

  #attach(): void {
    const session = this.#peer.connection.beginSession("management");
    this.#sender = session.attachSender({ name: "requests" }, {
      onReady: () => this.#ready(),
      onDetached: (error) => this.#fail(lost(error?.description ?? "the link for requests was closed")),
    });
    this.#receiver = session.attachReceiver({ name: "answers", source: { dynamic: true } }, {
      onAttached: () => this.#ready(),
      onDelivery: (delivery) =>
        collect(delivery, (bytes) => {
          delivery.update(ACCEPTED, true);
          this.#answered(bytes);
        }, MAX_ANSWER_OCTETS),
      onDetached: (error) => this.#fail(lost(error?.description ?? "the link for answers was closed")),
    });
    this.#receiver.keepCredit(MAX_UNDER_WAY);
  }

  #ready(): void {
    if (this.#receiver?.remote === undefined || this.#sender?.ready !== true) return;
    this.#opened.resolve();
    this.#send();
  }

  #send(): void {
    while (this.#sender?.ready && this.#underWay.size < MAX_UNDER_WAY) {
      const question = this.#waiting.shift();
      if (question === undefined) return;
      this.#start(question, this.#sender);
    }
  }

  #start({ id, to, message, resolve, reject }: Question, sender: Sender): void {
    const over = () => {
      cancel();
      this.#underWay.delete(id);
      this.#send();
    };
    const fail = (error: TendrilError) => {
      reject(error);
      over();
    };
    const cancel = this.#clock.after(this.#timeoutMs, () => fail(late(to, this.#timeoutMs)));
    const answered = (body: AmqpValue) => {
      resolve(body);
      over();
    };
    this.#underWay.set(id, { id, to, message, resolve: answered, reject: fail });
    sender.start(false, {
      onDrain() {},
      onReceiverState: (state) => {
        if (state?.kind === "released" || state?.kind === "modified") fail(unreachable(to));
        if (state?.kind === "rejected") fail(refused(to, state.error?.description ?? "rejected"));
      },
      onLost() {},
    }).finish(message);
  }

  #answered(bytes: Uint8Array): void {
    const answer = decodeAnswer(bytes);
    const question = this.#underWay.get(asInteger(answer?.correlationId) ?? 0);
    if (answer === undefined || question === undefined) return;
    if (answer.status < 300) question.resolve(answer.body);
    else question.reject(refused(question.to, `${answer.status} ${answer.description}`));
  }

  #fail(error: TendrilError): void {
    this.#lost ??= error;
    this.#opened.reject(error);
    for (const { reject } of [...this.#waiting.splice(0), ...this.#underWay.values()]) reject(error);
  }
}

/** The rows of the answer to a query, as maps. */
function rows(body: AmqpValue): PlainMap[] {
  const answer = plain(body);
  if (!isMap(answer)) return [];
  const { attributeNames, results } = answer;
  if (!Array.isArray(attributeNames) || !Array.isArray(results)) return [];
  return results.map((row) =>
    Object.fromEntries(attributeNames.map((name, at) => [String(name), Array.isArray(row) ? row[at] ?? null : null]))
  );
}

function isMap(value: unknown): value is PlainMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function late(to: string, ms: number): TendrilError {
  return new TendrilError("MANAGEMENT_TIMEOUT", `no answer of ${to} within ${ms / 1000} s`, {
    hint: "Allow more time with --timeout, or see whether that router hangs.",
  });
}

function unreachable(to: string): TendrilError {
  return new TendrilError("MANAGEMENT_UNREACHABLE", `no way leads to ${to}`, {
    hint: "See `tendril network status` for the routers that can be reached.",
  });
}

function refused(to: string, why: string): TendrilError {
  const hint = !/\bPolicy\b/.test(why)
    ? "It may be a router of another version; see its log."
    : to === PLUGIN_STORE_ADDRESS
    ? "Add a rule with `push: true` for this site to a Policy of that interior, or push at the interior's own folder."
    : "A Policy of that router has to allow it: see `tendril explain Policy`.";
  return new TendrilError("MANAGEMENT_REFUSED", `${to} refuses: ${why}`, { hint });
}

function lost(why: string): TendrilError {
  return new TendrilError("MANAGEMENT_LOST", `the connection to the site is gone: ${why}`, {
    hint: "See whether the site is still running.",
  });
}
