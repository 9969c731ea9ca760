/** The frozen numbers of adaptor ABI v1; `docs/reference/adaptor-abi.md` says what each one means. */

// Statuses.
export const OK: i32 = 0;
export const MORE: i32 = 1;
export const MALFORMED: i32 = -1;
export const LIMIT: i32 = -2;
export const UNSUPPORTED: i32 = -3;
export const STATE: i32 = -4;

// Roles of `open`.
export const ROLE_LISTENER: i32 = 0;
export const ROLE_CONNECTOR: i32 = 1;

// Sides of `feed`.
export const SIDE_SOCKET: i32 = 0;
export const SIDE_STREAM: i32 = 1;

// Flags of `feed` on the socket's side.
export const FLAG_EOF: i32 = 1;
/** Since v1.1. */
export const FLAG_SPLICED: i32 = 2;
/** Since v1.3, where in the flags the number of further pieces stands that have passed. */
export const FURTHER_SHIFT: i32 = 8;

// Flags of a begin record, since v1.1.
export const BEGIN_INTERIM: u8 = 1;

// Flags of an abort record that the host sends, since v1.1.
export const ABORT_LOST: u8 = 0;
export const ABORT_RELEASED: u8 = 1;
export const ABORT_FAILED: u8 = 2;
export const ABORT_REJECTED: u8 = 3;

// Flags of an abort record for the host, since v1.1.
export const ABORT_UNTOUCHED: u8 = 1;

// Record kinds.
export const KIND_BYTES: u8 = 1;
export const KIND_MSG_BEGIN: u8 = 2;
export const KIND_MSG_DATA: u8 = 3;
export const KIND_MSG_END: u8 = 4;
export const KIND_MSG_ABORT: u8 = 5;
export const KIND_SPLICE: u8 = 6;
/** Since v1.1. */
export const KIND_WINDOW: u8 = 7;
export const KIND_LOG: u8 = 8;
export const KIND_METRIC: u8 = 9;
export const KIND_ERROR: u8 = 10;
export const KIND_CLOSE: u8 = 11;

// Sizes and fields of records.
export const HEADER_SIZE: u32 = 12;
export const SPLICE_SOCKET_TO_STREAM: u8 = 0;
export const SPLICE_STREAM_TO_SOCKET: u8 = 1;
export const FOR_GOOD: u64 = 0xffff_ffff_ffff_ffff;

// Entries of a message head.
export const ENTRY_SIZE: u32 = 8;
export const SCOPE_MESSAGE: u8 = 0;
export const SCOPE_APPLICATION: u8 = 1;
export const TYPE_STRING: u8 = 1;
export const TYPE_UINT: u8 = 2;
/** Since v1.1. */
export const TYPE_FIELD: u8 = 3;

// Levels of a log record.
export const LOG_DEBUG: u8 = 0;
export const LOG_INFO: u8 = 1;
export const LOG_WARN: u8 = 2;
export const LOG_ERROR: u8 = 3;

// Shared codes of an error record; an adaptor's own start at 1000.
export const ERROR_UNSUITABLE: u32 = 1;
export const ERROR_MALFORMED: u32 = 2;
