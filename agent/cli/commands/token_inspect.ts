/** `tendril token inspect FILE`: what a token says, without its code. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { readTokenFile } from "../token_file.ts";

/** See the summary. */
export const tokenInspect: Command = defineCommand({
  name: "token inspect",
  summary: "show what a token says, never its code",
  description:
    "Shows what kind of token a file holds, where it is redeemed, whom it trusts and until when. Nothing is contacted, " +
    "and no use is spent. Uses and expiry of a token are known to the site that issued it.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The token file; `-` reads stdin." }],
  flags: { output: OUTPUT_FLAG },
  examples: [{ title: "where does it lead?", line: "tendril token inspect west.token" }],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "FILE", why: "the token" }],
  async run({ args, flags, io }) {
    const token = await readTokenFile(args.file, io);
    const { describeToken } = await import("../../site/tokens/describe.ts");
    const facts = describeToken(token);
    if (flags.output !== "text") io.stdout(await structured(flags.output, facts));
    else {
      for (const [name, value] of Object.entries(facts)) {
        if (value !== null) io.stdout(`${`${name}:`.padEnd(14)}${[value].flat().join(", ")}\n`);
      }
    }
    return EXIT.ok;
  },
});
