/**
 * Reads as much of a message's beginning as routing needs, and no more: the router annotations, the priority and
 * properties.to (OASIS AMQP 1.0, part 3.2). Works on a growing prefix, so that a message can be routed before it is
 * complete. The body is never looked at.
 */

import {
  ANNOTATIONS_DESCRIPTOR_OCTETS,
  decodeAnnotations,
  NO_ANNOTATIONS,
  type RouterAnnotations,
  startsWithAnnotations,
} from "./annotations.ts";
import { knownText } from "../lib/known_texts.ts";

/** What a router knows of a message. */
export interface MessageHead {
  /** Router annotations, or {@link NO_ANNOTATIONS}. */
  readonly annotations: RouterAnnotations;
  /** Offset of the first octet behind the router annotations. */
  readonly restAt: number;
  /** properties.to, if there is one. */
  readonly to: string | undefined;
  /** 0 to 9. */
  readonly priority: number;
}

/** A prefix that can't become a valid message. */
export interface MalformedHead {
  /** Why, for the log and the `rejected` outcome. */
  readonly malformed: string;
}

/** Octets within which the sections before the body must end. */
export const MAX_HEAD_OCTETS = 64 * 1024;
const DEFAULT_PRIORITY = 4;
const HEADER = 0x70;
const PROPERTIES = 0x73;

/**
 * Parses the prefix `bytes`. Undefined while more octets are needed; `complete` says that none will come.
 */
export function parseMessageHead(bytes: Uint8Array, complete: boolean): MessageHead | MalformedHead | undefined {
  if (bytes.length === 0) return complete ? malformed("empty message") : undefined;
  let annotations = NO_ANNOTATIONS;
  let at = 0;
  if (startsWithAnnotations(bytes, 0, bytes.length)) {
    const list = ANNOTATIONS_DESCRIPTOR_OCTETS;
    const end = valueEnd(bytes, list);
    if (end < 0) return unfinished(bytes, complete, end);
    const decoded = decodeAnnotations(bytes, list, end);
    if (decoded === undefined) return malformed("router annotations");
    annotations = decoded;
    at = end;
  }
  const restAt = at;
  let priority = DEFAULT_PRIORITY;
  while (at < bytes.length) {
    const section = sectionCode(bytes, at);
    if (section === undefined) return unfinished(bytes, complete, NEED_MORE);
    // Sections come in order: behind the properties nothing concerns the router.
    if (section.code > PROPERTIES || section.code < HEADER) return { annotations, restAt, to: undefined, priority };
    const end = valueEnd(bytes, section.valueAt);
    if (end < 0) return unfinished(bytes, complete, end);
    if (section.code === HEADER) priority = readPriority(bytes, section.valueAt, end);
    if (section.code === PROPERTIES) {
      const to = listElement(bytes, section.valueAt, end, 2);
      return { annotations, restAt, to: to < 0 ? undefined : readText(bytes, to, end), priority };
    }
    at = end;
  }
  return complete ? { annotations, restAt, to: undefined, priority } : undefined;
}

const NEED_MORE = -1;
const BROKEN = -2;

function malformed(why: string): MalformedHead {
  return { malformed: why };
}

function unfinished(bytes: Uint8Array, complete: boolean, end: number): MalformedHead | undefined {
  if (end === BROKEN) return malformed("unknown encoding in a section");
  if (complete) return malformed("message ends inside a section");
  return bytes.length > MAX_HEAD_OCTETS
    ? malformed(`sections before the body exceed ${MAX_HEAD_OCTETS} octets`)
    : undefined;
}

/** Section descriptors come as small ulong or as full ulong. */
function sectionCode(bytes: Uint8Array, at: number): { code: number; valueAt: number } | undefined {
  if (at + 3 > bytes.length) return undefined;
  if (bytes[at] !== 0) return { code: 0, valueAt: at };
  if (bytes[at + 1] === 0x53) return { code: bytes[at + 2], valueAt: at + 3 };
  if (bytes[at + 1] !== 0x80) return { code: 0, valueAt: at };
  return at + 10 > bytes.length ? undefined : { code: bytes[at + 9], valueAt: at + 10 };
}

/** Offset behind the value at `at`; NEED_MORE or BROKEN. The width classes are those of AMQP 1.0, part 1.2. */
function valueEnd(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) return NEED_MORE;
  let octets: number;
  switch (bytes[at] >>> 4) {
    case 0x4:
      octets = 0;
      break;
    case 0x5:
      octets = 1;
      break;
    case 0x6:
      octets = 2;
      break;
    case 0x7:
      octets = 4;
      break;
    case 0x8:
      octets = 8;
      break;
    case 0x9:
      octets = 16;
      break;
    case 0xa:
    case 0xc:
    case 0xe:
      if (at + 2 > bytes.length) return NEED_MORE;
      octets = 1 + bytes[at + 1];
      break;
    case 0xb:
    case 0xd:
    case 0xf: {
      if (at + 5 > bytes.length) return NEED_MORE;
      octets = 4 + uint32(bytes, at + 1);
      break;
    }
    default:
      return BROKEN;
  }
  const end = at + 1 + octets;
  return end > bytes.length ? NEED_MORE : end;
}

/** Offset of element `index` of the list at `at`, or -1 when it is absent. */
function listElement(bytes: Uint8Array, at: number, end: number, index: number): number {
  const code = bytes[at];
  if (code !== 0xc0 && code !== 0xd0) return -1;
  const count = code === 0xc0 ? bytes[at + 2] : uint32(bytes, at + 5);
  let element = at + (code === 0xc0 ? 3 : 9);
  if (index >= count) return -1;
  for (let step = 0; step < index; step++) {
    element = valueEnd(bytes, element);
    if (element < 0 || element >= end) return -1;
  }
  return element;
}

function readText(bytes: Uint8Array, at: number, end: number): string | undefined {
  const code = bytes[at];
  const start = code === 0xa1 ? at + 2 : code === 0xb1 ? at + 5 : -1;
  const stop = valueEnd(bytes, at);
  return start < 0 || stop < 0 || stop > end ? undefined : knownText(bytes, start, stop);
}

function readPriority(bytes: Uint8Array, at: number, end: number): number {
  const element = listElement(bytes, at, end, 1);
  return element < 0 || bytes[element] !== 0x50 || element + 1 >= end
    ? DEFAULT_PRIORITY
    : Math.min(9, bytes[element + 1]);
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
