/**
 * The HTTP/2 adaptor (RFC 9113, RFC 7541), with prior knowledge: one stream = one request = one message to the routing key, its
 * response = one message back, in the form that the HTTP/1.1 adaptor has
 * (`docs/decisions/0010-http2-in-the-form-of-http1.md`), so that either may be at the other end.
 *
 * `frame_reader.ts`, `control.ts` and `connection.ts` are what both ends share, `listener.ts` and `connector.ts` the two ends.
 */

import { closeInstance, isListener, isOpen, mayFeed, openInstance } from "../../http/assembly/instance";
import { INPUT } from "../../sdk/assembly/buffers";
import {
  KIND_MSG_ABORT,
  KIND_MSG_BEGIN,
  KIND_MSG_DATA,
  KIND_MSG_END,
  KIND_WINDOW,
  MALFORMED,
  OK,
  SIDE_STREAM,
  STATE,
} from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";
import {
  nextRecord,
  recordKind,
  recordLength,
  recordPayload,
  recordStream,
  startRecords,
} from "../../sdk/assembly/reader";
import { ending, openConnection } from "./connection";
import {
  connectorAbort,
  connectorBegin,
  connectorCredit,
  connectorRequestData,
  connectorRequestEnd,
  connectorTick,
} from "./connector";
import { takeSocket } from "./frame_reader";
import { openDecoder } from "./hpack_decoder";
import { openEncoder } from "./hpack_encoder";
import { buildHuffman } from "./huffman";
import {
  listenerAnswerAbort,
  listenerAnswerBegin,
  listenerAnswerData,
  listenerAnswerEnd,
  listenerCredit,
  listenerTick,
} from "./listener";
import { buildStaticTable } from "./static_table";
import { buildStreams } from "./stream";
import { noteWaiting } from "./to_socket";

export {
  drain,
  in_cap,
  in_ptr,
  out_cap,
  out_ptr,
  tendril_abi_1,
  tendril_abi_1_1,
  tendril_abi_1_2,
  tendril_abi_1_3,
  tendril_abi_1_4,
} from "../../sdk/assembly/abi";

export function describe(): i64 {
  return describeAs(
    '{"name":"http2","version":"1.0.0","protocol":"http2","roles":["listener","connector"],"messages":"many",' +
      '"concurrent":100}',
  );
}

export function open(role: i32, length: i32): i32 {
  const status = openInstance(role, length);
  if (status != OK) return status;
  buildHuffman();
  buildStaticTable();
  buildStreams();
  openDecoder();
  openEncoder();
  openConnection();
  return OK;
}

export function feed(side: i32, length: i32, flags: i32): i32 {
  const status = mayFeed(side, length);
  if (status != OK) return status;
  return side == SIDE_STREAM ? feedRecords(length) : takeSocket(length, flags);
}

export function tick(now: f64): f64 {
  if (!isOpen()) return <f64> STATE;
  if (ending) return 0;
  if (isListener) listenerTick(now);
  else connectorTick(now);
  return 0;
}

export function close(): void {
  closeInstance();
}

function feedRecords(length: u32): i32 {
  startRecords(length);
  noteWaiting(0);
  while (true) {
    const read = nextRecord();
    if (read == 0) return length;
    if (read < 0) return MALFORMED;
    if (ending) continue;
    const taken = isListener ? listenerRecord() : connectorRecord();
    // A part of its octets: the rest has to come again.
    if (taken < recordLength) return <i32> (recordPayload - INPUT + taken);
  }
}

/** How many octets of the payload were taken: all, but for data. */
function listenerRecord(): u32 {
  switch (recordKind) {
    case KIND_MSG_BEGIN:
      listenerAnswerBegin();
      break;
    case KIND_MSG_DATA:
      return listenerAnswerData();
    case KIND_MSG_END:
      listenerAnswerEnd();
      break;
    case KIND_MSG_ABORT:
      listenerAnswerAbort();
      break;
    case KIND_WINDOW:
      if ((recordStream & 1) == 0) takeWaiting();
      else listenerCredit();
      break;
  }
  return recordLength;
}

function connectorRecord(): u32 {
  switch (recordKind) {
    case KIND_MSG_BEGIN:
      connectorBegin();
      break;
    case KIND_MSG_DATA:
      return connectorRequestData();
    case KIND_MSG_END:
      connectorRequestEnd();
      break;
    case KIND_MSG_ABORT:
      connectorAbort();
      break;
    case KIND_WINDOW:
      if ((recordStream & 1) != 0) takeWaiting();
      else connectorCredit();
      break;
  }
  return recordLength;
}

/** So many octets of the stream wait, those of the next record among them. */
function takeWaiting(): void {
  if (recordLength >= 4) noteWaiting(load<u32>(recordPayload));
}
