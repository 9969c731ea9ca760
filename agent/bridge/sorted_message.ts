/**
 * A message of which it is open what it is: a request of HTTP, which has a method as subject and a `:path`
 * (`docs/decisions/0009-http-requests-are-messages.md`), or a stream. It is held until its head tells.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import type { Downstream, Message } from "../router/flow.ts";
import { decodeSections } from "./message_sections.ts";

/** What the owner does. */
export interface SortingHandler {
  /** Takes the message, of which all that has come is in `start`. */
  take(isRequest: boolean, start: Uint8Array): Downstream;
  /** It ended before that. */
  onGone(): void;
}

/** Gives `message` to `handler` as soon as its head tells what it is. */
export function sort(message: Message, handler: SortingHandler): Downstream {
  const isRequest = isRequestHead(message.start, false);
  return isRequest === undefined ? new Unsorted(message.start, handler) : handler.take(isRequest, message.start);
}

class Unsorted implements Downstream {
  readonly #handler: SortingHandler;
  readonly #queue = new ByteQueue();
  #inner: Downstream | undefined;

  constructor(start: Uint8Array, handler: SortingHandler) {
    this.#handler = handler;
    this.#queue.push(start);
  }

  /** See {@link Downstream}. */
  get pending(): number {
    return this.#inner?.pending ?? this.#queue.size;
  }

  /** See {@link Downstream}. */
  write(piece: Uint8Array): void {
    if (this.#inner !== undefined) return this.#inner.write(piece);
    this.#queue.push(piece);
    this.#look(false);
  }

  /** See {@link Downstream}. */
  end(): void {
    if (this.#inner === undefined) this.#look(true);
    this.#inner?.end();
  }

  /** See {@link Downstream}. */
  abort(): void {
    if (this.#inner !== undefined) return this.#inner.abort();
    this.#queue.clear();
    this.#handler.onGone();
  }

  /** See {@link Downstream}. */
  producerSettled(state: DeliveryState | undefined): void {
    if (this.#inner !== undefined) this.#inner.producerSettled(state);
    else this.abort();
  }

  #look(complete: boolean): void {
    const bytes = this.#queue.takeAll();
    const isRequest = isRequestHead(bytes, complete);
    if (isRequest === undefined) this.#queue.push(bytes);
    else this.#inner = this.#handler.take(isRequest, bytes);
  }
}

/** Undefined while more octets are needed; what is malformed is no request. */
function isRequestHead(bytes: Uint8Array, complete: boolean): boolean | undefined {
  const sections = decodeSections(bytes, complete);
  if (sections === undefined) return complete ? false : undefined;
  if (typeof sections === "string" || sections.head.subject === undefined) return false;
  return sections.head.properties.some(([key]) => key === ":path");
}
