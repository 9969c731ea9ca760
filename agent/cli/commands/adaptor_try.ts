/** `tendril adaptor test FILE`: the contract of the ABI, clause by clause. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { readModule, readText } from "../module_file.ts";

/** See the summary. */
export const adaptorTest: Command = defineCommand({
  name: "adaptor test",
  summary: "put a plugin to the test of the contract that every adaptor keeps",
  description:
    "Runs the contract suite of the adaptor ABI over a module: states, limits, unknown and broken records, noise, the same " +
    "answers to the same input. How well the plugin speaks its own protocol is known from the conversations that its author " +
    "wrote down, if you name them. Ends with 1 when a clause is broken.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The WebAssembly module." }],
  flags: {
    transcripts: {
      kind: "list",
      placeholder: "YAML",
      help: "File of conversations that it must have; may be repeated.",
    },
    output: OUTPUT_FLAG,
  },
  examples: [
    { title: "a plugin of somebody else", line: "tendril adaptor test redis.wasm" },
    {
      title: "before it is published",
      line: "tendril adaptor test redis.wasm --transcripts redis/transcripts.yaml",
    },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "FILE", why: "the module" },
    { kind: "read", scope: "YAML", why: "conversations, if a file of them is named" },
  ],
  async run({ args, flags, io }) {
    const { bytes, digest } = await readModule(args.file);
    const { loadAdaptor } = await import("../../adaptor/load.ts");
    const { tryModule } = await import("../../adaptor/trial.ts");
    // Once to learn its name, under which it is tested.
    const { description } = await loadAdaptor({ name: "tested", bytes, digest, foreign: true });
    const { readTranscripts } = await import("../kit/transcript_file.ts");
    const recorded = [];
    for (const path of flags.transcripts) {
      recorded.push(...readTranscripts(await readText(path), path, description.messages === "many"));
    }
    const verdicts = tryModule(await loadAdaptor({ name: description.describedAs, bytes, digest }), bytes, recorded);
    const failed = verdicts.filter(({ fault }) => fault !== undefined).length;
    if (flags.output !== "text") {
      const clauses = verdicts.map(({ clause, fault }) => ({
        clause,
        kept: fault === undefined,
        fault: fault ?? null,
      }));
      io.stdout(await structured(flags.output, { sha256: digest, failed, clauses }));
    } else {
      for (const { clause, fault } of verdicts) {
        io.stdout(fault === undefined ? `ok      ${clause}\n` : `BROKEN  ${clause}: ${fault}\n`);
      }
    }
    return failed === 0 ? EXIT.ok : EXIT.failure;
  },
});
