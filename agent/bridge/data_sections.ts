/** The body of a message of many: data sections (OASIS AMQP 1.0, part 3.2.6), written and read as they pass. */

const DATA = 0x75;
const VALUE = 0x77;
const SMALL_ULONG = 0x53;
const ULONG = 0x80;
const BINARY_8 = 0xa0;
const BINARY_32 = 0xb0;
/** Octets of the longest descriptor of a section. */
const DESCRIPTOR_OCTETS = 10;

const header = Uint8Array.of(0x00, SMALL_ULONG, DATA, BINARY_32, 0, 0, 0, 0);

/** The eight octets before `length` octets of a data section: valid until the next call. */
export function dataHeader(length: number): Uint8Array {
  header[4] = length >>> 24;
  header[5] = length >>> 16;
  header[6] = length >>> 8;
  header[7] = length;
  return header;
}

/** A data section without octets: the body of a message that has none, for readers that insist on one. */
export const EMPTY_DATA: Uint8Array = Uint8Array.of(0x00, SMALL_ULONG, DATA, BINARY_8, 0x00);

/** Who gets the octets. */
export interface DataSink {
  /** The next octets of the body; `piece` is valid only during the call. */
  onOctets(piece: Uint8Array): void;
}

/** Takes the octets out of a body of data sections, or of one value of text or octets, as they arrive. */
export class SectionReader {
  readonly #sink: DataSink;
  /** What is there of the octets before the data, where they did not come together. */
  #head: number[] | undefined;
  #left = 0;
  #footer = false;

  /** `sink` gets the octets. */
  constructor(sink: DataSink) {
    this.#sink = sink;
  }

  /** Whether the body may end here. */
  get atEnd(): boolean {
    return this.#footer || (this.#left === 0 && this.#head === undefined);
  }

  /** Takes the octets of `piece` from `at`; false when they are no such body. */
  push(piece: Uint8Array, at = 0): boolean {
    while (at < piece.length && !this.#footer) {
      if (this.#left > 0) {
        const octets = Math.min(this.#left, piece.length - at);
        this.#left -= octets;
        this.#sink.onOctets(octets === piece.length ? piece : piece.subarray(at, at + octets));
        at += octets;
        continue;
      }
      const taken = this.#head === undefined ? this.#takeHeader(piece, at) : 0;
      at += taken;
      if (taken > 0) continue;
      (this.#head ??= []).push(piece[at++]!);
      if (!this.#readHead(this.#head)) return false;
    }
    return true;
  }

  /** Reads what is before the data where all of it is there, in the form that it mostly has; 0 if it is not. */
  #takeHeader(piece: Uint8Array, at: number): number {
    const left = piece.length - at;
    if (left < 5 || piece[at] !== 0x00 || piece[at + 1] !== SMALL_ULONG || piece[at + 2] !== DATA) return 0;
    if (piece[at + 3] === BINARY_8) {
      this.#left = piece[at + 4]!;
      return 5;
    }
    if (piece[at + 3] !== BINARY_32 || left < 8) return 0;
    this.#left = (piece[at + 4]! << 24 | piece[at + 5]! << 16 | piece[at + 6]! << 8 | piece[at + 7]!) >>> 0;
    return 8;
  }

  #readHead(head: number[]): boolean {
    const descriptor = head[1] === ULONG ? DESCRIPTOR_OCTETS : 3;
    if (head.length < descriptor) return head[0] === 0x00;
    if (head.length === descriptor) {
      const code = head[descriptor - 1]!;
      this.#footer = code > VALUE;
      return code >= DATA && (head[1] === SMALL_ULONG || head[1] === ULONG);
    }
    const constructor = head[descriptor]!;
    // Octets and text have the same shapes; null is a value without either.
    const width = constructor === 0x40 ? 0 : constructor === BINARY_8 || constructor === 0xa1 ? 1 : 4;
    if (width === 4 && constructor !== BINARY_32 && constructor !== 0xb1) return false;
    if (head.length < descriptor + 1 + width) return true;
    for (const octet of head.slice(descriptor + 1)) this.#left = this.#left * 256 + octet;
    this.#head = undefined;
    return true;
  }
}
