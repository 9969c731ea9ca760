/** `tendril plan`: what a change would do. */

import { type Command, defineCommand } from "../command.ts";
import { effectsOf, effectsOfReload, effectsTable } from "../effects.ts";
import { EXIT } from "../exit_codes.ts";
import { FILE_FLAG, FORMAT_FLAG } from "../flags.ts";
import { FOLDER_FLAG, LOOKING, RELOAD_TIMEOUT_FLAG } from "../folder_commands.ts";
import { warnOfGiven } from "../given_secret.ts";
import { writeResult } from "../format.ts";
import { readResourceInput } from "../resource_input.ts";
import { siteReportIfRunning } from "../site_report.ts";

/** See the summary. */
export const plan: Command = defineCommand({
  name: "plan",
  summary: "show what a change would do, and which connections it touches",
  description:
    "With -f: what `tendril apply` of these files would do. Without: what separates the running site from its folder, " +
    "which is what `tendril reload` would do, or a start where none runs. If the site runs, it is asked how many " +
    "connections each part has that would change. Nothing is changed.",
  positionals: [],
  flags: { file: FILE_FLAG, dir: FOLDER_FLAG, timeout: RELOAD_TIMEOUT_FLAG, output: FORMAT_FLAG },
  examples: [
    { title: "before an apply", line: "tendril plan -f services.yaml --dir ./west" },
    { title: "has everything been applied?", line: "tendril plan --dir ./west" },
  ],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "FILE", why: "with -f: the resources", optional: true }, ...LOOKING],
  async run({ flags, io, logger }) {
    const report = await siteReportIfRunning(flags.dir, flags.timeout);
    let effects;
    if (flags.file.length > 0) {
      const { editToApply } = await import("../../site/store/edit.ts");
      const { changeFolder } = await import("../../site/store/change.ts");
      const resources = await readResourceInput(flags.file, io, logger);
      const change = await changeFolder(flags.dir, true, (files) => editToApply(files, resources));
      for (const warning of change.warnings) logger.warn(warning);
      await warnOfGiven(flags.dir, change.changes, logger);
      effects = effectsOf(change, report);
    } else {
      const { loadSite } = await import("../../site/load.ts");
      const { digestsOf } = await import("../../site/digest.ts");
      const site = await loadSite(flags.dir);
      for (const { kind, name, message, hint } of site.broken ?? []) {
        logger.warn("resource can't be used", { kind, name, reason: message, next: hint });
      }
      effects = effectsOfReload(digestsOf(site), report);
    }
    const running = report !== undefined;
    const title = `Would be changed, the site is ${running ? "running" : "not running"}`;
    await writeResult(flags.output, io, { running, changes: effects }, [effectsTable(title, effects)]);
    return EXIT.ok;
  },
});
