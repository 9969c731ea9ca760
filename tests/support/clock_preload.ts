/**
 * Loaded into the program before it runs (`deno run --preload`): its clock is off by the milliseconds that are the last
 * word of the command line, which is taken away.
 */

const offMs = Number(Deno.args.at(-1));
const RealDate = Date;
const now = () => RealDate.now() + offMs;

class SkewedDate extends RealDate {
  constructor(...given: [] | [number | string]) {
    super(given.length === 0 ? now() : given[0]);
  }
  static override now(): number {
    return now();
  }
}

globalThis.Date = SkewedDate as DateConstructor;
Object.defineProperty(Deno, "args", { value: Deno.args.slice(0, -1) });
