/** Moves bodies: from the socket into a stream and back, by splices where the octets ahead are many. */

import { SPLICE_SOCKET_TO_STREAM, SPLICE_STREAM_TO_SOCKET } from "../../sdk/assembly/constants";
import { emitBytes, emitData, emitSplice } from "../../sdk/assembly/emit";
import { askForRoom, room } from "../../sdk/assembly/writer";
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_TO_END } from "../../http/assembly/body_form";
import { Body, SPLICE_OCTETS } from "./body";

/** Octets that the host moves at a time: behind them it is known that the body still moves. */
export const PIECE_OCTETS: u64 = 262144;

/** The host moves octets of the socket by itself, and will say when it is through. */
export let splicing: bool = false;
/** How many they are. */
let piece: u64 = 0;

/** The host is through: the body goes on behind what it has moved. Returns how many octets those were. */
export function spliceIsThrough(body: Body): u64 {
  if (!splicing) return 0;
  splicing = false;
  if (body.kind == BODY_CHUNKED) body.skipData(piece);
  else {
    body.left -= piece;
    body.complete = body.left == 0;
  }
  return piece;
}

/** No splice is under way any more. */
export function forgetSplice(): void {
  splicing = false;
}

/**
 * Takes socket octets of a body of known framing; returns how many. What is left over belongs to the host for a splice, has to
 * wait for room in the output, or lies behind the body. `mayWait` keeps a body of known length out of a splice.
 */
export function relayToStream(body: Body, stream: u32, source: usize, length: u32, mayWait: bool): u32 {
  // A body to the end of the connection is a splice for good.
  if (splicing || body.complete || body.broken || body.kind == BODY_TO_END) return 0;
  const limit = min(length, room());
  if (limit == 0) {
    if (length > 0) askForRoom();
    return 0;
  }
  let taken: u32;
  let ahead: u64;
  if (body.kind == BODY_LENGTH) {
    const direct = mayWait || body.left <= length || body.left < SPLICE_OCTETS;
    taken = direct ? <u32> min<u64>(body.left, limit) : 0;
    body.left -= taken;
    body.complete = body.left == 0;
    ahead = direct ? 0 : body.left;
  } else {
    taken = body.scan(source, limit, true);
    ahead = body.inData && body.left >= SPLICE_OCTETS ? body.left : 0;
  }
  if (taken > 0) emitData(stream, source, taken);
  if (ahead > 0) {
    piece = min(ahead, PIECE_OCTETS);
    splicing = emitSplice(SPLICE_SOCKET_TO_STREAM, stream, piece);
  } else if (taken < length && !body.complete && !body.broken) askForRoom();
  return taken;
}

/** Starts moving the body of `stream` to the socket: all of it where its length is known. */
export function startToSocket(body: Body, stream: u32): void {
  if (body.kind != BODY_LENGTH || body.left == 0) return;
  emitSplice(SPLICE_STREAM_TO_SOCKET, stream, body.left);
  body.left = 0;
  body.complete = true;
}

/** Passes octets of a stream on to the socket: 1 for done, 0 for no room yet, -1 when they are not of the body. */
export function relayToSocket(body: Body, stream: u32, source: usize, length: u32): i32 {
  if (length == 0) return 1;
  if (body.complete || body.kind == BODY_NONE) return -1;
  if (length > room()) {
    askForRoom();
    return 0;
  }
  if (body.kind == BODY_CHUNKED && body.scan(source, length, false) < length) return -1;
  emitBytes(source, length);
  if (body.inData && body.left >= SPLICE_OCTETS && emitSplice(SPLICE_STREAM_TO_SOCKET, stream, body.left)) {
    body.skipData(body.left);
  }
  return 1;
}
