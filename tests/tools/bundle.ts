/**
 * Makes `dist/tendril.js`, or the file that is named: the whole program, adaptors inside, as one file that runs from a
 * disk or from a web server.
 *
 * The bundler's own way of reaching Node's built-in modules, `createRequire(import.meta.url)`, refuses a program that
 * came over HTTP; the same modules are had without it.
 */

const [OUTPUT = "dist/tendril.js"] = Deno.args;

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--platform", "deno", "-o", OUTPUT, "agent/main.ts"],
}).spawn().status;
if (code !== 0) Deno.exit(code);

const text = await Deno.readTextFile(OUTPUT);
const portable = text.replace(
  /^import \{ createRequire as (\w+) \} from "node:module";\nvar __require = \1\(import\.meta\.url\);$/m,
  'import { getBuiltinModule as __require } from "node:process";',
);
if (portable === text) {
  console.error(`the bundler's prelude has changed: ${OUTPUT} would not run from a web server`);
  Deno.exit(1);
}
await Deno.writeTextFile(OUTPUT, portable);
console.log(`${OUTPUT}: ${(portable.length / 1024).toFixed(0)} KiB`);
