/**
 * Loaded into the program before it runs (`deno run --preload`): ends the process by SIGKILL right before the file or
 * socket operation whose number is the last word of the command line, counted from 1, and takes that word away. What it
 * was goes to stderr, so that a test can see how many different ones there are; with 0 it is each of them that does.
 */

import { Socket } from "node:net";

const killAt = Number(Deno.args.at(-1));
let count = 0;

function step(name: string): void {
  count++;
  if (killAt === 0) Deno.stderr.writeSync(new TextEncoder().encode(`STEP ${name}\n`));
  if (count !== killAt) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`KILLED BEFORE ${name}\n`));
  Deno.kill(Deno.pid, "SIGKILL");
}

const api = Deno as unknown as Record<string, (...args: unknown[]) => unknown>;
for (const name of ["open", "rename", "remove", "readDir", "readFile", "readTextFile", "stat"]) {
  const real = api[name]!;
  api[name] = (...args) => {
    step(`${name} ${String(args[0]).replace(/.*\//, "").replace(/[0-9a-f-]{36}/, "X")}`);
    return real(...args);
  };
}
const file = Deno.FsFile.prototype as unknown as typeof api;
for (const name of ["write", "sync", "close", "tryLock"]) {
  const real = file[name]!;
  file[name] = function (this: unknown, ...args: unknown[]) {
    step(name);
    return real.apply(this, args);
  };
}
const socket = Socket.prototype as unknown as typeof api;
for (const name of ["connect", "write", "end", "destroy"]) {
  const real = socket[name]!;
  socket[name] = function (this: unknown, ...args: unknown[]) {
    step(`socket ${name}`);
    return real.apply(this, args);
  };
}
Object.defineProperty(Deno, "args", { value: Deno.args.slice(0, -1) });
