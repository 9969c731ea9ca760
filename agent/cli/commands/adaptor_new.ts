/** `tendril adaptor new NAME`: the beginning of a plugin. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";

/** What a module may call itself. */
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** See the summary. */
export const adaptorNew: Command = defineCommand({
  name: "adaptor new",
  summary: "write the beginning of a plugin",
  description:
    "Writes a small plugin in AssemblyScript that works as it is, with conversations that test it and a README, into a new " +
    "folder. It makes a message of each line that a client sends, and a line of each answer: replace that by your protocol.",
  positionals: [{
    name: "name",
    placeholder: "NAME",
    help: "What it calls itself; lower-case letters, digits, dashes.",
  }],
  flags: {
    dir: { kind: "text", placeholder: "DIR", help: "Folder that is made for it; ./NAME by default." },
    output: OUTPUT_FLAG,
  },
  examples: [{ title: "the beginning of a plugin", line: "tendril adaptor new greeter --dir greeter" }],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "DIR", why: "nothing is overwritten" }, {
    kind: "write",
    scope: "DIR",
    why: "the files",
  }],
  async run({ args, flags, io, logger }) {
    const { name } = args;
    if (!NAME.test(name)) {
      throw new TendrilError("ADAPTOR_NAME", `"${name}" can't be the name of a plugin`, {
        hint: "Use lower-case letters, digits and dashes, a letter first, at most 63 in all.",
      });
    }
    const dir = flags.dir ?? name;
    const { filesFor } = await import("../../../adaptors/samples/lines/files.ts");
    const { writeProject } = await import("../kit/project.ts");
    const files = await writeProject(dir, filesFor(name));
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, { name, dir, files })
        : files.map((path) => `${path}\n`).join(""),
    );
    logger.info("plugin begun", { name, dir, next: `tendril adaptor build ${dir}` });
    return EXIT.ok;
  },
});
