/**
 * Loaded into the program before it runs (`deno run --preload`): for it time passes as many times faster as the last word of
 * the command line says, which is taken away. Timers take as long as ever.
 */

const times = Number(Deno.args.at(-1));
const realNow = performance.now.bind(performance);
performance.now = () => realNow() * times;
Object.defineProperty(Deno, "args", { value: Deno.args.slice(0, -1) });
