/** The dynamic table of HPACK (RFC 7541, 2.3.2 and 4): the newest entry has index 0 here. */

/** Octets that an entry counts for beside its name and value. */
export const ENTRY_OVERHEAD: u32 = 32;
/** Largest size of a table, which is also the one that both ends start with. */
export const TABLE_OCTETS: u32 = 4096;

/** Octets of the storage: entries are written one behind the other, and moved to its start when there is no more room. */
export const STORAGE_OCTETS: u32 = 8192;
/** Octets of the list: offset, length of name and of value for each entry, in a ring of 128. */
export const LIST_OCTETS: u32 = 2048;
const RING_MASK: u32 = 127;

/** The entry that `locate` found. */
export let dynamicName: usize = 0;
export let dynamicNameLength: u32 = 0;
export let dynamicValue: usize = 0;
export let dynamicValueLength: u32 = 0;

/** One table; a connection has one per direction. */
export class DynamicTable {
  /** Number of entries. */
  count: u32 = 0;
  private size: u32 = 0;
  private limit: u32 = TABLE_OCTETS;
  /** Place of the oldest entry in the ring. */
  private oldest: u32 = 0;
  /** Where the next entry is written. */
  private cursor: u32 = 0;

  /** `storage` and `list` have STORAGE_OCTETS and LIST_OCTETS. */
  constructor(private storage: usize, private list: usize) {}

  /** Octets that the table may have. */
  get capacity(): u32 {
    return this.limit;
  }

  /** Changes how many octets the table may have, up to TABLE_OCTETS. */
  resize(limit: u32): void {
    this.limit = limit;
    this.evictTo(limit);
  }

  /** Adds an entry; it must not lie in this table, as others go to make room. One that is too large empties the table. */
  add(name: usize, nameLength: u32, value: usize, valueLength: u32): void {
    const octets = nameLength + valueLength;
    const size = octets + ENTRY_OVERHEAD;
    if (size > this.limit) return this.evictTo(0);
    this.evictTo(this.limit - size);
    if (this.cursor + octets > STORAGE_OCTETS) this.compact();
    const entry = this.entry(this.count++);
    store<u32>(entry, this.cursor);
    store<u32>(entry, nameLength, 4);
    store<u32>(entry, valueLength, 8);
    memory.copy(this.storage + this.cursor, name, nameLength);
    memory.copy(this.storage + this.cursor + nameLength, value, valueLength);
    this.cursor += octets;
    this.size += size;
  }

  /** Looks up an entry; `index` is below `count`. */
  locate(index: u32): void {
    const entry = this.entry(this.count - 1 - index);
    dynamicName = this.storage + load<u32>(entry);
    dynamicNameLength = load<u32>(entry, 4);
    dynamicValue = dynamicName + dynamicNameLength;
    dynamicValueLength = load<u32>(entry, 8);
  }

  private evictTo(size: u32): void {
    while (this.size > size) {
      const entry = this.entry(0);
      this.size -= load<u32>(entry, 4) + load<u32>(entry, 8) + ENTRY_OVERHEAD;
      this.oldest = (this.oldest + 1) & RING_MASK;
      this.count--;
    }
  }

  /** Where the entry that is `age` younger than the oldest is listed. */
  private entry(age: u32): usize {
    return this.list + (((this.oldest + age) & RING_MASK) << 4);
  }

  private compact(): void {
    const start = this.count > 0 ? load<u32>(this.entry(0)) : this.cursor;
    memory.copy(this.storage, this.storage + start, this.cursor - start);
    for (let age: u32 = 0; age < this.count; age++) {
      const entry = this.entry(age);
      store<u32>(entry, load<u32>(entry) - start);
    }
    this.cursor -= start;
  }
}
