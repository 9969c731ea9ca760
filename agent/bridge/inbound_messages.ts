/**
 * The messages that a connection gets from the network, and what they have to do with those it sends: a listener's are
 * answers to its own streams, a connector's are requests to be answered.
 */

import type { MessageHead } from "../adaptor/action.ts";
import type { AmqpValue, DeliveryState } from "../amqp/codec/types.ts";
import type { Downstream, Message, Upstream } from "../router/flow.ts";
import { NumberMap } from "../lib/number_map.ts";
import { InboundMessage, type InboundMessageHandler, type Producer } from "./inbound_message.ts";
import type { Envelope, SectionsHead } from "./message_sections.ts";

/** What the owner is told; messages go by their stream numbers. */
export interface InboundMessagesHandler {
  /** What answers say of where they come from. */
  readonly site: string | undefined;
  /** Whether what comes of a request behind the end of its answer is passed on. */
  readonly wantsRest: boolean;
  /** Octets of a message waiting for the socket; its stream is 0 before its head is read. */
  pending(stream: number): number;
  /** A message has come; `site` is what an answer says of where it comes from. */
  onHead(stream: number, head: MessageHead, site?: string): void;
  /** Its next octets; `piece` is valid only during the call. */
  onData(stream: number, piece: Uint8Array): void;
  /** An answer has come whole, and is to be settled. */
  accept(answer: InboundMessage): void;
  /** It is complete. */
  onEnd(stream: number): void;
  /** It broke off. */
  onBroken(stream: number): void;
  /** A request is over. */
  onDone(): void;
  /** A request was refused before the owner was told of it. */
  onRefused(): void;
}

/** How long an answer may be on its way when its request was accepted, in ms: who accepts it has sent all of the answer. */
export const ANSWER_MS = 10_000;

/** An own stream whose answer has not begun. */
interface Awaited {
  /** Its request was accepted. */
  accepted: boolean;
  /** When the answer must have begun then, in ms; undefined until time is known to pass. */
  due: number | undefined;
}

/** See the head of the file. */
export class InboundMessages implements InboundMessageHandler {
  readonly #handler: InboundMessagesHandler;
  /** Own streams whose answer, interim ones aside, has not begun. */
  readonly #awaited = new NumberMap<Awaited>();
  /** Answers that are coming in. */
  readonly #answers = new NumberMap<InboundMessage>();
  readonly #requests = new NumberMap<InboundMessage>();
  #lastRequest = -1;

  /** No messages yet. */
  constructor(handler: InboundMessagesHandler) {
    this.#handler = handler;
  }

  /** True when no request or answer is awaited or on its way. */
  get idle(): boolean {
    return this.#requests.size === 0 && this.#awaited.size === 0 && this.#answers.size === 0;
  }

  /** Requests that are under way. */
  get requests(): number {
    return this.#requests.size;
  }

  /** An answer to the own stream `stream` may come from now on. */
  expect(stream: number): void {
    this.#awaited.set(stream, { accepted: false, due: undefined });
  }

  /** The request that is own stream `stream` was accepted. */
  expectSoon(stream: number): void {
    const awaited = this.#awaited.get(stream);
    if (awaited !== undefined) awaited.accepted = true;
  }

