/**
 * Fuel: rewrites a module so that it can't run for longer than its host allows.
 *
 * In: the octets of a module that has passed the policy. Out: the same module with a global, which {@link FUEL_EXPORT} sets
 * and which functions and turns of loops charge, before they run, with what they cost (`code_costs.ts`); below zero it traps. So the
 * global bounds how many instructions one call executes, whatever the code is. Nothing that the module has changes its
 * index: what is added comes last. The module must have been valid before, or it could name the global itself.
 */

import { AdaptorError } from "./adaptor_error.ts";
import { type Plan, planOf } from "./code_costs.ts";
import { EMPTY_BLOCK, Op } from "./opcodes.ts";
import { WasmReader } from "./wasm_reader.ts";

/**
 * The exported function `(i32) -> i32` by which the host sets what may be used, and is told what was left. That costs less
 * than to export the global. No module may have such an export.
 */
export const FUEL_EXPORT = "tendril_fuel";

const Section = { type: 1, function: 3, global: 6, export: 7, code: 10 } as const;
const PREAMBLE = 8;
const I32 = 0x7f;
const MUTABLE = 1;
const FUNCTION_FORM = 0x60;
const FUNCTION_KIND = 0;
/** Most that is charged at once, so that the sum stays in an i32; more than any call may have. */
const MAX_COST = 2 ** 30;
/** One unit pays for eight octets of a bulk operation. */
const BULK_SHIFT = 3;

/** Indices of what the meter adds. */
interface Added {
  readonly fuel: number;
  readonly charge: number;
  readonly refuel: number;
}

/** Rewrites `bytes`. Throws ADAPTOR_FEATURE for an instruction that can't be metered, ADAPTOR_WASM for a broken module. */
export function meter(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readSections(bytes);
  const content = (id: number) => sections.find((section) => section.id === id)?.content;
  const count = (id: number) => {
    const found = content(id);
    return found === undefined ? 0 : new WasmReader(found).u32();
  };
  const functions = count(Section.function);
  const added = { fuel: count(Section.global), charge: functions, refuel: functions + 1 };
  const type = leb(count(Section.type));
  const rewritten = new Map<number, Uint8Array>([
    [Section.type, append(content(Section.type), [FUNCTION_FORM, 1, I32, 1, I32])],
    [Section.function, append(append(content(Section.function), type), type)],
    [Section.global, append(content(Section.global), [I32, MUTABLE, Op.i32Const, 0, Op.end])],
    [Section.export, append(content(Section.export), [...name(FUEL_EXPORT), FUNCTION_KIND, ...leb(added.refuel)])],
    [Section.code, meterCode(content(Section.code), shapesOf(content(Section.type), content(Section.function)), added)],
  ]);
  const output: Uint8Array[] = [bytes.subarray(0, PREAMBLE)];
  const put = (id: number, octets: Uint8Array) => output.push(Uint8Array.of(id, ...leb(octets.length)), octets);
  for (const { id, content } of sections) {
    // A module without globals gets its section where it belongs: before the exports, which every adaptor has.
    if (id === Section.export && added.fuel === 0) put(Section.global, rewritten.get(Section.global)!);
    if (id !== Section.global || added.fuel > 0) put(id, rewritten.get(id) ?? content);
  }
  return concat(output);
}

/** What a function takes and gives. */
interface Shape {
  readonly parameters: number;
  /** Types of its results. */
  readonly results: readonly number[];
}

function shapesOf(types: Uint8Array | undefined, functions: Uint8Array | undefined): Shape[] {
  if (types === undefined || functions === undefined) return [];
  const reader = new WasmReader(types);
  const shapes = reader.vector((): Shape => {
    reader.u8();
    return { parameters: reader.vector(() => reader.u8()).length, results: reader.vector(() => reader.u8()) };
  });
  const indices = new WasmReader(functions);
  return indices.vector(() => shapes[indices.u32()]!);
}

interface WasmSection {
  readonly id: number;
  readonly content: Uint8Array;
}

function readSections(bytes: Uint8Array): WasmSection[] {
  const reader = new WasmReader(bytes);
  reader.take(PREAMBLE);
  const sections: WasmSection[] = [];
  while (!reader.done) sections.push({ id: reader.u8(), content: reader.take(reader.u32()) });
  return sections;
}

function meterCode(content: Uint8Array | undefined, shapes: readonly Shape[], added: Added): Uint8Array {
  if (content === undefined) throw new AdaptorError("ADAPTOR_WASM", "the module has no code");
  const reader = new WasmReader(content);
  const bodies = reader.vector(() => reader.take(reader.u32()));
  const plans = planOf(bodies);
  const metered = bodies.map((body, index) => {
    const shape = shapes[index];
    const plan = plans[index]!;
    // A block can't have several results without a type of its own.
    if (!plan.loops || shape === undefined || shape.results.length > 1) return meterBody(body, plan, added);
    return meterLoops(body, plan, shape, added);
  });
  metered.push(chargeFunction(added), refuelFunction(added));
  return concat([leb(metered.length), ...metered.flatMap((body) => [leb(body.length), body])]);
}

