/** The static table of HPACK (RFC 7541, appendix A). */

/** Entries of the table; the first has index 1. */
export const STATIC_ENTRIES: u32 = 61;

/** Longest name or value, in octets. */
const TEXT_OCTETS: u32 = 32;
/** Names and values as octets, TEXT_OCTETS for each, and their lengths. */
const TEXTS: usize = memory.data(3968, 8);
const LENGTHS: usize = memory.data(124, 8);

/** The entry that `locateStatic` found. */
export let staticName: usize = 0;
export let staticNameLength: u32 = 0;
export let staticValue: usize = 0;
export let staticValueLength: u32 = 0;

/** Names in order; those up to index 16 may have a value. */
const NAMES: string =
  ":authority :method :method :path :path :scheme :scheme :status :status :status :status :status :status :status " +
  "accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow " +
  "authorization cache-control content-disposition content-encoding content-language content-length " +
  "content-location content-range content-type cookie date etag expect expires from host if-match " +
  "if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards " +
  "proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie " +
  "strict-transport-security transfer-encoding user-agent vary via www-authenticate ";
const VALUES: string = " GET POST / /index.html http https 200 204 206 304 400 404 500  gzip,~deflate ";

/** Makes the table; once, before anything else here. */
export function buildStaticTable(): void {
  spread(NAMES, 0);
  spread(VALUES, 1);
}

/** Looks up `index`, which is from 1 to STATIC_ENTRIES. */
export function locateStatic(index: u32): void {
  const at = (index - 1) << 1;
  staticName = TEXTS + at * TEXT_OCTETS;
  staticNameLength = load<u8>(LENGTHS + at);
  staticValue = staticName + TEXT_OCTETS;
  staticValueLength = load<u8>(LENGTHS + at, 1);
}

/** Index of the first entry of this name, or 0. */
export function findStaticName(name: usize, length: u32): u32 {
  for (let at: u32 = 0; at < STATIC_ENTRIES << 1; at += 2) {
    if (load<u8>(LENGTHS + at) == length && memory.compare(TEXTS + at * TEXT_OCTETS, name, length) == 0) {
      return (at >> 1) + 1;
    }
  }
  return 0;
}

/** Index of the entry with this value whose name is that of entry `first`, or 0. */
export function findStaticValue(first: u32, value: usize, length: u32): u32 {
  locateStatic(first);
  const name = staticName;
  const nameLength = staticNameLength;
  for (let index = first; index <= STATIC_ENTRIES; index++) {
    locateStatic(index);
    if (staticNameLength != nameLength || memory.compare(staticName, name, nameLength) != 0) return 0;
    if (staticValueLength == length && length > 0 && memory.compare(staticValue, value, length) == 0) return index;
  }
  return 0;
}

/** Writes the words of `texts`, one for each entry; `~` stands for a space. */
function spread(texts: string, column: u32): void {
  let at = column;
  let length: u32 = 0;
  for (let i = 0; i < texts.length; i++) {
    const code = texts.charCodeAt(i);
    if (code == 0x20) {
      store<u8>(LENGTHS + at, <u8> length);
      at += 2;
      length = 0;
    } else store<u8>(TEXTS + at * TEXT_OCTETS + length++, code == 0x7e ? 0x20 : <u8> code);
  }
}
