/**
 * The head of an HTTP/1.1 message (RFC 9112): bytes in, head and the rest out. Sans-IO; used for CONNECT and for the
 * WebSocket upgrade, where nothing but a head is exchanged. Strict and bounded, because the sender is a stranger.
 */

/** Largest head in bytes. */
export const MAX_HEAD = 8192;

/** A start line and its fields. */
export interface HttpHead {
  /** The first line, without its end. */
  readonly startLine: string;
  /** Values by lower-case field name; several fields of a name are joined by `, `. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Thrown for bytes that are not an HTTP head, or too long a one. */
export class HeadError extends Error {
  /** The class, for traces. */
  override readonly name: string = "HeadError";
}

/** Gathers one head. */
export class HeadReader {
  readonly #prefix: string;
  #bytes = new Uint8Array(512);
  #length = 0;

  /** Expects a head that begins with `prefix`, for instance `HTTP/1.`; anything else is refused at its first byte. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Takes `chunk`; answers the head once it is complete, with a view of what followed it in `chunk`. */
  push(chunk: Uint8Array): { head: HttpHead; rest: Uint8Array } | undefined {
    const before = this.#length;
    const room = Math.min(chunk.length, MAX_HEAD - before);
    this.#append(chunk.subarray(0, room));
    const bytes = this.#bytes;
    for (let i = before; i < Math.min(this.#length, this.#prefix.length); i++) {
      if (bytes[i] !== this.#prefix.charCodeAt(i)) throw new HeadError("it is not HTTP/1.1");
    }
    for (let end = Math.max(3, before); end < this.#length; end++) {
      if (bytes[end] !== 10 || bytes[end - 1] !== 13 || bytes[end - 2] !== 10 || bytes[end - 3] !== 13) continue;
      return { head: parseHead(bytes.subarray(0, end - 3)), rest: chunk.subarray(end + 1 - before) };
    }
    if (this.#length === MAX_HEAD) throw new HeadError(`its head is longer than ${MAX_HEAD} bytes`);
    return undefined;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
  }
}

/** The status code of a response's start line; throws {@link HeadError} if it is none. */
export function statusOf(startLine: string): number {
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(startLine);
  if (match === null) throw new HeadError("its status line is malformed");
  return Number(match[1]);
}

/** True when the comma-separated field value `list` holds `token`, in any case. */
export function hasToken(list: string | undefined, token: string): boolean {
  return (list ?? "").split(",").some((each) => each.trim().toLowerCase() === token);
}

function parseHead(bytes: Uint8Array): HttpHead {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  const [startLine = "", ...lines] = text.split("\r\n");
  if (!/^[\x20-\x7e\x80-\xff]+$/.test(startLine)) throw new HeadError("its first line is malformed");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line);
    if (match === null) throw new HeadError("one of its fields is malformed");
    const name = match[1]!.toLowerCase();
    const before = fields.get(name);
    fields.set(name, before === undefined ? match[2]! : `${before}, ${match[2]}`);
  }
  return { startLine, fields };
}
