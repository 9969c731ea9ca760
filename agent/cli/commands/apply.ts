/** `tendril apply -f FILE`: puts resources into the folder of a site. */

import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FILE_FLAG } from "../flags.ts";
import { changeAndTell, CHANGING, PUT_FLAGS } from "../folder_commands.ts";
import { readResourceInput } from "../resource_input.ts";

/** See the summary. */
export const apply: Command = defineCommand({
  name: "apply",
  summary: "put resources into the folder of a site, and have it use them",
  description:
    "Each resource goes where one of its kind and name stands in DIR, comments around it untouched, or into a file of its " +
    "own. All of them are checked first, ports included, and then written in one step: a crash leaves the old state or " +
    "the new one. A running site applies what is different, touches nothing else, and is waited for.",
  positionals: [],
  flags: { file: FILE_FLAG, ...PUT_FLAGS },
  examples: [
    { title: "what a file holds", line: "tendril apply -f services.yaml --dir ./west" },
    { title: "until all of it works", line: "tendril apply -f services.yaml --dir ./west --wait ready --timeout 60" },
    { title: "from another program, tried first", line: "tendril apply -f - --dir ./west --dry-run" },
  ],
  exits: ["configuration", "network"],
  permissions: [{ kind: "read", scope: "FILE", why: "the resources" }, ...CHANGING],
  async run({ flags, io, logger }) {
    if (flags.file.length === 0) throw usage("USAGE_FLAG_MISSING", "--file FILE|DIR|- is required", "apply");
    const { editToApply } = await import("../../site/store/edit.ts");
    const resources = await readResourceInput(flags.file, io, logger);
    await changeAndTell(flags, { io, logger }, (files) => editToApply(files, resources));
    return EXIT.ok;
  },
});
