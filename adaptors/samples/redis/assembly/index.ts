/**
 * An adaptor for Redis: each command is a message of its own, whose subject says what it is, so that the network can send
 * reads here and writes there, or keys to servers of their own. `listener.ts` and `connector.ts` are its two ends.
 */

import { CAPACITY, INPUT } from "tendril/buffers";
import {
  HEADER_SIZE,
  LIMIT,
  MALFORMED,
  OK,
  ROLE_CONNECTOR,
  ROLE_LISTENER,
  SIDE_SOCKET,
  SIDE_STREAM,
  STATE,
  UNSUPPORTED,
} from "tendril/constants";
import { describeAs } from "tendril/describe";
import { nextRecord, recordLength, recordPayload, startRecords } from "tendril/reader";
import { askForRoom, room } from "tendril/writer";
import { connectorIsEnding, connectorRecord, connectorSocket, connectorTick, openConnector } from "./connector";
import { listenerIsEnding, listenerRecord, listenerSocket, openListener } from "./listener";

export { drain, in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1, tendril_abi_1_1 } from "tendril/abi";

/** Octets of what a record may lead to besides its own. */
const ROOM: u32 = 512;

let opened: bool = false;
let closed: bool = false;
let isListener: bool = false;

export function describe(): i64 {
  return describeAs(
    '{"name":"redis","version":"0.1.0","protocol":"resp","roles":["listener","connector"],"messages":"many"}',
  );
}

export function open(role: i32, length: i32): i32 {
  if (opened || closed) return STATE;
  if (<u32> length > CAPACITY) return LIMIT;
  if (role != ROLE_LISTENER && role != ROLE_CONNECTOR) return UNSUPPORTED;
  isListener = role == ROLE_LISTENER;
  if (isListener) openListener();
  else openConnector();
  opened = true;
  return OK;
}

export function feed(side: i32, length: i32, flags: i32): i32 {
  if (<u32> length > CAPACITY) return LIMIT;
  if (side != SIDE_SOCKET && side != SIDE_STREAM) return UNSUPPORTED;
  if (!opened || closed) return STATE;
  if (side == SIDE_STREAM) return feedRecords(length);
  if (isEnding()) return length;
  return isListener ? listenerSocket(length, flags) : connectorSocket(length, flags);
}

export function tick(now: f64): f64 {
  if (!opened || closed) return <f64> STATE;
  if (!isListener && !isEnding()) connectorTick(now);
  return 0;
}

export function close(): void {
  closed = true;
}

function feedRecords(length: u32): i32 {
  startRecords(length);
  while (true) {
    const read = nextRecord();
    if (read == 0) return length;
    if (read < 0) return MALFORMED;
    if (isEnding()) continue;
    // No room for what the record leads to: it has to come again. With an empty buffer there always is.
    if (room() < min(recordLength + ROOM, CAPACITY - HEADER_SIZE)) {
      askForRoom();
      return <i32> (recordPayload - HEADER_SIZE - INPUT);
    }
    const status = isListener ? listenerRecord() : connectorRecord();
    if (status < 0) return status;
  }
}

function isEnding(): bool {
  return isListener ? listenerIsEnding() : connectorIsEnding();
}
