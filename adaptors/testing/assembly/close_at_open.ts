/** An adaptor that wants no connection: it answers CLOSE to `open`. */

import { CAPACITY } from "../../sdk/assembly/buffers";
import { LIMIT, OK, STATE } from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";
import { emitClose } from "../../sdk/assembly/emit";

export { drain, in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1 } from "../../sdk/assembly/abi";

export function describe(): i64 {
  return describeAs('{"name":"close-at-open","version":"0.1.0","protocol":"none","roles":["listener"]}');
}

export function open(_role: i32, length: i32): i32 {
  if (<u32> length > CAPACITY) return LIMIT;
  emitClose("no, thank you");
  return OK;
}

export function feed(_side: i32, _length: i32, _flags: i32): i32 {
  return STATE;
}

export function tick(_now: f64): f64 {
  return STATE;
}

export function close(): void {}
