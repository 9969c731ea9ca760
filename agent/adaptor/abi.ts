/** The frozen numbers of adaptor ABI v1, as `docs/reference/adaptor-abi.md` defines them. They never change their meaning. */

/** Name of the export that marks a module as made for ABI v1. */
export const markerName = "tendril_abi_1";

/** Name of the export that a module has beside {@link markerName} when it uses what v1.1 added. */
export const minorMarkerName = "tendril_abi_1_1";

/** Name of the export that a module has beside these when it uses what v1.2 added. */
export const spliceMarkerName = "tendril_abi_1_2";

/** Name of the export that a module has beside these when it uses what v1.3 added. */
export const piecesMarkerName = "tendril_abi_1_3";

/** Name of the export that a module has beside these when it uses what v1.4 added. */
export const answeredMarkerName = "tendril_abi_1_4";

/** Results of ABI calls; everything at or above zero is success. */
export const Status = { ok: 0, more: 1, malformed: -1, limit: -2, unsupported: -3, state: -4 } as const;

/** First argument of `open`. */
export const RoleNumber = { listener: 0, connector: 1 } as const;

/** First argument of `feed`. */
export const Side = { socket: 0, stream: 1 } as const;

/** Third argument of `feed`, a set of bits. `spliced`, since v1.1: the finite splice of the socket is through. */
export const FeedFlag = { none: 0, eof: 1, spliced: 2 } as const;

/** Where in that argument stands, since v1.3, how many further pieces have passed. */
export const FURTHER_SHIFT = 8;

/** First octet of a record. */
export const RecordKind = {
  bytes: 1,
  begin: 2,
  data: 3,
  end: 4,
  abort: 5,
  splice: 6,
  window: 7,
  log: 8,
  metric: 9,
  error: 10,
  close: 11,
} as const;

/** Flag of a BEGIN record, since v1.1: an interim message, which consists of its head alone. */
export const INTERIM_FLAG = 1;

/** Flag of an ABORT record for the host, since v1.1: nobody has begun to deal with the stream. */
export const UNTOUCHED_FLAG = 1;

/** Flags of an ABORT record for the adaptor, since v1.1: what became of its stream, the index being the number on the wire. */
export const abortReasons = ["lost", "released", "failed", "rejected"] as const;

/** Octets before a record's payload: kind u8, flags u8, reserved u16, stream u32, length u32. */
export const recordHeaderSize = 12;

/** Octets of a SPLICE payload: side u8, three of zero, length u64. */
export const splicePayloadSize = 12;

/** Octets behind them, since v1.3, for further pieces: times u16, lengths of both texts u8; then these. */
export const furtherSize = 4;

/** The directions of a splice on the wire. */
export const SpliceSideNumber = { "socket-to-stream": 0, "stream-to-socket": 1 } as const;

/** Levels of a LOG record, the index being the number on the wire (in the record's flags). */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** Octets before the key of a head entry: scope u8, type u8, key length u16, value length u32. */
export const headEntrySize = 8;

/** First octet of a head entry: a property of the message itself, or one of the application. */
export const HeadScope = { message: 0, application: 1 } as const;

/** Second octet of a head entry. `field`, since v1.1: a string whose key is a symbol on the wire and may occur again. */
export const HeadType = { string: 1, uint: 2, field: 3 } as const;

/** Keys of the message properties; the subject is there since v1.1. They come first, in this order. */
export const messageKeys = ["content-type", "subject"] as const;

/** Codes of an ERROR record that all adaptors share; an adaptor's own start at 1000. */
export const SharedErrorCode = {
  /** The peer's stream is not of this adaptor's protocol; another consumer may take it. */
  unsuitable: 1,
  /** The peer's stream, or the client, broke the protocol. */
  malformed: 2,
} as const;

/** Signature of every required export but `memory`: parameters and result as wasm value types. */
export const requiredFunctions: Readonly<Record<string, string>> = {
  [markerName]: "()",
  describe: "()->i64",
  in_ptr: "()->i32",
  in_cap: "()->i32",
  out_ptr: "()->i32",
  out_cap: "()->i32",
  open: "(i32,i32)->i32",
  feed: "(i32,i32,i32)->i32",
  drain: "()->i32",
  tick: "(f64)->f64",
  close: "()",
};

/** Exports that a module may leave out. */
export const optionalFunctions: Readonly<Record<string, string>> = {
  _initialize: "()",
  [minorMarkerName]: "()",
  [spliceMarkerName]: "()",
  [piecesMarkerName]: "()",
  [answeredMarkerName]: "()",
};

/** The exports of a module that passed the policy, as seen from JavaScript. */
export interface AbiExports {
  /** Linear memory that holds both buffers. */
  readonly memory: WebAssembly.Memory;
  /** Sets the fuel, and tells what was left of it; there since the module was metered. */
  readonly tendril_fuel: (fuel: number) => number;
  /** Run once, first, if present. */
  readonly _initialize?: () => void;
  /** Address (upper 32 bits) and length (lower 32) of the description. */
  readonly describe: () => bigint;
  /** Address of the input buffer. */
  readonly in_ptr: () => number;
  /** Octets in the input buffer. */
  readonly in_cap: () => number;
  /** Address of the output buffer. */
  readonly out_ptr: () => number;
  /** Octets in the output buffer. */
  readonly out_cap: () => number;
  /** Starts the connection. */
  readonly open: (role: number, configLength: number) => number;
  /** Offers input; the octets consumed or a status. */
  readonly feed: (side: number, length: number, flags: number) => number;
  /** Hands over output; octets, bit 0 set for MORE, or a status. */
  readonly drain: () => number;
  /** Lets time pass; the next deadline or a status. */
  readonly tick: (now: number) => number;
  /** Ends the connection. */
  readonly close: () => void;
}