  /** Own streams whose answer was lost on its way, by `now`. */
  overdue(now: number): number[] {
    if (this.#awaited.size === 0) return [];
    return this.#awaited.keys().filter((stream) => {
      const awaited = this.#awaited.get(stream)!;
      if (!awaited.accepted) return false;
      awaited.due ??= now + ANSWER_MS;
      return now > awaited.due;
    });
  }

  /** No answer to `stream` shall begin any more; true if one might still have mattered. */
  expectNoMore(stream: number): boolean {
    return this.#awaited.delete(stream) || this.#answers.get(stream + 1) !== undefined;
  }

  /** The answer that is stream `stream` begins. Returns where it goes; undefined when there is no such request. */
  answer(stream: number): Envelope | undefined {
    return this.#requests.get(stream - 1)?.answer();
  }

  /**
   * The answer that is stream `stream` is complete. Returns its request where that is to hear what becomes of the answer, because
   * that is `underWay` and can't be sent again.
   */
  answered(stream: number, underWay: boolean): InboundMessage | undefined {
    const request = this.#requests.get(stream - 1);
    if (request === undefined) return undefined;
    request.answered = true;
    if (underWay) request.awaitAnswer();
    // Its producer would take the outcome for the wish to hear no more of it.
    if (request.ended || !this.#handler.wantsRest) request.accept();
    if (request.ended) this.#done(stream - 1);
    return underWay ? request : undefined;
  }

  /** The message `stream` has been dealt with, though nothing answers it. */
  accept(stream: number): void {
    this.#requests.get(stream)?.accept();
  }

  /** The message `stream` is not wanted, or is an answer that is given up; `outcome` is for who waits. */
  refuse(stream: number, outcome: DeliveryState): void {
    const request = this.#requests.get(stream) === undefined ? stream - 1 : stream;
    (this.#answers.get(stream) ?? this.#requests.get(request))?.settle(outcome);
    this.#awaited.delete(stream);
    this.#answers.delete(stream);
    this.#done(request);
  }

  /** Octets have reached the socket. */
  progress(): void {
    if (this.#answers.size > 0) { for (const answer of this.#answers.values()) answer.progress(); }
    if (this.#requests.size > 0) { for (const request of this.#requests.values()) request.progress(); }
  }

  /** Gives up all messages; `outcome` is the last word about those that were not dealt with. */
  letGo(outcome: DeliveryState): void {
    for (const answer of this.#answers.values()) answer.settle(outcome);
    for (const request of this.#requests.values()) {
      if (request.answered) request.accept();
      else request.settle(outcome);
      this.#done(request.stream);
    }
    this.#answers.clear();
    this.#awaited.clear();
  }

  /** Takes a message that must be an answer. */
  takeAnswer(message: Message, upstream: Upstream): Downstream {
    const answer = new InboundMessage(upstream, this, 0);
    answer.begin(message);
    return answer;
  }

  /** Takes a message as the next request. */
  takeRequest(message: Message, upstream: Producer): Downstream {
    const stream = this.#lastRequest += 2;
    const request = new InboundMessage(upstream, this, stream);
    this.#requests.set(stream, request);
    request.begin(message);
    return request;
  }

  // --- from the messages; requests have odd numbers, answers even ones

  /** See {@link InboundMessageHandler}. */
  pending({ stream }: InboundMessage): number {
    return this.#handler.pending(stream);
  }

  /** See {@link InboundMessageHandler}. */
  onHead(message: InboundMessage, head: SectionsHead): boolean {
    if (isRequest(message)) {
      message.envelope = envelopeOf(head, this.#handler.site);
      if (message.envelope === undefined) return false;
      this.#handler.onHead(message.stream, head.head);
      return true;
    }
    const own = numberOf(head.correlationId);
    if (this.#awaited.get(own) === undefined || this.#answers.get(own + 1) !== undefined) return false;
    if (!head.interim) this.#awaited.delete(own);
    message.stream = own + 1;
    this.#answers.set(message.stream, message);
    this.#handler.onHead(message.stream, head.head, head.site);
    return true;
  }

  /** See {@link InboundMessageHandler}. */
  onData(message: InboundMessage, piece: Uint8Array): void {
    if (this.#isKnown(message)) this.#handler.onData(message.stream, piece);
  }

  /** See {@link InboundMessageHandler}. */
  onEnd(message: InboundMessage): void {
    const { stream } = message;
    if (isRequest(message)) {
      if (!this.#isKnown(message)) return;
      if (message.answered) {
        message.accept();
        this.#done(stream);
      }
    } else {
      this.#handler.accept(message);
      if (!this.#forgetAnswer(message)) return;
    }
    this.#handler.onEnd(stream);
  }

  /** See {@link InboundMessageHandler}. */
  onBroken(message: InboundMessage): void {
    const { stream } = message;
    if (!isRequest(message)) {
      if (this.#forgetAnswer(message)) this.#handler.onBroken(stream);
    } else if (this.#done(stream)) {
      if (message.envelope !== undefined) this.#handler.onBroken(stream);
      else this.#handler.onRefused();
    }
  }

  #isKnown(message: InboundMessage): boolean {
    return (isRequest(message) ? this.#requests : this.#answers).get(message.stream) === message;
  }

  #forgetAnswer(answer: InboundMessage): boolean {
    return this.#isKnown(answer) && this.#answers.delete(answer.stream);
  }

  #done(stream: number): boolean {
    const known = this.#requests.delete(stream);
    if (known) this.#handler.onDone();
    return known;
  }
}

function isRequest({ stream }: InboundMessage): boolean {
  return stream % 2 === 1;
}

/** Largest number of a stream that has one behind it. */
const MAX_STREAM = 0xffff_fffen;

/** The stream that a correlation-id names, or 0. */
function numberOf(id: AmqpValue): number {
  const isUlong = typeof id === "object" && id !== null && "type" in id && id.type === "ulong";
  return isUlong && id.value <= MAX_STREAM ? Number(id.value) : 0;
}

/** Where the answer to a request goes; undefined for one that wants none, or does not say which it is. */
function envelopeOf({ replyTo, messageId }: SectionsHead, site: string | undefined): Envelope | undefined {
  return replyTo === undefined || messageId === null ? undefined : { to: replyTo, correlationId: messageId, site };
}
