/** `tendril adaptor inspect FILE`: what a module is, and whether a site would load it. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { readModule } from "../module_file.ts";

/** See the summary. */
export const adaptorInspect: Command = defineCommand({
  name: "adaptor inspect",
  summary: "show what a plugin is, and whether a site would load it",
  description:
    "Puts a module through the checks that a site makes of it, but for pin and signature, and shows its digest and what it " +
    "says of itself. It is run only to describe itself, with no more than an adaptor may ever use.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The WebAssembly module." }],
  flags: { output: OUTPUT_FLAG },
  examples: [{ title: "what is this?", line: "tendril adaptor inspect redis.wasm" }],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "FILE", why: "the module" }],
  async run({ args, flags, io }) {
    const { bytes, digest } = await readModule(args.file);
    const { loadAdaptor } = await import("../../adaptor/load.ts");
    const { description } = await loadAdaptor({ name: "inspected", bytes, digest, foreign: true });
    const { describedAs, version, protocol, roles, messages, readsSocket, memoryOctets } = description;
    const facts = {
      sha256: digest,
      octets: bytes.length,
      name: describedAs,
      version,
      protocol,
      roles,
      messages,
      readsSocket,
      memoryOctets,
    };
    if (flags.output !== "text") io.stdout(await structured(flags.output, facts));
    else {
      for (const [name, value] of Object.entries(facts)) {
        io.stdout(`${`${name}:`.padEnd(14)}${[value].flat().join(", ")}\n`);
      }
    }
    return EXIT.ok;
  },
});
