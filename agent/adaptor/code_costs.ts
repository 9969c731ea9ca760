/**
 * What code costs, and where it has to pay: the plan by which `meter.ts` rewrites function bodies.
 *
 * A function pays at its entry for what it executes outside of loops, and a loop at its header, turn by turn, for what is in
 * it; one instruction is one unit, a few that take long are more. A short function that can't run for long, for it has no loop and calls only its like, pays
 * nothing: its callers pay for it. Operations on memory pay for their length as well, when it is known.
 */

import { BulkOp, Op, readInstruction } from "./opcodes.ts";
import { WasmReader } from "./wasm_reader.ts";

/** Where a body pays. */
export interface Charge {
  /** Before this octet of the body. */
  readonly at: number;
  /** In units; undefined: as many octets as are on top of the stack. */
  readonly cost: number | undefined;
}

/** Growing memory, even by nothing, is work for the host; a call of `memory.copy` and the like leaves compiled code. */
const GROW_COST = 10_000;
const BULK_COST = 16;
/** Divisions and roots take the processor several times as long as anything else. */
const DIVISION_COST = 16;
/** Most that a function may cost for which its callers pay. */
const SHORT_COST = 200;
/** Calls of such functions inside each other. */
const MAX_DEPTH = 32;

/** A stretch of code that pays at one place. */
interface Stretch {
  readonly at: number;
  /** Without the functions it calls. */
  cost: number;
  /** The functions it calls, each as often as it is named. */
  readonly callees: number[];
}

/** One body, read. */
interface Body {
  /** The first is the function's own, the others are its loops. */
  readonly stretches: readonly Stretch[];
  /** Where the operations on memory are. */
  readonly bulk: readonly number[];
  readonly callsIndirectly: boolean;
}

/** For each of `bodies` where it pays, in order. Throws ADAPTOR_FEATURE or ADAPTOR_WASM. */
export function costsOf(bodies: readonly Uint8Array[]): Charge[][] {
  const read = bodies.map(readBody);
  const short = new ShortFunctions(read);
  return read.map(({ stretches, bulk }, index) => {
    const paying = short.cost(index) === undefined ? stretches : [];
    const charges: Charge[] = paying.map(({ at, cost, callees }) => ({
      at,
      cost: callees.reduce((sum, callee) => sum + (short.cost(callee) ?? 0), cost),
    }));
    charges.push(...bulk.map((at) => ({ at, cost: undefined })));
    // A loop may begin with an operation on memory: it pays for its turn first.
    return charges.sort((one, other) => one.at - other.at);
  });
}

/** Finds the functions that their callers pay for. */
class ShortFunctions {
  readonly #bodies: readonly Body[];
  /** What is known; `undefined`: not short. */
  readonly #costs = new Map<number, number | undefined>();

  constructor(bodies: readonly Body[]) {
    this.#bodies = bodies;
  }

  /** What the function costs with all that it calls; undefined when it is not short. */
  cost(index: number, depth = 0): number | undefined {
    if (this.#costs.has(index)) return this.#costs.get(index);
    // Whoever calls itself finds that it is not short.
    this.#costs.set(index, undefined);
    const cost = depth > MAX_DEPTH ? undefined : this.#add(index, depth);
    this.#costs.set(index, cost);
    return cost;
  }

  #add(index: number, depth: number): number | undefined {
    const { stretches: [own, ...loops], callsIndirectly } = this.#bodies[index]!;
    if (own === undefined || loops.length > 0 || callsIndirectly) return undefined;
    let sum = own.cost;
    for (const callee of own.callees) {
      const cost = this.cost(callee, depth + 1);
      if (cost === undefined) return undefined;
      sum += cost;
      if (sum > SHORT_COST) return undefined;
    }
    return sum > SHORT_COST ? undefined : sum;
  }
}

function readBody(body: Uint8Array): Body {
  const code = new WasmReader(body);
  let locals = 0;
  code.vector(() => {
    locals += code.u32();
    code.u8();
  });
  // Locals are set to zero at each call.
  const own: Stretch = { at: code.position, cost: locals, callees: [] };
  const stretches = [own];
  const bulk: number[] = [];
  let callsIndirectly = false;
  /** Who pays inside each block that is open, the body first. */
  const payers = [own];
  while (payers.length > 0) {
    const at = code.position;
    const { op, sub, callee } = readInstruction(code);
    const payer = payers.at(-1)!;
    payer.cost += costOf(op, sub);
    if (op === Op.call) payer.callees.push(callee);
    else if (op === Op.callIndirect) callsIndirectly = true;
    else if (op === Op.block || op === Op.if) payers.push(payer);
    else if (op === Op.loop) {
      const loop: Stretch = { at: code.position, cost: 1, callees: [] };
      stretches.push(loop);
      payers.push(loop);
    } else if (op === Op.end) payers.pop();
    else if (isBulk(op, sub)) bulk.push(at);
  }
  code.expectEnd("a function");
  return { stretches, bulk, callsIndirectly };
}

function costOf(op: number, sub: number): number {
  if (op === Op.memoryGrow) return GROW_COST;
  // It may be a function that its callers pay for.
  if (op === Op.callIndirect) return SHORT_COST;
  if (isDivision(op)) return DIVISION_COST;
  return isBulk(op, sub) ? BULK_COST : 1;
}

/** Quotients and remainders of i32 and i64, roots and quotients of f32 and f64. */
function isDivision(op: number): boolean {
  return (op >= 0x6d && op <= 0x70) || (op >= 0x7f && op <= 0x82) || [0x91, 0x95, 0x9f, 0xa3].includes(op);
}

function isBulk(op: number, sub: number): boolean {
  return op === Op.bulk && (sub === BulkOp.init || sub === BulkOp.copy || sub === BulkOp.fill);
}
