/** `tendril delete KIND/NAME`: takes resources out of the folder of a site. */

import type { ResourceRef } from "../../site/problems.ts";
import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FILE_FLAG } from "../flags.ts";
import { CHANGE_FLAGS, changeAndTell, CHANGING } from "../folder_commands.ts";
import { readResourceInput } from "../resource_input.ts";

/** See the summary. */
export const deleteCommand: Command = defineCommand({
  name: "delete",
  summary: "take resources out of the folder of a site",
  description:
    "Takes out the resource KIND/NAME, or those that the files of -f name; a file in which nothing is left goes, too. What " +
    "others still need, such as the Secret of a Link, is not taken. A running site applies it, and is waited for: " +
    "connections of a Listener or Connector that goes live on until they end.",
  positionals: [{
    name: "what",
    placeholder: "KIND/NAME",
    help: "The resource, such as listener/web.",
    optional: true,
  }],
  flags: { file: FILE_FLAG, ...CHANGE_FLAGS },
  examples: [
    { title: "one Listener", line: "tendril delete listener/web --dir ./west" },
    { title: "what a file put there", line: "tendril delete -f services.yaml --dir ./west" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "FILE", why: "with -f: the names of the resources", optional: true },
    ...CHANGING,
  ],
  async run({ args, flags, io, logger }) {
    const { editToDelete } = await import("../../site/store/edit.ts");
    const refs: ResourceRef[] = args.what === undefined ? [] : [refOf(args.what)];
    if (flags.file.length > 0) {
      refs.push(...(await readResourceInput(flags.file, io, logger)).map(({ document }) => document));
    }
    if (refs.length === 0) throw usage("USAGE_ARGUMENT_MISSING", "KIND/NAME or --file is missing", "delete");
    await changeAndTell(flags, { io, logger }, (files) => editToDelete(files, refs));
    return EXIT.ok;
  },
});

function refOf(text: string): ResourceRef {
  const [kind = "", name = "", ...more] = text.split("/");
  if (kind !== "" && name !== "" && more.length === 0) return { kind, name };
  throw usage("USAGE_KIND", `"${text}" is not KIND/NAME`, "delete", "Write it as listener/web.");
}
