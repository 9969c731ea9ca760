/** Test support: the HTTP/2 adaptor with a peer and a host in memory. No sockets, no router, the real module. */

import type {
  Action,
  AdaptorInstance,
  AdaptorModule,
  AdaptorRole,
  FurtherPieces,
  MessageHead,
  StreamEvent,
} from "./action.ts";
import { config, octetsOf, textOf } from "./testing_http1.ts";

/** Types of frames (RFC 9113, 6). */
export const Type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

/** Flags of frames; some share a bit. */
export const Flag = { none: 0, ack: 1, end: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** One frame. */
export interface Frame {
  /** See {@link Type}. */
  readonly type: number;
  /** See {@link Flag}. */
  readonly flags: number;
  /** Its stream. */
  readonly id: number;
  /** What is behind its header. */
  readonly payload: Uint8Array;
}

/** What a client begins with, before its settings. */
export const PREFACE: Uint8Array = octetsOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The fields of a request without a body. */
export const GET: readonly string[] = [":method: GET", ":scheme: http", ":path: /", ":authority: h"];

/** The fields of one that may have a body. */
export const POST: readonly string[] = [":method: POST", ...GET.slice(1)];

/** A frame; text stands for octets. */
export function frame(type: number, flags: number, id: number, payload: string | Uint8Array = ""): Uint8Array {
  const octets = typeof payload === "string" ? octetsOf(payload) : payload;
  const target = new Uint8Array(9 + octets.length);
  const view = new DataView(target.buffer);
  view.setUint32(0, octets.length * 256 + type);
  view.setUint8(4, flags);
  view.setUint32(5, id);
  target.set(octets, 9);
  return target;
}

/** A number of 32 bits. */
export function number(value: number): Uint8Array {
  const target = new Uint8Array(4);
  new DataView(target.buffer).setUint32(0, value);
  return target;
}

/** A SETTINGS frame. */
export function settings(...pairs: readonly (readonly [number, number])[]): Uint8Array {
  return frame(
    Type.settings,
    0,
    0,
    join(...pairs.map(([id, value]) => join(Uint8Array.of(id >> 8, id), number(value)))),
  );
}

/** A header block of literals that go into no table; `name: value` each. */
export function block(...fields: readonly string[]): Uint8Array {
  return join(...fields.map((field) => {
    const colon = field.indexOf(": ", 1);
    const [name, value] = [field.slice(0, colon), field.slice(colon + 2)];
    return join(Uint8Array.of(0), text(name), text(value));
  }));
}

/** A HEADERS frame of its own. */
export function headers(id: number, fields: readonly string[], flags: number = Flag.end): Uint8Array {
  return frame(Type.headers, flags | Flag.endHeaders, id, block(...fields));
}

/** Parts, one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(parts.reduce((octets, part) => octets + part.length, 0));
  let at = 0;
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
  return target;
}

/** The frames in octets that hold nothing else. */
export function framesOf(octets: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  for (let at = 0; at < octets.length;) {
    const length = view.getUint32(at) >>> 8;
    const payload = octets.slice(at + 9, at + 9 + length);
    frames.push({ type: octets[at + 3]!, flags: octets[at + 4]!, id: view.getUint32(at + 5), payload });
    at += 9 + length;
  }
  return frames;
}

/** A string of HPACK without Huffman. */
function text(value: string): Uint8Array {
  const octets = octetsOf(value);
  if (octets.length < 127) return join(Uint8Array.of(octets.length), octets);
  const length = [127];
  let rest = octets.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return join(Uint8Array.of(...length, rest), octets);
}

/** A splice that is being carried out. */
type Passing = Pick<Extract<Action, { kind: "splice" }>, "stream" | "length"> & {
  readonly further?: FurtherPieces | undefined;
  readonly pieces: number;
  left: number;
};

/** A connection of the adaptor: what it is given, and what came of it. */
export class MemoryConnection {
  readonly #instance: AdaptorInstance;
  readonly #role: AdaptorRole;
  #written = new Uint8Array(0);
  /** Octets of the peer that pass the adaptor by, and where they go. */
  #splice: Passing | undefined;
  /** The adaptor is to hear with what follows that so many pieces have passed. */
  #spliced = 0;
  /** Every action but octets, in order; octets of messages are in {@link MemoryConnection.bodies}. */
  readonly actions: Action[] = [];
  /** Bodies of messages into the network, by stream. */
  readonly bodies = new Map<number, string>();
  /** Pieces of each splice that is through. */
  readonly pieces: number[] = [];
  /** The adaptor has asked to end the connection. */
  closed = false;

  /** Opens an instance. */
  constructor(module: AdaptorModule, role: AdaptorRole) {
    this.#instance = module.instantiate();
    this.#role = role;
    this.#perform(this.#instance.open(role, config));
  }

  /** What was written to the peer. */
  get written(): Uint8Array {
    return this.#written;
  }

  /** The same, as frames. */
  get frames(): Frame[] {
    return framesOf(this.#written.subarray(this.#role === "connector" ? PREFACE.length : 0));
  }

  /** Heads of messages into the network. */
  get begun(): { stream: number; head: MessageHead }[] {
    return this.actions.filter((action) => action.kind === "begin");
  }

  /** The code of the GOAWAY that was written last. */
  get goAway(): number | undefined {
    const payload = this.frames.findLast(({ type }) => type === Type.goaway)?.payload;
    return payload && new DataView(payload.buffer).getUint32(4);
  }

  /** Codes of resets that were written, by stream. */
  get resets(): Map<number, number> {
    const resets = this.frames.filter(({ type }) => type === Type.reset);
    return new Map(resets.map(({ id, payload }) => [id, new DataView(payload.buffer).getUint32(0)]));
  }

  /** Sends octets as the peer. */
  send(...parts: readonly Uint8Array[]): this {
    let rest: Uint8Array = join(...parts);
    while (rest.length > 0 && !this.closed) {
      if (this.#splice !== undefined) {
        rest = this.#pass(this.#splice, rest);
        continue;
      }
      const { consumed, actions } = this.#instance.socket(rest, false, this.#spliced);
      this.#spliced = 0;
      this.#perform(actions);
      if (consumed === 0 && this.#splice === undefined) {
        throw new Error(`the adaptor does not take ${rest.length} octets`);
      }
      rest = rest.subarray(consumed);
    }
    return this;
  }

  /** The peer shuts its side. */
  shut(): this {
    if (!this.closed) this.#perform(this.#instance.socket(new Uint8Array(0), true).actions);
    return this;
  }

  /** Something happens in the network. */
  tell(...events: readonly StreamEvent[]): this {
    for (const event of events) if (!this.closed) this.#perform(this.#instance.stream(event));
    return this;
  }

  /** Octets come from the network: how many were taken. */
  offer(stream: number, data: string | Uint8Array): number {
    const { consumed, actions } = this.#instance.offer(stream, typeof data === "string" ? octetsOf(data) : data);
    this.#perform(actions);
    return consumed;
  }

  /** Time passes. */
  tick(now: number): this {
    const splice = this.#splice;
    if (splice?.further !== undefined && splice.left > 0) this.#splice = { ...splice, further: undefined };
    else if (splice?.further !== undefined) {
      this.#splice = undefined;
      this.#perform(this.#instance.spliced(splice.pieces));
    }
    if (!this.closed) this.#perform(this.#instance.tick(now).actions);
    return this;
  }

  /** Carries a splice out on what the peer sends; returns the rest. */
  #pass(splice: Passing, octets: Uint8Array): Uint8Array {
    const passed = octets.subarray(0, splice.left);
    splice.left -= passed.length;
    this.#append(splice.stream, passed);
    const rest = octets.subarray(passed.length);
    if (splice.left > 0) return rest;
    const { further, pieces, length } = splice;
    if (further !== undefined && pieces <= further.times) {
      if (rest.length === 0 && further.instead.length === 0) return rest;
      if (further.head.every((octet, at) => rest[at] === octet)) {
        this.#append(splice.stream, further.instead);
        this.#splice = { ...splice, left: length, pieces: pieces + 1 };
        return rest.subarray(further.head.length);
      }
    }
    this.pieces.push(pieces);
    this.#splice = undefined;
    this.#spliced = rest.length > 0 ? pieces : 0;
    if (this.#spliced === 0) this.#perform(this.#instance.spliced(pieces));
    return rest;
  }

  #append(stream: number, octets: Uint8Array): void {
    this.bodies.set(stream, (this.bodies.get(stream) ?? "") + textOf(octets));
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.kind === "bytes") this.#written = join(this.#written, action.data);
      else if (action.kind === "data") this.#append(action.stream, action.data);
      else this.actions.push(action);
      if (action.kind === "splice") this.#splice = { ...action, left: action.length, pieces: 1 };
      if (action.kind === "close") this.closed = true;
    }
  }
}
