/**
 * The instructions that adaptor code may consist of, and how long each is: WebAssembly 1.0 with the sign extensions, the
 * saturating conversions and the bulk operations on memory. What is not listed is refused with ADAPTOR_FEATURE, for what
 * is not known can't be metered.
 *
 * The engine has validated the module before, so operands are skipped, not judged; only those are read that could lead
 * to something newer.
 */

import { AdaptorError } from "./adaptor_error.ts";
import type { WasmReader } from "./wasm_reader.ts";

/** Octets of the instructions that the meter looks at. */
export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  branch: 0x0c,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i32LessSigned: 0x48,
  i32Sub: 0x6b,
  i32ShiftRight: 0x76,
  bulk: 0xfc,
} as const;

/** A block without parameters and results. */
export const EMPTY_BLOCK = 0x40;

/** Second octets of {@link Op.bulk} that move as many octets as they are told. */
export const BulkOp = { init: 8, copy: 10, fill: 11 } as const;

const DATA_DROP = 9;
const LAST_CONVERSION = 7;
/** In the alignment of a memory access: an index of a memory follows, so there are several. */
const SEVERAL_MEMORIES = 0x40;

/** One instruction. */
export interface Instruction {
  /** Its first octet. */
  readonly op: number;
  /** Its second, for {@link Op.bulk}; else 0. */
  readonly sub: number;
  /** The function it calls, for {@link Op.call}; else 0. */
  readonly callee: number;
}

/** Reads the instruction at the cursor with its operands. Throws ADAPTOR_FEATURE or ADAPTOR_WASM. */
export function readInstruction(code: WasmReader): Instruction {
  const op = code.u8();
  if (op === Op.bulk) return { op, sub: readBulk(code), callee: 0 };
  if (op === Op.call) return { op, sub: 0, callee: code.u32() };
  readOperands(op, code);
  return { op, sub: 0, callee: 0 };
}

function readOperands(op: number, code: WasmReader): void {
  if ((op >= 0x45 && op <= 0xc4) || (op >= 0x28 && op <= 0x3e)) {
    if (op <= 0x3e) readAccess(code);
    return;
  }
  switch (op) {
    case 0x00: // unreachable
    case 0x01: // nop
    case 0x05: // else
    case 0x0b: // end
    case 0x0f: // return
    case 0x1a: // drop
    case 0x1b: // select
      return;
    case 0x02: // block
    case 0x03: // loop
    case 0x04: // if
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x20: // local.get
    case 0x21: // local.set
    case 0x22: // local.tee
    case 0x23: // global.get
    case 0x24: // global.set
    case 0x41: // i32.const
    case 0x42: // i64.const
      return code.skipInteger();
    case 0x0e: // br_table
      for (let labels = code.u32() + 1; labels > 0; labels--) code.skipInteger();
      return;
    case 0x11: // call_indirect
      code.skipInteger();
      return expectZero(code, "several tables");
    case 0x1c: // select with types
      for (let types = code.u32(); types > 0; types--) code.u8();
      return;
    case 0x3f: // memory.size
    case 0x40: // memory.grow
      return expectZero(code, "several memories");
    case 0x43: // f32.const
      code.take(4);
      return;
    case 0x44: // f64.const
      code.take(8);
      return;
    default:
      throw feature(`the instruction 0x${op.toString(16)}`);
  }
}

function readBulk(code: WasmReader): number {
  const sub = code.u32();
  if (sub <= LAST_CONVERSION) return sub;
  switch (sub) {
    case DATA_DROP:
      code.skipInteger();
      return sub;
    case BulkOp.init:
      code.skipInteger();
      expectZero(code, "several memories");
      return sub;
    case BulkOp.copy:
      expectZero(code, "several memories");
      expectZero(code, "several memories");
      return sub;
    case BulkOp.fill:
      expectZero(code, "several memories");
      return sub;
    default:
      throw feature(`the instruction 0xfc ${sub}`);
  }
}

function readAccess(code: WasmReader): void {
  if (code.u32() >= SEVERAL_MEMORIES) throw feature("several memories");
  code.skipInteger();
}

function expectZero(code: WasmReader, what: string): void {
  if (code.u32() !== 0) throw feature(what);
}

function feature(what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_FEATURE", `the module uses ${what}, which adaptors may not`);
}
