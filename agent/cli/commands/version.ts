/** `tendril version`: which release this is, and what it runs on. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { VERSION } from "../../lib/version.ts";

/** See the summary. */
export const version: Command = defineCommand({
  name: "version",
  summary: "print the version of Tendril and of what it runs on",
  description: "Prints one line, or an object with -o json. Give it with every bug report.",
  positionals: [],
  flags: { output: OUTPUT_FLAG },
  examples: [
    { title: "for people", line: "tendril version" },
    { title: "for scripts", line: "tendril version -o json" },
  ],
  exits: [],
  permissions: [],
  async run({ flags, io }) {
    const facts = {
      tendril: VERSION,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      platform: Deno.build.target,
    };
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, facts)
        : `tendril ${facts.tendril} (deno ${facts.deno}, v8 ${facts.v8}, ${facts.platform})\n`,
    );
    return EXIT.ok;
  },
});
