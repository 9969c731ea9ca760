/** `tendril adaptor build DIR|FILE`: a plugin's source compiled to its module. */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";

/** See the summary. */
export const adaptorBuild: Command = defineCommand({
  name: "adaptor build",
  summary: "compile a plugin",
  description:
    "Compiles a plugin with the AssemblyScript compiler that Tendril's own adaptors are made with, and with the same options, " +
    "so that the same source gives the same module everywhere. Shows its digest and size, and the memory that each " +
    "connection gets. Imports from tendril/… are the SDK of this release. The compiler comes from npm, once, when it is " +
    "first needed; it runs in this process, and nothing else is run.",
  positionals: [
    {
      name: "source",
      placeholder: "DIR|FILE",
      help: "The plugin's folder, with assembly/index.ts, or its entry file.",
    },
  ],
  flags: {
    out: {
      kind: "text",
      placeholder: "OUT",
      help: "Where the module goes; DIR/NAME.wasm by default, or FILE with .wasm.",
    },
    output: OUTPUT_FLAG,
  },
  examples: [
    { title: "a plugin in its folder", line: "tendril adaptor build greeter" },
    { title: "to another place", line: "tendril adaptor build greeter --out west/greeter.wasm" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the source; FILE's folder if a file is named" },
    { kind: "write", scope: "OUT", why: "the module" },
  ],
  async run({ args, flags, io }) {
    const { findProject, writeModule } = await import("../kit/project.ts");
    const { entry, memoryPages, output } = await findProject(args.source);
    const { compileAdaptor, CompileError, COMPILER, CompilerMissing, digestOf } = await import(
      "../../../adaptors/compile.ts"
    );
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await compileAdaptor(entry, { memoryPages });
    } catch (cause) {
      if (cause instanceof CompilerMissing) {
        throw new TendrilError("ADAPTOR_TOOL", messageOf(cause), {
          cause: cause.cause,
          hint: `Where npm can be reached, type \`deno cache ${COMPILER}\`, here or with DENO_DIR copied from there; ` +
            "after that nothing is fetched any more.",
        });
      }
      if (!(cause instanceof CompileError)) throw cause;
      throw new TendrilError("ADAPTOR_COMPILE", `${entry} does not compile:\n${messageOf(cause)}`, {
        cause,
        hint: "Correct the source; the SDK's modules are imported as tendril/NAME.",
      });
    }
    const out = flags.out ?? output;
    await writeModule(out, bytes);
    const facts = { module: out, sha256: await digestOf(bytes), octets: bytes.length, memoryPages };
    if (flags.output !== "text") io.stdout(await structured(flags.output, facts));
    else {
      for (const [name, value] of Object.entries(facts)) io.stdout(`${`${name}:`.padEnd(13)}${value}\n`);
    }
    return EXIT.ok;
  },
});
