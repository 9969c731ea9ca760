/**
 * The body of an HTTP/1.1 message (RFC 9112, 6 and 7): bytes in, the body out. Sans-IO, strict and bounded, because the
 * sender is a stranger: a body that could be read in two ways is refused.
 */

import { HeadError, type HttpHead } from "./http_head.ts";

/** How the end of a body is told: after a number of octets, by chunks, or by the end of the connection. */
export type Framing = number | "chunked" | "close";

/** Longest line between chunks, trailer fields included, in octets. */
const MAX_LINE = 1024;

/** How the body that follows `head` is framed; `unframed` is what it means that nothing is said. Throws {@link HeadError}. */
export function framingOf({ fields }: HttpHead, unframed: Framing): Framing {
  const length = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (coding === undefined && length === undefined) return unframed;
  if (coding !== undefined && length !== undefined) throw new HeadError("its length is given twice");
  if (coding !== undefined) {
    if (coding.toLowerCase() === "chunked") return "chunked";
    throw new HeadError("its transfer coding is not known");
  }
  if (!/^\d{1,15}$/.test(length ?? "")) throw new HeadError("its length is not a number");
  return Number(length);
}

/** Thrown for a body that is larger than its reader takes. */
export class TooLargeError extends Error {
  /** The class, for traces. */
  override readonly name: string = "TooLargeError";
}

/** Gathers one body. */
export class BodyReader {
  readonly #framing: Framing;
  readonly #max: number;
  #parts: Uint8Array[] = [];
  #size = 0;
  /** Octets that are left of the body, or of the chunk. */
  #left: number;
  #line = "";
  #state: "data" | "size" | "end of chunk" | "trailer" | "done";

  /** Takes bodies of at most `max` octets; throws {@link TooLargeError} for one that says that it is larger. */
  constructor(framing: Framing, max: number) {
    this.#framing = framing;
    this.#max = max;
    this.#left = framing === "chunked" ? 0 : framing === "close" ? Infinity : framing;
    if (this.#left !== Infinity) this.#grow(this.#left);
    this.#state = framing === "chunked" ? "size" : this.#left === 0 ? "done" : "data";
  }

  /** True once the body is complete. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Takes what came, and copies of it what it keeps; what follows the body is dropped. Throws {@link HeadError}, {@link TooLargeError}. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#state !== "done") {
      if (this.#state === "data") at += this.#take(chunk.subarray(at));
      else this.#character(chunk[at++]!);
    }
  }

  /** The connection has ended; throws {@link HeadError} if that cut the body short. */
  end(): void {
    if (this.#framing === "close") this.#state = "done";
    if (this.#state !== "done") throw new HeadError("its body is cut off");
  }

  /** The body. */
  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #take(chunk: Uint8Array): number {
    const part = chunk.slice(0, Math.min(chunk.length, this.#left));
    if (this.#framing === "close") this.#grow(part.length);
    this.#parts.push(part);
    this.#left -= part.length;
    if (this.#left === 0) this.#state = this.#framing === "chunked" ? "end of chunk" : "done";
    return part.length;
  }

  /** One octet of what stands between chunks. */
  #character(octet: number): void {
    this.#line += String.fromCharCode(octet);
    if (this.#line.length > MAX_LINE) throw new HeadError("a line of its body is too long");
    if (octet !== 10) return;
    if (!this.#line.endsWith("\r\n")) throw new HeadError("a line of its body is malformed");
    const line = this.#line.slice(0, -2);
    if (this.#state !== "trailer") this.#line = "";
    if (this.#state === "size") this.#startChunk(line);
    else if (this.#state === "end of chunk") {
      if (line !== "") throw new HeadError("a chunk is longer than it says");
      this.#state = "size";
    } else if (line === "" || line.endsWith("\r\n")) this.#state = "done";
  }

  #startChunk(line: string): void {
    const size = /^([0-9a-fA-F]{1,8})(?:[ \t]*;.*)?$/.exec(line)?.[1];
    if (size === undefined) throw new HeadError("the size of a chunk is malformed");
    this.#left = parseInt(size, 16);
    this.#grow(this.#left);
    this.#state = this.#left === 0 ? "trailer" : "data";
  }

  #grow(octets: number): void {
    this.#size += octets;
    if (this.#size > this.#max) throw new TooLargeError(`its body is longer than ${this.#max} octets`);
  }
}
