/**
 * A strict reader of DER (X.690): bytes in, elements out. Sans-IO. Whatever is not the one allowed encoding is refused,
 * because a reader that forgives more than its neighbour is how two of them come to disagree about one certificate.
 */

/** One decoded element. */
export interface DerElement {
  /** Identifier octet; only low tag numbers occur in certificates. */
  readonly tag: number;
  /** The element as it stood, header included. */
  readonly whole: Uint8Array;
  /** The content octets. */
  readonly content: Uint8Array;
}

/** Thrown for bytes that are not DER, or not the DER that was asked for. */
export class DerError extends Error {
  /** The class, for traces. */
  override readonly name: string = "DerError";
}

/** A cursor over consecutive elements. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** Reads elements from `bytes`, which the reader does not copy. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True when nothing is left. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element, or undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Takes the next element, which must carry `tag` if one is given. */
  next(tag?: number): DerElement {
    const bytes = this.#bytes;
    const start = this.#at;
    const found = bytes[start];
    if (found === undefined) throw new DerError("an element is missing");
    if ((found & 0x1f) === 0x1f) throw new DerError("high tag numbers do not occur in certificates");
    if (tag !== undefined && found !== tag) {
      throw new DerError(`expected tag 0x${tag.toString(16)}, found 0x${found.toString(16)}`);
    }
    const first = bytes[start + 1];
    if (first === undefined) throw new DerError("a length is missing");
    let header = 2;
    let length = first;
    if (first >= 0x80) {
      const octets = first & 0x7f;
      if (octets === 0 || octets > 2) throw new DerError("a length is indefinite or absurd");
      length = 0;
      for (let i = 0; i < octets; i++) {
        const octet = bytes[start + 2 + i];
        if (octet === undefined) throw new DerError("a length is cut off");
        length = length * 256 + octet;
      }
      if (length < 0x80 || length < 256 ** (octets - 1)) throw new DerError("a length is longer than it need be");
      header += octets;
    }
    const end = start + header + length;
    if (end > bytes.length) throw new DerError("an element is cut off");
    this.#at = end;
    return { tag: found, whole: bytes.subarray(start, end), content: bytes.subarray(start + header, end) };
  }

  /** Takes the next element if it carries `tag`. */
  optional(tag: number): DerElement | undefined {
    return this.peek() === tag ? this.next(tag) : undefined;
  }

  /** Refuses anything that is left over. */
  end(): void {
    if (!this.done) throw new DerError("bytes are left over");
  }
}

/** A reader of what is inside the only element of `bytes`, which must carry `tag`. */
export function readerOf(bytes: Uint8Array, tag: number): DerReader {
  const outer = new DerReader(bytes);
  const element = outer.next(tag);
  outer.end();
  return new DerReader(element.content);
}

/** True when both hold the same octets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
