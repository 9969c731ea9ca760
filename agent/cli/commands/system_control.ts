/** `tendril system start|stop|reload|status|uninstall`: the unit that `system install` wrote. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FOLDER_FLAG } from "../folder_commands.ts";
import type { PermissionNeed } from "../permissions.ts";
import { HOME, SYSTEM_FLAG, SYSTEMCTL, UNIT_FOLDER_FLAG } from "../system/flags.ts";

const READING: PermissionNeed = { kind: "read", scope: "DIR", why: "the name of the site" };
const NAME_FLAG = { kind: "text", placeholder: "SITE", help: "Name of the site, where its folder is gone." } as const;
const FLAGS = { dir: FOLDER_FLAG, name: NAME_FLAG, system: SYSTEM_FLAG } as const;

/** Words of `tendril system`, and what they are for systemd. */
const VERBS = {
  start: { summary: "have systemd start a site", words: ["start"] },
  stop: { summary: "have systemd stop a site, which drains", words: ["stop"] },
  reload: { summary: "have systemd make a site read its folder now", words: ["reload"] },
  status: { summary: "show what systemd says of a site", words: ["status", "--lines=10"] },
} as const;

const control: readonly Command[] = Object.entries(VERBS).map(([verb, { summary, words }]) =>
  defineCommand({
    name: `system ${verb}`,
    summary,
    description:
      `Tells systemd to ${
        verb === "status" ? "show the status of" : verb
      } the unit that \`tendril system install\` wrote for the site in DIR. ` +
      "Where systemctl is missing or may not be started, the line to type is told. Ends as systemctl does: 0, or 1.",
    positionals: [],
    flags: FLAGS,
    examples: [{ title: "the site in ./west", line: `tendril system ${verb} --dir ./west` }],
    exits: ["configuration"],
    permissions: [READING, SYSTEMCTL],
    async run({ flags, io, namespace }) {
      const { manage } = await import("../system/manager.ts");
      const { unitName } = await import("../system/unit.ts");
      const scope = flags.system ? "system" : "user";
      const unit = unitName(flags.name ?? namespace ?? await siteName(flags.dir));
      const { code, text } = await manage(scope, [...words, unit]);
      if (text !== "") io.stdout(`${text}\n`);
      return code === 0 ? EXIT.ok : EXIT.failure;
    },
  })
);

const uninstall = defineCommand({
  name: "system uninstall",
  summary: "take a site out of systemd",
  description:
    "Stops and disables the unit of the site and removes its file. The folder of the site stays as it is. Where systemctl is " +
    "missing or may not be started, the file is removed and the lines to type are told.",
  positionals: [],
  flags: { ...FLAGS, "unit-folder": UNIT_FOLDER_FLAG },
  examples: [{ title: "the site in ./west", line: "tendril system uninstall --dir ./west" }],
  exits: ["configuration"],
  permissions: [READING, { kind: "write", scope: "UNITS", why: "the unit" }, HOME, SYSTEMCTL],
  async run({ flags, io, logger, namespace }) {
    const { manage } = await import("../system/manager.ts");
    const { unitFile } = await import("../system/installation.ts");
    const { unitName } = await import("../system/unit.ts");
    const scope = flags.system ? "system" : "user";
    const site = flags.name ?? namespace ?? await siteName(flags.dir);
    const path = await unitFile(site, scope, flags["unit-folder"]);
    const tell = async (words: readonly string[]) => {
      await manage(scope, words).catch((error) => {
        if (!(error instanceof TendrilError)) throw error;
        logger.warn("systemd was not told", { reason: error.message, next: error.hint });
      });
    };
    await tell(["disable", "--now", unitName(site)]);
    try {
      await Deno.remove(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      const gone = cause instanceof Deno.errors.NotFound;
      throw new TendrilError("SYSTEM_UNIT", gone ? `there is no unit at ${path}` : `can't remove ${path}`, {
        cause,
        hint: gone ? "See whether it was installed with --system or --unit-folder." : "Run it as who installed it.",
      });
    }
    await tell(["daemon-reload"]);
    io.stdout(`${path} is gone\n`);
    return EXIT.ok;
  },
});

async function siteName(dir: string): Promise<string> {
  const { loadSite } = await import("../../site/load.ts");
  return (await loadSite(dir)).name;
}

/** See the head of the file. */
export const systemCommands: readonly Command[] = [...control, uninstall];
