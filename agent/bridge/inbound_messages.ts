/**
 * The messages that a connection gets from the network, and what they have to do with those it sends: a listener's are
 * answers to its own streams, a connector's are requests to be answered.
 */

import type { MessageHead } from "../adaptor/action.ts";
import type { AmqpValue, DeliveryState } from "../amqp/codec/types.ts";
import { ACCEPTED, type Downstream, type Message, type Upstream } from "../router/flow.ts";
import { InboundMessage } from "./inbound_message.ts";
import type { Envelope, SectionsHead } from "./message_sections.ts";

/** What the owner is told; messages go by their stream numbers. */
export interface InboundMessagesHandler {
  /** What answers say of where they come from. */
  readonly site: string | undefined;
  /** Octets of a message waiting for the socket; its stream is 0 before its head is read. */
  pending(stream: number): number;
  /** A message has come; `site` is what an answer says of where it comes from. */
  onHead(stream: number, head: MessageHead, site?: string): void;
  /** Its next octets; `piece` is valid only during the call. */
  onData(stream: number, piece: Uint8Array): void;
  /** It is complete. */
  onEnd(stream: number): void;
  /** It broke off. */
  onBroken(stream: number): void;
  /** A request is over. */
  onDone(): void;
  /** A request was refused before the owner was told of it. */
  onRefused(): void;
}

/** A request, and where its answer goes. */
interface Request {
  readonly inbound: InboundMessage;
  envelope: Envelope | undefined;
  answered: boolean;
}

/** See the head of the file. */
export class InboundMessages {
  readonly #handler: InboundMessagesHandler;
  /** Own streams whose answer, interim ones aside, has not begun. */
  readonly #awaited = new Set<number>();
  /** Answers that are coming in. */
  readonly #answers = new Map<number, InboundMessage>();
  readonly #requests = new Map<number, Request>();
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
    this.#awaited.add(stream);
  }

  /** No answer to `stream` shall begin any more; true if one might still have mattered. */
  expectNoMore(stream: number): boolean {
    return this.#awaited.delete(stream) || this.#answers.has(stream + 1);
  }

  /** Where the answer that is stream `stream` goes; undefined when there is no such request. */
  envelopeOf(stream: number): Envelope | undefined {
    return this.#requests.get(stream - 1)?.envelope;
  }

  /** The answer that is stream `stream` is complete. */
  answered(stream: number): void {
    const request = this.#requests.get(stream - 1);
    if (request === undefined) return;
    request.answered = true;
    request.inbound.settle(ACCEPTED);
    if (request.inbound.ended) this.#done(stream - 1);
  }

  /** The message `stream` has been dealt with, though nothing answers it. */
  accept(stream: number): void {
    this.#requests.get(stream)?.inbound.settle(ACCEPTED);
  }

  /** The message `stream` is not wanted, or is an answer that is given up; `outcome` is for who waits. */
  refuse(stream: number, outcome: DeliveryState): void {
    const request = this.#requests.has(stream) ? stream : stream - 1;
    (this.#answers.get(stream) ?? this.#requests.get(request)?.inbound)?.settle(outcome);
    this.#awaited.delete(stream);
    this.#answers.delete(stream);
    this.#done(request);
  }

  /** Octets have reached the socket. */
  progress(): void {
    for (const answer of this.#answers.values()) answer.progress();
    for (const { inbound } of this.#requests.values()) inbound.progress();
  }

  /** Gives up all messages; `outcome` is the last word about those that were not dealt with. */
  letGo(outcome: DeliveryState): void {
    for (const answer of this.#answers.values()) answer.settle(outcome);
    for (const [stream, { inbound, answered }] of this.#requests) {
      inbound.settle(answered ? ACCEPTED : outcome);
      this.#done(stream);
    }
    this.#answers.clear();
    this.#awaited.clear();
  }

  /** Takes a message that must be an answer. */
  takeAnswer(message: Message, upstream: Upstream): Downstream {
    let stream = 0;
    const inbound: InboundMessage = new InboundMessage(message, upstream, {
      pending: () => this.#handler.pending(stream),
      onHead: ({ correlationId, head, interim, site }) => {
        const own = numberOf(correlationId);
        if (!this.#awaited.has(own) || this.#answers.has(own + 1)) return false;
        if (!interim) this.#awaited.delete(own);
        stream = own + 1;
        this.#answers.set(stream, inbound);
        this.#handler.onHead(stream, head, site);
        return true;
      },
      onData: (piece) => {
        if (this.#answers.get(stream) === inbound) this.#handler.onData(stream, piece);
      },
      onEnd: () => {
        inbound.settle(ACCEPTED);
        if (this.#answers.delete(stream)) this.#handler.onEnd(stream);
      },
      onBroken: () => {
        if (this.#answers.delete(stream)) this.#handler.onBroken(stream);
      },
    });
    inbound.begin(false);
    return inbound;
  }

  /** Takes a message as the next request. */
  takeRequest(message: Message, upstream: Upstream): Downstream {
    const stream = this.#lastRequest += 2;
    const inbound: InboundMessage = new InboundMessage(message, upstream, {
      pending: () => this.#handler.pending(stream),
      onHead: (head) => {
        request.envelope = envelopeOf(head, this.#handler.site);
        if (request.envelope === undefined) return false;
        this.#handler.onHead(stream, head.head);
        return true;
      },
      onData: (piece) => {
        if (this.#requests.has(stream)) this.#handler.onData(stream, piece);
      },
      onEnd: () => {
        if (!this.#requests.has(stream)) return;
        if (request.answered) this.#done(stream);
        this.#handler.onEnd(stream);
      },
      onBroken: () => {
        if (!this.#done(stream)) return;
        if (request.envelope !== undefined) this.#handler.onBroken(stream);
        else this.#handler.onRefused();
      },
    });
    const request: Request = { inbound, envelope: undefined, answered: false };
    this.#requests.set(stream, request);
    inbound.begin(false);
    return inbound;
  }

  #done(stream: number): boolean {
    const known = this.#requests.delete(stream);
    if (known) this.#handler.onDone();
    return known;
  }
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
