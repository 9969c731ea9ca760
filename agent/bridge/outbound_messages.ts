/** The messages that a connection sends, by stream, until their outcome; and what their senders may be granted again. */

import { NumberMap } from "../lib/number_map.ts";
import type { OutboundMessage } from "./outbound_message.ts";

/** Octets of a message that are granted again together. */
const GRANTED_OCTETS = 64 * 1024;

/** See the head of the file. */
export class OutboundMessages {
  readonly #all = new NumberMap<OutboundMessage>();
  /** Those for which something has to be done. */
  #unfinished: OutboundMessage[] = [];
  /** Octets of each that have not been granted again; undefined where nobody is granted anything. */
  readonly #spent: Map<number, number> | undefined;

  /** None; `granting` says that senders are held up one by one. */
  constructor(granting: boolean) {
    this.#spent = granting ? new Map() : undefined;
  }

  /** That of `stream`. */
  get(stream: number): OutboundMessage | undefined {
    return this.#all.get(stream);
  }

  /** A message begins. */
  add(message: OutboundMessage): void {
    this.#all.set(message.form.stream, message);
    this.#unfinished.push(message);
  }

  /** Forgets `stream`. */
  delete(stream: number): void {
    this.#all.delete(stream);
  }

  /** Gives `stream` up and forgets it. */
  abandon(stream: number): void {
    this.#all.get(stream)?.abandon();
    this.#all.delete(stream);
  }

  /** Octets of `stream` that the adaptor was given and gives back. */
  write(stream: number, data: Uint8Array): void {
    const message = this.#all.get(stream);
    if (message === undefined) return;
    message.write(data);
    this.#spent?.set(stream, (this.#spent.get(stream) ?? 0) + data.length);
  }

  /** Octets of `stream` that never were the adaptor's, and stay as they are until {@link OutboundMessages.flush}. */
  writeLasting(stream: number, data: Uint8Array): void {
    const message = this.#all.get(stream);
    if (message === undefined) return;
    message.writeLasting(data);
    this.#spent?.set(stream, (this.#spent.get(stream) ?? 0) + data.length);
  }

  /** Lets go what was gathered. */
  flush(): void {
    if (this.#unfinished.length === 0) return;
    // What leaves may be the end of one message and the beginning of another.
    for (const message of [...this.#unfinished]) if (!message.quiet) message.flush();
    this.#unfinished = this.#unfinished.filter(({ quiet }) => !quiet);
  }

  /** Octets that may be read from the socket now. */
  get allowance(): number {
    let allowance = Infinity;
    for (const message of this.#unfinished) {
      if (!message.ended) allowance = Math.min(allowance, message.allowance);
    }
    return allowance;
  }

  /** Resolves when there is room for more of one that has none; undefined when all have. */
  get room(): Promise<void> | undefined {
    let wanted: Promise<void> | undefined;
    for (const message of this.#unfinished) wanted ??= message.room;
    return wanted;
  }

  /** Whether anybody is granted anything. */
  get granting(): boolean {
    return this.#spent !== undefined && this.#spent.size > 0;
  }

  /** Whether the sender of `stream` waits to be granted something. */
  owes(stream: number): boolean {
    return this.#spent?.has(stream) === true;
  }

  /** Has `give` grant senders what has left, as far as the network keeps up. */
  grant(give: (stream: number, octets: number) => void): void {
    if (this.#spent === undefined) return;
    for (const [stream, spent] of this.#spent) {
      const message = this.#all.get(stream);
      if (message !== undefined && !message.ended && spent < GRANTED_OCTETS) continue;
      const octets = message?.ended === false ? message.takeCredit() : 0;
      if (octets > 0 || message?.ended !== false) this.#spent.delete(stream);
      if (octets > 0) give(stream, octets);
    }
  }

  /** Gives up what is not complete: the outcome of the rest may be on its way, and nothing waits for it here. */
  letGo(): void {
    for (const message of this.#all.values()) if (!message.ended) message.abandon();
    this.#all.clear();
    this.#unfinished = [];
  }
}
