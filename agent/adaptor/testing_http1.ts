/**
 * Test support: the HTTP/1.1 adaptor with a host in memory. `readRequests` is a listener that is given what a client sends;
 * `writeRequests` a connector that is given what came of it. No sockets, no router, the real module.
 */

import type { Action, AdaptorInstance, AdaptorModule, MessageHead } from "./action.ts";

/** One request as the listener's end understood it. */
export interface ReadRequest {
  /** The message's head. */
  readonly head: MessageHead;
  /** Octets as characters. */
  body: string;
  /** The message was completed. */
  complete: boolean;
}

/** What came of what a client sent. */
export interface Reading {
  /** Messages in order. */
  readonly requests: ReadRequest[];
  /** What the adaptor wrote to the client. */
  written: string;
  /** The adaptor has asked to end the connection, before the client did. */
  closed: boolean;
  /** Directions were spliced for good. */
  tunnel: boolean;
}

/** Names the site in answers. */
export const config: Uint8Array = new TextEncoder().encode("site=west\nkey=web\n");

const NO_OCTETS = new Uint8Array(0);

/** Octets as characters, one each. */
export function textOf(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

/** Characters as octets. */
export function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Gives `chunks` to a listener, then their end; every request that is complete is answered with 204 before the next. */
export function readRequests(module: AdaptorModule, chunks: readonly Uint8Array[]): Reading {
  return new MemoryListener(module.instantiate()).read(chunks);
}

class MemoryListener {
  readonly reading: Reading = { requests: [], written: "", closed: false, tunnel: false };
  readonly #instance: AdaptorInstance;
  #stream = 0;
  #splice = 0;
  #answerable = false;
  #answered = false;

  constructor(instance: AdaptorInstance) {
    this.#instance = instance;
    this.#perform(instance.open("listener", config));
  }

  read(chunks: readonly Uint8Array[]): Reading {
    for (const chunk of chunks) this.#offer(chunk);
    if (!this.#over) {
      this.#answer();
      if (this.#splice === 0 && !this.#over) this.#perform(this.#instance.socket(NO_OCTETS, true).actions);
    }
    this.#instance.close();
    return this.reading;
  }

  get #over(): boolean {
    return this.reading.closed || this.reading.tunnel;
  }

  #offer(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#over) {
      if (this.#splice > 0) {
        const taken = rest.subarray(0, this.#splice);
        this.reading.requests.at(-1)!.body += textOf(taken);
        rest = rest.subarray(taken.length);
        this.#splice -= taken.length;
        if (this.#splice === 0) this.#perform(this.#instance.spliced());
        continue;
      }
      const { consumed, actions } = this.#instance.socket(rest, false);
      rest = rest.subarray(consumed);
      this.#perform(actions);
      if (consumed === 0 && this.#splice === 0 && !this.#answer()) {
        throw new Error(`the adaptor does not take ${rest.length} octets`);
      }
    }
  }

  /** Answers the request that is complete, if there is one. */
  #answer(): boolean {
    if (!this.#answerable || this.#answered) return false;
    this.#answered = true;
    const stream = this.#stream + 1;
    const head = { contentType: "", subject: "204", properties: [] };
    this.#perform(this.#instance.stream({ kind: "begin", stream, head }));
    if (!this.#over) this.#perform(this.#instance.stream({ kind: "end", stream }));
    return true;
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "begin":
          this.#stream = action.stream;
          this.#answered = false;
          this.reading.requests.push({ head: action.head, body: "", complete: false });
          this.#answerable = action.head.properties.some(([key]) => key.toLowerCase() === "upgrade") ||
            action.head.subject === "CONNECT";
          break;
        case "data":
          this.reading.requests.at(-1)!.body += textOf(action.data);
          break;
        case "end":
          this.reading.requests.at(-1)!.complete = true;
          this.#answerable = true;
          break;
        case "splice":
          if (action.length === Infinity) this.reading.tunnel = true;
          else this.#splice = action.length;
          break;
        case "bytes":
          this.reading.written += textOf(action.data);
          break;
        case "close":
          this.reading.closed = true;
          break;
      }
    }
  }
}

/**
 * What connectors write to their server for `requests`, by connection: one that its adaptor ends is followed by another. The
 * server answers each request with 204. Undefined where a request is refused.
 */
