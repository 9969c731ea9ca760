/** Writes tar archives (POSIX ustar) and compresses them: names and contents in, octets out. */

/** One file of an archive. */
export interface TarEntry {
  /** Path inside the archive, at most 99 octets of UTF-8. */
  readonly name: string;
  /** What it holds. */
  readonly content: Uint8Array | string;
  /** Permission bits. */
  readonly mode: number;
}

const BLOCK = 512;
const NAME_OCTETS = 99;

/** An archive of `entries`, all of the time `seconds` since the epoch, compressed by gzip. Throws RangeError for a name that is too long. */
export async function tarGz(entries: readonly TarEntry[], seconds: number): Promise<Uint8Array<ArrayBuffer>> {
  const archive = new Blob([...tar(entries, seconds)]);
  const packed = archive.stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function* tar(entries: readonly TarEntry[], seconds: number): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for (const { name, content, mode } of entries) {
    const octets = typeof content === "string" ? encoder.encode(content) : content;
    yield header(encoder.encode(name), octets.length, mode, seconds);
    yield octets.slice();
    yield new Uint8Array((BLOCK - octets.length % BLOCK) % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

function header(name: Uint8Array, size: number, mode: number, seconds: number): Uint8Array<ArrayBuffer> {
  if (name.length > NAME_OCTETS) throw new RangeError(`a name in an archive has at most ${NAME_OCTETS} octets`);
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string) => block.set(new TextEncoder().encode(value), at);
  const number = (at: number, width: number, value: number) => text(at, value.toString(8).padStart(width, "0"));
  block.set(name);
  number(100, 7, mode);
  number(108, 7, 0);
  number(116, 7, 0);
  number(124, 11, size);
  number(136, 11, Math.floor(seconds));
  text(156, "0");
  text(257, "ustar\0" + "00");
  // The sum is taken with blanks in its own place.
  text(148, " ".repeat(8));
  number(148, 6, block.reduce((sum, octet) => sum + octet, 0));
  block.set([0, 0x20], 154);
  return block;
}
