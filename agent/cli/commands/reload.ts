/** `tendril reload`: a running site reads its folder now. */

import { type Command, defineCommand } from "../command.ts";
import { ASKING, RUNNING_SITE_FLAG } from "../ask_site.ts";
import { EXIT } from "../exit_codes.ts";
import { FORMAT_FLAG } from "../flags.ts";
import { RELOAD_TIMEOUT_FLAG } from "../folder_commands.ts";
import { writeResult } from "../format.ts";
import { reloadSite } from "../site_report.ts";

/** See the summary. */
export const reload: Command = defineCommand({
  name: "reload",
  summary: "have a running site read its folder now",
  description:
    "A running site sees changes by itself, a fraction of a second later. This has it look at once, also where the system " +
    "can't tell it of changes, and waits until they are applied. What is the same is not touched. It fails with the " +
    "reason when the folder makes no site; resources that are broken are listed.",
  positionals: [],
  flags: { dir: RUNNING_SITE_FLAG, timeout: RELOAD_TIMEOUT_FLAG, output: FORMAT_FLAG },
  examples: [{ title: "after files were copied", line: "tendril reload --dir ./west" }],
  exits: ["configuration"],
  permissions: ASKING,
  async run({ flags, io }) {
    const { site } = await reloadSite(flags.dir, flags.timeout);
    const broken = site.broken ?? [];
    const rows = broken.map(({ kind, name, status, message, hint }) => [kind, name, status, `${message}. ${hint}`]);
    const heads = ["KIND", "NAME", "STATUS", "MESSAGE"];
    await writeResult(flags.output, io, { site: site.name, broken }, [
      { title: `Resources of ${site.name} that are broken; the rest is applied`, heads, rows },
    ]);
    return EXIT.ok;
  },
});
