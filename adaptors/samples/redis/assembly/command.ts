/**
 * The beginning of a command: its name and first argument, from which its subject is made, `CLASS NAME ARGUMENT`. The octets are
 * kept as they came, because they go on to the server.
 */

import { Scanner } from "./scanner";

/** What becomes of a command. */
export const READ: u8 = 0;
export const WRITE: u8 = 1;
/** What follows is not made of commands and replies: the connection is joined with one to the server. */
export const PUBSUB: u8 = 2;
/** It changes the connection, and those to the server are shared. */
export const REFUSED: u8 = 3;
export const QUIT: u8 = 4;

const CLASSES: StaticArray<string> = ["read", "write", "pubsub"];

const READS =
  " GET MGET STRLEN GETRANGE SUBSTR LCS EXISTS TTL PTTL EXPIRETIME PEXPIRETIME TYPE KEYS SCAN RANDOMKEY DBSIZE " +
  "DUMP HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HSCAN HRANDFIELD LRANGE LLEN LINDEX LPOS SMEMBERS SISMEMBER " +
  "SMISMEMBER SCARD SSCAN SRANDMEMBER SINTER SINTERCARD SUNION SDIFF ZRANGE ZRANGEBYSCORE ZRANGEBYLEX ZREVRANGE " +
  "ZREVRANGEBYSCORE ZREVRANGEBYLEX ZSCORE ZMSCORE ZRANK ZREVRANK ZCARD ZCOUNT ZLEXCOUNT ZSCAN ZINTER ZINTERCARD ZUNION ZDIFF " +
  "ZRANDMEMBER XRANGE XREVRANGE XLEN XREAD XINFO XPENDING BITCOUNT BITPOS GETBIT BITFIELD_RO PFCOUNT GEODIST GEOHASH GEOPOS " +
  "GEOSEARCH GEORADIUS_RO GEORADIUSBYMEMBER_RO SORT_RO EVAL_RO EVALSHA_RO FCALL_RO OBJECT MEMORY PING ECHO TIME INFO COMMAND ";
const PUBSUBS = " SUBSCRIBE PSUBSCRIBE SSUBSCRIBE ";
const REFUSALS = " AUTH SELECT HELLO CLIENT MONITOR SYNC PSYNC REPLCONF RESET READONLY READWRITE ASKING UNSUBSCRIBE " +
  "PUNSUBSCRIBE SUNSUBSCRIBE ";

const MAX_NAME: u32 = 32;
const MAX_ARGUMENT: u32 = 64;
const MAX_BEGINNING: u32 = 256;

/** The octets of the beginning. */
export const BEGINNING: usize = memory.data(256);
/** The name in upper case. */
export const NAME: usize = memory.data(32);
/** The subject. */
export const SUBJECT: usize = memory.data(128);
const ARGUMENT: usize = memory.data(64);

/** Octets in `BEGINNING`, `NAME` and `SUBJECT`. */
export let beginningLength: u32 = 0;
export let nameLength: u32 = 0;
export let subjectLength: u32 = 0;
let argumentLength: u32 = 0;

/** Forgets the last command. */
export function forgetCommand(): void {
  beginningLength =
    nameLength =
    subjectLength =
    argumentLength =
      0;
}

/** Takes octets until the beginning of the command is known, or `scanner` says that there is none; how many. */
export function gather(scanner: Scanner, at: usize, length: u32): u32 {
  let taken: u32 = 0;
  while (taken < length && !isKnown(scanner) && !scanner.broken) {
    if (beginningLength == MAX_BEGINNING) {
      scanner.broken = true;
      break;
    }
    const octet = load<u8>(at + taken);
    if (scanner.inArgument) keep(scanner, octet);
    scanner.take(at + taken++, 1);
    store<u8>(BEGINNING + beginningLength++, octet);
  }
  return taken;
}

/** Whether all is there that decides what becomes of the command. */
export function isKnown(scanner: Scanner): bool {
  return scanner.done || scanner.argument > 2 || argumentLength == MAX_ARGUMENT;
}

function keep(scanner: Scanner, octet: u8): void {
  if (scanner.argument == 1) {
    if (nameLength == MAX_NAME) scanner.broken = true;
    else store<u8>(NAME + nameLength++, plain(upperCase(octet)));
  } else {
    store<u8>(ARGUMENT + argumentLength++, plain(octet));
  }
}

/** What becomes of the command. */
export function classOf(): u8 {
  if (nameIs("QUIT")) return QUIT;
  if (nameIsIn(READS)) return READ;
  if (nameIsIn(PUBSUBS)) return PUBSUB;
  return nameIsIn(REFUSALS) ? REFUSED : WRITE;
}

/** Makes the subject of a command of that class. */
export function makeSubject(kind: u8): void {
  subjectLength = 0;
  const word = unchecked(CLASSES[kind]);
  for (let i = 0; i < word.length; i++) putSubject(codeAt(word, i));
  putSubject(32);
  for (let i: u32 = 0; i < nameLength; i++) putSubject(load<u8>(NAME + i));
  if (argumentLength > 0) putSubject(32);
  for (let i: u32 = 0; i < argumentLength; i++) putSubject(load<u8>(ARGUMENT + i));
}

/** Whether the command is the one with that name. */
export function nameIs(name: string): bool {
  return nameLength == <u32> name.length && matches(name, 0);
}

function nameIsIn(names: string): bool {
  const end = names.length - <i32> nameLength;
  for (let i = 1; i < end; i++) {
    if (codeAt(names, i - 1) == 32 && codeAt(names, i + nameLength) == 32 && matches(names, i)) return nameLength > 0;
  }
  return false;
}

function matches(text: string, at: u32): bool {
  for (let i: u32 = 0; i < nameLength; i++) if (load<u8>(NAME + i) != codeAt(text, at + i)) return false;
  return true;
}

function putSubject(octet: u8): void {
  store<u8>(SUBJECT + subjectLength++, octet);
}

function codeAt(text: string, index: u32): u8 {
  return load<u8>(changetype<usize>(text) + (index << 1));
}

function upperCase(octet: u8): u8 {
  return <u8> (octet - 97) < 26 ? octet & 0xdf : octet;
}

/** An octet of visible ASCII; anything else is shown as a question mark. */
function plain(octet: u8): u8 {
  return <u8> (octet - 33) < 94 ? octet : 63;
}
