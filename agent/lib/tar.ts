/**
 * Writes tar archives (POSIX ustar) and compresses them: names and contents in, octets out. A name that has no room in
 * the header of its file stands in one of its own before that (POSIX pax).
 */

/** One file of an archive. */
export interface TarEntry {
  /** Path inside the archive, of any length. */
  readonly name: string;
  /** What it holds. */
  readonly content: Uint8Array | string;
  /** Permission bits. */
  readonly mode: number;
}

const BLOCK = 512;
/** Room for a name, and for the folders before it. */
const NAME_OCTETS = 100;
const PREFIX_OCTETS = 155;
const NONE = new Uint8Array(0);
const SLASH = 0x2f;
/** Types of entries: a file, and what is to be known of the next one. */
const FILE = "0";
const EXTENDED = "x";

/** An archive of `entries`, all of the time `seconds` since the epoch, compressed by gzip. */
export async function tarGz(entries: readonly TarEntry[], seconds: number): Promise<Uint8Array<ArrayBuffer>> {
  const archive = new Blob([...tar(entries, seconds)]);
  const packed = archive.stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function* tar(entries: readonly TarEntry[], seconds: number): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for (const { name, content, mode } of entries) {
    const octets = typeof content === "string" ? encoder.encode(content) : content;
    const path = encoder.encode(name);
    const place = placeOf(path);
    // Programs that don't know the header of its own see the end of the name.
    const short = place ?? { prefix: NONE, name: path.subarray(-NAME_OCTETS) };
    if (place === undefined) yield* entry(short, EXTENDED, encoder.encode(pathRecord(name)), mode, seconds);
    yield* entry(short, FILE, octets, mode, seconds);
  }
  yield new Uint8Array(2 * BLOCK);
}

/** A path as a header has it; the slash between the two is not written, and there may be no prefix. */
interface Place {
  readonly prefix: Uint8Array;
  readonly name: Uint8Array;
}

/** Undefined where a header has no room for `path`. */
function placeOf(path: Uint8Array): Place | undefined {
  if (path.length <= NAME_OCTETS) return { prefix: NONE, name: path };
  // The first slash behind which the rest has room leaves the shortest prefix.
  const slash = path.indexOf(SLASH, path.length - NAME_OCTETS - 1);
  if (slash < 1 || slash > PREFIX_OCTETS) return undefined;
  return { prefix: path.subarray(0, slash), name: path.subarray(slash + 1) };
}

/** `LENGTH path=PATH`, where the length counts its own digits. */
function pathRecord(path: string): string {
  const rest = ` path=${path}\n`;
  const octets = new TextEncoder().encode(rest).length;
  const length = octets + `${octets}`.length;
  return `${octets + `${length}`.length}${rest}`;
}

function* entry(
  place: Place,
  type: string,
  octets: Uint8Array,
  mode: number,
  seconds: number,
): Generator<Uint8Array<ArrayBuffer>> {
  yield header(place, type, octets.length, mode, seconds);
  yield octets.slice();
  yield new Uint8Array((BLOCK - octets.length % BLOCK) % BLOCK);
}

function header(
  { prefix, name }: Place,
  type: string,
  size: number,
  mode: number,
  seconds: number,
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string) => block.set(new TextEncoder().encode(value), at);
  const number = (at: number, width: number, value: number) => text(at, value.toString(8).padStart(width, "0"));
  block.set(name);
  number(100, 7, mode);
  number(108, 7, 0);
  number(116, 7, 0);
  number(124, 11, size);
  number(136, 11, Math.floor(seconds));
  text(156, type);
  text(257, "ustar\0" + "00");
  block.set(prefix, 345);
  // The sum is taken with blanks in its own place.
  text(148, " ".repeat(8));
  number(148, 6, block.reduce((sum, octet) => sum + octet, 0));
  block.set([0, 0x20], 154);
  return block;
}
