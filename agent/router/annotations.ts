/**
 * Router annotations: the private first section of every message between routers (skupper-router
 * `src/message.c`; descriptor 0x534B50522D2D5241, "SKPR--RA"). Bytes in, values out, and back.
 */

import { knownText } from "../lib/known_texts.ts";

/** What routers tell each other about a message. */
export interface RouterAnnotations {
  /** Bits of {@link STREAMING} and others; unknown ones are kept. */
  readonly flags: number;
  /** Destination that replaces properties.to. */
  readonly toOverride: string | undefined;
  /** `0/<router>` where the message entered the network. */
  readonly ingress: string | undefined;
  /** `0/<router>` of every interior passed, oldest first. */
  readonly trace: readonly string[];
  /** Id of the edge mesh it came from. */
  readonly ingressMesh: string | undefined;
}

/** Flag: forward before the message is complete. */
export const STREAMING = 0x01;
/** Flag: try another destination when one releases the message. */
export const RESEND_RELEASED = 0x02;
/** Flag: do not pause the producer at the usual buffer threshold. */
export const DISABLE_Q2 = 0x04;

/** Annotations of a message that carries none. */
export const NO_ANNOTATIONS: RouterAnnotations = {
  flags: 0,
  toOverride: undefined,
  ingress: undefined,
  trace: [],
  ingressMesh: undefined,
};

const DESCRIPTOR = [0x00, 0x80, 0x53, 0x4b, 0x50, 0x52, 0x2d, 0x2d, 0x52, 0x41] as const;
/** A message passes through at most this many routers. */
export const MAX_TRACE = 128;
const encoder = new TextEncoder();

/** True when `bytes` at `start` may be the beginning of the section; decided by the octets that are there. */
export function startsWithAnnotations(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = 0; at < DESCRIPTOR.length && start + at < end; at++) {
    if (bytes[start + at] !== DESCRIPTOR[at]) return false;
  }
  return true;
}

/** Octets of the descriptor that precedes the list. */
export const ANNOTATIONS_DESCRIPTOR_OCTETS: number = DESCRIPTOR.length;

/** A list that was read, and what it says. */
interface KnownList {
  readonly octets: Uint8Array;
  readonly annotations: RouterAnnotations;
}

/** Lists that are known at a time: the messages of a link mostly have the same one. Each has one place. */
const KNOWN_LISTS = 256;
/** Longest that is kept, in octets. */
const LONGEST_KNOWN = 512;
const knownLists: (KnownList | undefined)[] = new Array<KnownList | undefined>(KNOWN_LISTS).fill(undefined);

/**
 * Reads the list of a complete section; `start` is the list's constructor, `end` is behind its last octet.
 * Undefined when malformed: the message is then to be rejected with `amqp:invalid-field`. Equal lists, as far as they are
 * still known, give the same object.
 */
export function decodeAnnotations(bytes: Uint8Array, start: number, end: number): RouterAnnotations | undefined {
  const length = end - start;
  if (length > LONGEST_KNOWN) return readAnnotations(bytes, start, end);
  // They end with a trace and a mesh id, and these differ most.
  const tail = bytes[end - 1]! | bytes[end - 2]! << 8 | bytes[end - (length >>> 1)]! << 16 | length << 24;
  const place = Math.imul(tail, 0x9e3779b1) >>> 24;
  const known = knownLists[place];
  if (known !== undefined && known.octets.length === length && isAt(known.octets, bytes, start)) {
    return known.annotations;
  }
  const annotations = readAnnotations(bytes, start, end);
  if (annotations !== undefined) knownLists[place] = { octets: bytes.slice(start, end), annotations };
  return annotations;
}

function isAt(octets: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = octets.length - 1; at >= 0; at--) if (octets[at] !== bytes[start + at]) return false;
  return true;
}

function readAnnotations(bytes: Uint8Array, start: number, end: number): RouterAnnotations | undefined {
  const list = new Cursor(bytes, start, end);
  const count = list.enterList();
  if (count < 4) return undefined;
  const flags = list.uint();
  const toOverride = list.text();
  const ingress = list.text();
  const traceCount = list.enterList();
  if (flags < 0 || toOverride === null || ingress === null || traceCount < 0 || traceCount > MAX_TRACE) {
    return undefined;
  }
  const trace: string[] = [];
  for (let at = 0; at < traceCount; at++) {
    const hop = list.text();
    if (hop === null || hop === undefined) return undefined;
    trace.push(hop);
  }
  let ingressMesh: string | undefined;
  if (count > 4) {
    const mesh = list.text();
    if (mesh === null || mesh === undefined) return undefined;
    ingressMesh = mesh;
  }
  return { flags, toOverride, ingress, trace, ingressMesh };
}

