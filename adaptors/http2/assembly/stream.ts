/** The streams of the connection: what is known of each, in a fixed number of places. */

import { BODY_NONE } from "../../http/assembly/body_form";
import { Unchunker } from "./unchunker";

/** Streams that may be open at a time. */
export const MAX_STREAMS: u32 = 100;
/** Octets that the peer may send on one stream before they have left for the network. */
export const STREAM_WINDOW: u32 = 262144;
/**
 * Octets that may be ahead beyond these in a body that goes on and on, from its WIDE_FROM-th octet, for WIDE_STREAMS of a connection
 * at a time: who sends much at once is read much at once.
 */
const WIDER_OCTETS: u32 = 262144;
const WIDE_FROM: i64 = 524288;
const WIDE_STREAMS: u32 = 8;
/** Octets of a request, as it went into the network, that are kept to be sent again; later those of trailers. */
export const KEPT_OCTETS: u32 = 4096;
const KEPT: usize = memory.data(409600, 8);

/** A stream: a request and its response. */
export class Stream {
  /** Its number on the connection; 0 for a free place. */
  id: u32 = 0;
  /** The number of the message that goes into the network; the one that comes has the number beside it. */
  own: u32 = 0;

  /** The peer has sent its half completely. */
  remoteEnded: bool = false;
  /** The message into the network has begun; it is complete. */
  begun: bool = false;
  sent: bool = false;
  /** The form of its body. */
  form: u8 = BODY_NONE;
  /** Octets that are to come of a body of known length. */
  left: i64 = 0;
  /** Octets that have come of it. */
  relayed: i64 = 0;
  /** Octets that the peer may still send. */
  receiveWindow: i64 = 0;
  /** They are more than those of most. */
  wide: bool = false;
  /** DATA frames that may pass by behind the one that does: they are counted as if they had come. */
  further: u32 = 0;
  /** Octets that came, and the octets they have become, that have not left for the network. */
  plain: u32 = 0;
  coded: u32 = 0;
  /** Octets that the peer may send again, but has not been told of. */
  credit: u32 = 0;

  /** Our half has been sent completely. */
  localEnded: bool = false;
  /** A message is coming in from the network. */
  incoming: bool = false;
  /** It is an interim one. */
  interim: bool = false;
  /** The final one has begun. */
  answered: bool = false;
  /** Anything at all has gone to the client. */
  heard: bool = false;
  /** Octets that we may still send. */
  sendWindow: i64 = 0;
  /** The network has octets that the windows have no room for. */
  blocked: bool = false;
  /** The body of what comes in. */
  body: Unchunker;

  /** The client wants a tunnel: octets both ways behind the heads, each way with its own end. */
  tunnel: bool = false;
  /** One for WebSocket. */
  isWebSocket: bool = false;
  isHead: bool = false;
  isIdempotent: bool = false;
  /** The client of this request speaks HTTP/1.0. */
  isOld: bool = false;
  /** Since when nothing has happened that it waits for, in ms. */
  since: f64 = 0;
  /** Octets of the request's head and body that are kept; `keepable` while all of it is. */
  keptHead: u32 = 0;
  keptBody: u32 = 0;
  keepable: bool = false;
  attempts: u32 = 0;

  constructor(readonly kept: usize) {
    this.body = new Unchunker(kept, KEPT_OCTETS);
  }

  /** Takes the place for a stream. */
  start(id: u32, own: u32, sendWindow: i64, now: f64): void {
    this.id = id;
    this.own = own;
    this.remoteEnded =
      this.begun =
      this.sent =
      this.localEnded =
      this.incoming =
      this.interim =
        false;
    this.answered =
      this.heard =
      this.blocked =
      this.wide =
      this.tunnel =
      this.isWebSocket =
      this.isHead =
      this.isIdempotent =
      this.isOld =
      this.keepable =
        false;
    this.form = BODY_NONE;
    this.left = this.relayed = 0;
    this.receiveWindow = STREAM_WINDOW;
    this.plain =
      this.coded =
      this.credit =
      this.further =
        0;
    this.sendWindow = sendWindow;
    this.since = now;
    this.keptHead = this.keptBody = this.attempts = 0;
    this.body.begin(BODY_NONE, 0);
  }
}

let streams: StaticArray<Stream> = changetype<StaticArray<Stream>>(0);
/** Streams that are open. */
export let openStreams: u32 = 0;
let wideStreams: u32 = 0;

/** Makes the places. */
export function buildStreams(): void {
  streams = new StaticArray<Stream>(MAX_STREAMS);
  for (let place: u32 = 0; place < MAX_STREAMS; place++) {
    unchecked(streams[place] = new Stream(KEPT + place * KEPT_OCTETS));
  }
}

/** The stream in a place, free or not. */
export function streamAt(place: u32): Stream {
  return unchecked(streams[place]);
}

/** The open stream with this number on the connection, or null. */
export function streamOf(id: u32): Stream | null {
  for (let place: u32 = 0; place < MAX_STREAMS; place++) {
    const stream = streamAt(place);
    if (stream.id == id) return stream;
  }
  return null;
}

/** The open stream that the message `own` belongs to, or null. */
export function streamWriting(own: u32): Stream | null {
  for (let place: u32 = 0; place < MAX_STREAMS; place++) {
    const stream = streamAt(place);
    if (stream.id != 0 && stream.own == own) return stream;
  }
  return null;
}

/** Takes a place; the caller has seen to it that one is free. */
export function takePlace(id: u32, own: u32, sendWindow: i64, now: f64): Stream {
  const stream = streamOf(0)!;
  stream.start(id, own, sendWindow, now);
  openStreams++;
  return stream;
}

/** The place is free again. */
export function freePlace(stream: Stream): void {
  stream.id = 0;
  openStreams--;
  if (stream.wide) wideStreams--;
}

/** Octets by which the window of a stream grows now that some of it have left, beyond these. */
export function widen(stream: Stream): u32 {
  if (stream.wide || wideStreams == WIDE_STREAMS || stream.relayed < WIDE_FROM) return 0;
  stream.wide = true;
  wideStreams++;
  return WIDER_OCTETS;
}