/** Pays from the global. */
function meterBody(body: Uint8Array, { marks }: Plan, added: Added): Uint8Array {
  const output: Uint8Array[] = [];
  let copied = 0;
  for (const mark of marks) {
    if (mark.kind !== "units" && mark.kind !== "octets") continue;
    output.push(body.subarray(copied, mark.at));
    output.push(mark.kind === "octets" ? Uint8Array.of(Op.call, ...leb(added.charge)) : charge(added.fuel, mark.cost));
    copied = mark.at;
  }
  output.push(body.subarray(copied));
  return concat(output);
}

/**
 * Pays from a local that holds the fuel for as long as the function runs, which the processor keeps in a register: loops
 * of few instructions take a third of what they would take with the global. It goes back into the global wherever
 * somebody else may look: before calls, and at the end, to which all ways out of the function are made to lead.
 */
function meterLoops(body: Uint8Array, { start, marks }: Plan, shape: Shape, added: Added): Uint8Array {
  const { locals, index } = withLocal(body.subarray(0, start), shape.parameters);
  const local = leb(index);
  const keep = Uint8Array.of(Op.localGet, ...local, Op.globalSet, ...leb(added.fuel));
  const load = Uint8Array.of(Op.globalGet, ...leb(added.fuel), Op.localSet, ...local);
  const output: Uint8Array[] = [locals, load, Uint8Array.of(Op.block, shape.results[0] ?? EMPTY_BLOCK)];
  let copied = start;
  for (const mark of marks) {
    output.push(body.subarray(copied, mark.at));
    copied = mark.at;
    switch (mark.kind) {
      case "units":
        output.push(chargeLocal(local, keep, mark.cost));
        break;
      case "octets":
        output.push(keep, Uint8Array.of(Op.call, ...leb(added.charge)), load);
        break;
      case "call":
        output.push(keep, body.subarray(mark.at, mark.end), load);
        copied = mark.end;
        break;
      case "return":
        output.push(Uint8Array.of(Op.branch, ...leb(mark.depth)));
        copied = mark.end;
    }
  }
  // The end of the function is that of the block now.
  output.push(body.subarray(copied), keep, Uint8Array.of(Op.end));
  return concat(output);
}

/** The declarations in `octets` and one i32 more, and the index of that. */
function withLocal(octets: Uint8Array, parameters: number): { locals: Uint8Array; index: number } {
  const reader = new WasmReader(octets);
  let index = parameters;
  reader.vector(() => {
    index += reader.u32();
    reader.u8();
  });
  return { locals: append(octets, [1, I32]), index };
}

/** Takes `cost` from the fuel, and traps when there is too little. The stack stays as it is. */
function charge(fuel: number, cost: number): Uint8Array {
  return Uint8Array.of(Op.globalGet, ...leb(fuel), Op.i32Const, ...costLeb(cost), ...take(fuel));
}

/** The same from a local; `keep` tells the global what is missing. */
function chargeLocal(local: Uint8Array, keep: Uint8Array, cost: number): Uint8Array {
  const left = [Op.localGet, ...local, Op.i32Const, ...costLeb(cost), Op.i32Sub, Op.localTee, ...local];
  return Uint8Array.of(...left, Op.i32Const, 0, Op.i32LessSigned, Op.if, EMPTY_BLOCK, ...keep, Op.unreachable, Op.end);
}

function costLeb(cost: number): Uint8Array {
  return signedLeb(Math.min(cost, MAX_COST));
}

/** `(i32) -> i32`: charges for that many octets and gives the number back, for the operation that follows. */
function chargeFunction({ fuel }: Added): Uint8Array {
  const octets = [Op.localGet, 0];
  const units = [...octets, Op.i32Const, BULK_SHIFT, Op.i32ShiftRight];
  return Uint8Array.of(0, Op.globalGet, ...leb(fuel), ...units, ...take(fuel), ...octets, Op.end);
}

/** See {@link FUEL_EXPORT}. */
function refuelFunction({ fuel }: Added): Uint8Array {
  return Uint8Array.of(0, Op.globalGet, ...leb(fuel), Op.localGet, 0, Op.globalSet, ...leb(fuel), Op.end);
}

/** Fuel and cost are on the stack. */
function take(fuel: number): number[] {
  const test = [Op.globalGet, ...leb(fuel), Op.i32Const, 0, Op.i32LessSigned];
  return [Op.i32Sub, Op.globalSet, ...leb(fuel), ...test, Op.if, EMPTY_BLOCK, Op.unreachable, Op.end];
}

/** A vector with one more item. */
function append(content: Uint8Array | undefined, item: Iterable<number>): Uint8Array {
  const vector = content ?? Uint8Array.of(0);
  const reader = new WasmReader(vector);
  const count = reader.u32();
  return concat([leb(count + 1), vector.subarray(reader.position), Uint8Array.from(item)]);
}

function name(text: string): Uint8Array {
  return Uint8Array.of(text.length, ...new TextEncoder().encode(text));
}

function leb(value: number): Uint8Array {
  const octets: number[] = [];
  for (let rest = value;; rest >>>= 7) {
    if (rest < 0x80) return Uint8Array.of(...octets, rest);
    octets.push((rest & 0x7f) | 0x80);
  }
}

/** Of a number that is not negative. */
function signedLeb(value: number): Uint8Array {
  const octets: number[] = [];
  for (let rest = value;; rest >>>= 7) {
    if (rest < 0x40) return Uint8Array.of(...octets, rest);
    octets.push((rest & 0x7f) | 0x80);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