/** Encodes the whole section as real routers do, with 32-bit lists. */
export function encodeAnnotations(annotations: RouterAnnotations): Uint8Array {
  const { flags, toOverride, ingress, trace, ingressMesh } = annotations;
  let capacity = 64 + textCapacity(toOverride) + textCapacity(ingress) + textCapacity(ingressMesh);
  for (const hop of trace) capacity += textCapacity(hop);
  const bytes = new Uint8Array(capacity);
  bytes.set(DESCRIPTOR);
  const view = new DataView(bytes.buffer);
  let at: number = DESCRIPTOR.length;
  bytes[at] = 0xd0;
  const sizeAt = at + 1;
  view.setUint32(at + 5, ingressMesh === undefined ? 4 : 5);
  at += 9;
  if (flags === 0) bytes[at++] = 0x43;
  else if (flags < 256) {
    bytes[at++] = 0x52;
    bytes[at++] = flags;
  } else {
    bytes[at] = 0x70;
    view.setUint32(at + 1, flags);
    at += 5;
  }
  at = putText(bytes, view, at, toOverride);
  at = putText(bytes, view, at, ingress);
  if (trace.length === 0) bytes[at++] = 0x45;
  else {
    bytes[at] = 0xd0;
    const traceSizeAt = at + 1;
    view.setUint32(at + 5, trace.length);
    at += 9;
    for (const hop of trace) at = putText(bytes, view, at, hop);
    view.setUint32(traceSizeAt, at - traceSizeAt - 4);
  }
  if (ingressMesh !== undefined) at = putText(bytes, view, at, ingressMesh);
  view.setUint32(sizeAt, at - sizeAt - 4);
  return bytes.subarray(0, at);
}

function textCapacity(text: string | undefined): number {
  return text === undefined ? 1 : 5 + text.length * 3;
}

function putText(bytes: Uint8Array, view: DataView, at: number, text: string | undefined): number {
  if (text === undefined) {
    bytes[at] = 0x40;
    return at + 1;
  }
  const { written } = encoder.encodeInto(text, bytes.subarray(at + 2));
  if (written < 256) {
    bytes[at] = 0xa1;
    bytes[at + 1] = written;
    return at + 2 + written;
  }
  bytes.copyWithin(at + 5, at + 2, at + 2 + written);
  bytes[at] = 0xb1;
  view.setUint32(at + 1, written);
  return at + 5 + written;
}

/** A bounds-checked reader of the few types that occur here; every failure is a value, nothing throws. */
class Cursor {
  constructor(readonly bytes: Uint8Array, public at: number, readonly end: number) {}

  /** Number of elements, or -1. */
  enterList(): number {
    const code = this.bytes[this.at];
    if (this.at >= this.end) return -1;
    if (code === 0x45) {
      this.at++;
      return 0;
    }
    if (code === 0xc0) {
      if (this.at + 3 > this.end) return -1;
      const count = this.bytes[this.at + 2];
      this.at += 3;
      return count;
    }
    if (code !== 0xd0 || this.at + 9 > this.end) return -1;
    const count = uint32(this.bytes, this.at + 5);
    this.at += 9;
    return count;
  }

  /** A uint, or -1. */
  uint(): number {
    const code = this.bytes[this.at];
    const octets = code === 0x43 ? 1 : code === 0x52 ? 2 : code === 0x70 ? 5 : 0;
    if (octets === 0 || this.at + octets > this.end) return -1;
    const value = octets === 1 ? 0 : octets === 2 ? this.bytes[this.at + 1] : uint32(this.bytes, this.at + 1);
    this.at += octets;
    return value;
  }

  /** A string, undefined for AMQP null, null when malformed. */
  text(): string | undefined | null {
    if (this.at >= this.end) return null;
    const code = this.bytes[this.at];
    if (code === 0x40) {
      this.at++;
      return undefined;
    }
    let start: number;
    let octets: number;
    if (code === 0xa1 && this.at + 2 <= this.end) {
      octets = this.bytes[this.at + 1];
      start = this.at + 2;
    } else if (code === 0xb1 && this.at + 5 <= this.end) {
      octets = uint32(this.bytes, this.at + 1);
      start = this.at + 5;
    } else return null;
    if (start + octets > this.end) return null;
    this.at = start + octets;
    return knownText(this.bytes, start, this.at);
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
