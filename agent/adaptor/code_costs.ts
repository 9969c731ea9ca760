/**
 * What code costs, and where it has to pay: the plan by which `meter.ts` rewrites function bodies.
 *
 * A function pays at its entry for what it executes outside of loops, and a loop at its header, turn by turn, for what is in
 * it; one instruction is one unit, a few that take long are more. A short function that can't run for long, for it has no
 * loop, does not work on stretches of memory and calls only its like, pays nothing: its callers pay for it. Operations on
 * memory pay for their length as well, when it is known, and growing it where that happens: most code that could, does not.
 */

import { BulkOp, Op, readInstruction } from "./opcodes.ts";
import { WasmReader } from "./wasm_reader.ts";

/** A place in a body at which something has to be done for the meter. */
export type Mark =
  /** Before the octet `at`, so many units are to be paid. */
  | { readonly kind: "units"; readonly at: number; readonly cost: number }
  /** Before the octet `at`, what is on top of the stack is to be paid, as a number of octets. */
  | { readonly kind: "octets"; readonly at: number }
  /** The instruction at `at` calls a function that pays itself. */
  | { readonly kind: "call"; readonly at: number; readonly end: number }
  /** The instruction at `at` returns out of so many blocks. */
  | { readonly kind: "return"; readonly at: number; readonly end: number; readonly depth: number };

/** What has to be done in one body. */
export interface Plan {
  /** Where its code starts, behind its locals. */
  readonly start: number;
  /** Whether it pays for turns of loops. */
  readonly loops: boolean;
  /** In order. */
  readonly marks: readonly Mark[];
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
  readonly stretches: readonly [Stretch, ...Stretch[]];
  /** Operations on memory, which pay for themselves, calls and returns. */
  readonly others: readonly (Mark & { readonly callee?: number })[];
  readonly callsIndirectly: boolean;
}

/** For each of `bodies` what has to be done in it. Throws ADAPTOR_FEATURE or ADAPTOR_WASM. */
export function planOf(bodies: readonly Uint8Array[]): Plan[] {
  const read = bodies.map(readBody);
  const short = new ShortFunctions(read);
  return read.map(({ stretches, others }, index) => {
    const paying = short.cost(index) === undefined ? stretches : [];
    const marks: Mark[] = paying.map(({ at, cost, callees }) => ({
      kind: "units",
      at,
      cost: callees.reduce((sum, callee) => sum + (short.cost(callee) ?? 0), cost),
    }));
    marks.push(...others.filter(({ callee }) => callee === undefined || short.cost(callee) === undefined));
    // A loop may begin with an operation on memory: it pays for its turn first.
    marks.sort((one, other) => one.at - other.at);
    return { start: stretches[0].at, loops: paying.length > 1, marks };
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
    const { stretches: [own, ...loops], others, callsIndirectly } = this.#bodies[index]!;
    if (own === undefined || loops.length > 0 || callsIndirectly) return undefined;
    // A caller that keeps the fuel in a local would not notice what was paid.
    if (others.some(({ kind }) => kind === "octets" || kind === "units")) return undefined;
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
  const stretches: [Stretch, ...Stretch[]] = [own];
  const others: (Mark & { readonly callee?: number })[] = [];
  let callsIndirectly = false;
  /** Who pays inside each block that is open, the body first. */
  const payers = [own];
  while (payers.length > 0) {
    const at = code.position;
    const { op, sub, callee } = readInstruction(code);
    const payer = payers.at(-1)!;
    const end = code.position;
    payer.cost += costOf(op, sub);
    if (op === Op.call) {
      payer.callees.push(callee);
      others.push({ kind: "call", at, end, callee });
    } else if (op === Op.callIndirect) {
      callsIndirectly = true;
      others.push({ kind: "call", at, end });
    } else if (op === Op.return) others.push({ kind: "return", at, end, depth: payers.length - 1 });
    else if (op === Op.block || op === Op.if) payers.push(payer);
    else if (op === Op.loop) {
      const loop: Stretch = { at: code.position, cost: 1, callees: [] };
      stretches.push(loop);
      payers.push(loop);
    } else if (op === Op.end) payers.pop();
    else if (isBulk(op, sub)) others.push({ kind: "octets", at });
    else if (op === Op.memoryGrow) others.push({ kind: "units", at, cost: GROW_COST });
  }
  code.expectEnd("a function");
  return { stretches, others, callsIndirectly };
}

function costOf(op: number, sub: number): number {
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
