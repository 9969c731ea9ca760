/**
 * The HTTP/1.1 adaptor: one request = one message to the routing key, one response = one message back.
 *
 * Heads become properties (`docs/decisions/0009-http-requests-are-messages.md`), bodies stay what they were on the socket,
 * chunks and trailers included. Every octet that decides where a message ends is checked at both ends of the network; long
 * bodies bypass the adaptor. `listener.ts` and `connector.ts` are the two ends; what HTTP/2 needs as well is in `adaptors/http`.
 */

import { INPUT } from "../../sdk/assembly/buffers";
import {
  KIND_MSG_ABORT,
  KIND_MSG_BEGIN,
  KIND_MSG_DATA,
  KIND_MSG_END,
  MALFORMED,
  OK,
  SIDE_STREAM,
  STATE,
} from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";
import { nextRecord, recordKind, recordPayload, startRecords } from "../../sdk/assembly/reader";
import { HEADER_SIZE } from "../../sdk/assembly/constants";
import { closeInstance, isListener, isOpen, mayFeed, openInstance } from "../../http/assembly/instance";
import { Body } from "./body";
import {
  connectorAbort,
  connectorBegin,
  connectorData,
  connectorEnd,
  connectorIsEnding,
  connectorSocket,
  connectorTick,
  openConnector,
} from "./connector";
import {
  listenerAbort,
  listenerBegin,
  listenerData,
  listenerEnd,
  listenerIsEnding,
  listenerSocket,
  listenerTick,
  openListener,
} from "./listener";

export {
  drain,
  in_cap,
  in_ptr,
  out_cap,
  out_ptr,
  tendril_abi_1,
  tendril_abi_1_1,
  tendril_abi_1_4,
} from "../../sdk/assembly/abi";

/** Names of trailers, as far as the bodies look at them. */
const REQUEST_TRAILER: usize = memory.data(32, 8);
const RESPONSE_TRAILER: usize = memory.data(32, 8);

export function describe(): i64 {
  return describeAs(
    '{"name":"http1","version":"1.0.0","protocol":"http1","roles":["listener","connector"],"messages":"many"}',
  );
}

export function open(role: i32, length: i32): i32 {
  const status = openInstance(role, length);
  if (status != OK) return status;
  const request = new Body(REQUEST_TRAILER);
  const response = new Body(RESPONSE_TRAILER);
  if (isListener) openListener(request, response);
  else openConnector(request, response);
  return OK;
}

export function feed(side: i32, length: i32, flags: i32): i32 {
  const status = mayFeed(side, length);
  if (status != OK) return status;
  if (side == SIDE_STREAM) return feedRecords(length);
  return isListener ? listenerSocket(length, flags) : connectorSocket(length, flags);
}

export function tick(now: f64): f64 {
  if (!isOpen()) return <f64> STATE;
  if (!isEnding()) {
    if (isListener) listenerTick(now);
    else connectorTick(now);
  }
  return 0;
}

export function close(): void {
  closeInstance();
}

function feedRecords(length: u32): i32 {
  startRecords(length);
  while (true) {
    const read = nextRecord();
    if (read == 0) return length;
    if (read < 0) return MALFORMED;
    if (isEnding()) continue;
    const taken = isListener ? listenerRecord() : connectorRecord();
    if (taken < 0) return taken;
    // No room: this record has to come again.
    if (taken == 0) return <i32> (recordPayload - HEADER_SIZE - INPUT);
  }
}

function isEnding(): bool {
  return isListener ? listenerIsEnding() : connectorIsEnding();
}

function listenerRecord(): i32 {
  switch (recordKind) {
    case KIND_MSG_BEGIN:
      return listenerBegin();
    case KIND_MSG_DATA:
      return listenerData();
    case KIND_MSG_END:
      return listenerEnd();
    case KIND_MSG_ABORT:
      return listenerAbort();
    default:
      return 1;
  }
}

function connectorRecord(): i32 {
  switch (recordKind) {
    case KIND_MSG_BEGIN:
      return connectorBegin();
    case KIND_MSG_DATA:
      return connectorData();
    case KIND_MSG_END:
      return connectorEnd();
    case KIND_MSG_ABORT:
      return connectorAbort();
    default:
      return 1;
  }
}