export function writeRequests(module: AdaptorModule, requests: readonly ReadRequest[]): string[] | undefined {
  const written: string[] = [];
  let connector: MemoryConnector | undefined;
  for (const request of requests) {
    if (connector === undefined || connector.closed) connector = new MemoryConnector(module.instantiate());
    connector.write(request);
    if (connector.refused) return undefined;
    if (connector.fresh) written.push("");
    written[written.length - 1] += connector.takeWritten();
  }
  return written;
}

class MemoryConnector {
  closed = false;
  refused = false;
  readonly #instance: AdaptorInstance;
  #written = "";
  #splice = 0;
  #stream = -1;

  constructor(instance: AdaptorInstance) {
    this.#instance = instance;
    this.#perform(instance.open("connector", config));
  }

  /** Whether it has had one request only. */
  get fresh(): boolean {
    return this.#stream === 1;
  }

  takeWritten(): string {
    const written = this.#written;
    this.#written = "";
    return written;
  }

  write({ head, body, complete }: ReadRequest): void {
    const stream = this.#stream += 2;
    this.#perform(this.#instance.stream({ kind: "begin", stream, head }));
    const bypassed = Math.min(this.#splice, body.length);
    this.#written += body.slice(0, bypassed);
    this.#splice = 0;
    if (bypassed < body.length && !this.closed) {
      this.#perform(this.#instance.stream({ kind: "data", stream, data: octetsOf(body.slice(bypassed)) }));
    }
    if (!complete || this.closed) {
      this.closed = true;
      return this.#instance.close();
    }
    this.#perform(this.#instance.stream({ kind: "end", stream }));
    if (!this.closed) this.#perform(this.#instance.socket(octetsOf("HTTP/1.1 204 No Content\r\n\r\n"), false).actions);
    if (this.closed) this.#instance.close();
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.kind === "bytes") this.#written += textOf(action.data);
      if (action.kind === "splice" && action.side === "stream-to-socket") this.#splice = action.length;
      if (action.kind === "error") this.refused = true;
      if (action.kind === "close") this.closed = true;
    }
  }
}

/** What a connector made of what its server sent. */
export interface ResponseReading {
  /** Messages in order, interim ones too. */
  readonly responses: ReadRequest[];
  /** The adaptor has asked to end the connection, before the server did. */
  closed: boolean;
}

/** Gives `chunks` and their end to a connector that has sent one request with `method`. */
export function readResponses(module: AdaptorModule, method: string, chunks: readonly Uint8Array[]): ResponseReading {
  const instance = module.instantiate();
  const reading: ResponseReading = { responses: [], closed: false };
  let splice = 0;
  const perform = (actions: readonly Action[]) => {
    for (const action of actions) {
      if (action.kind === "begin") {
        reading.responses.push({ head: action.head, body: "", complete: action.interim ?? false });
      }
      if (action.kind === "data") reading.responses.at(-1)!.body += textOf(action.data);
      if (action.kind === "end") reading.responses.at(-1)!.complete = true;
      if (action.kind === "splice" && action.side === "socket-to-stream") splice = action.length;
      if (action.kind === "close") reading.closed = true;
    }
  };
  const take = (chunk: Uint8Array) => {
    for (let rest = chunk; rest.length > 0 && !reading.closed;) {
      if (splice > 0) {
        const taken = rest.subarray(0, splice);
        reading.responses.at(-1)!.body += textOf(taken);
        rest = rest.subarray(taken.length);
        splice -= taken.length;
        if (splice === 0) perform(instance.spliced());
      } else {
        const { consumed, actions } = instance.socket(rest, false);
        rest = rest.subarray(consumed);
        perform(actions);
        if (consumed === 0 && splice === 0) throw new Error(`the adaptor does not take ${rest.length} octets`);
      }
    }
  };
  perform(instance.open("connector", config));
  const fields = [[":path", { type: "string", value: "/" }], ["Host", { type: "field", value: "h" }]] as const;
  perform(
    instance.stream({ kind: "begin", stream: 1, head: { contentType: "", subject: method, properties: fields } }),
  );
  perform(instance.stream({ kind: "end", stream: 1 }));
  for (const chunk of chunks) take(chunk);
  // The end belongs to a splice for good, and cuts any other short.
  if (splice === Infinity) reading.responses.at(-1)!.complete = true;
  else if (splice === 0 && !reading.closed) perform(instance.socket(NO_OCTETS, true).actions);
  instance.close();
  return reading;
}
