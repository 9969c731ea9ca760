/** `tendril system start|stop|reload|status|uninstall`: the unit that `system install` wrote. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FOLDER_FLAG } from "../folder_commands.ts";
import type { CliIo } from "../io.ts";
import type { PermissionNeed } from "../permissions.ts";
import {
  checkUnitName,
  HOME,
  SYSTEM_FLAG,
  SYSTEMCTL,
  UNIT_FOLDER_FLAG,
  UNIT_NAME_FLAG,
  UNITS_READ,
} from "../system/flags.ts";
import type { UnitScope } from "../system/unit.ts";

const READING: PermissionNeed = { kind: "read", scope: "DIR", why: "the name of the site" };
const FLAGS = { dir: FOLDER_FLAG, name: UNIT_NAME_FLAG, system: SYSTEM_FLAG } as const;

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
    examples: [
      { title: "the site in ./west", line: `tendril system ${verb} --dir ./west` },
      { title: "that of a namespace", line: `tendril system ${verb} -n west` },
    ],
    exits: ["configuration"],
    permissions: [READING, UNITS_READ, HOME, SYSTEMCTL],
    async run({ flags, io, namespace }) {
      const { manage } = await import("../system/manager.ts");
      const { unitName } = await import("../system/unit.ts");
      checkUnitName(flags.name, `system ${verb}`);
      const scope = flags.system ? "system" : "user";
      const name = await unitMeant(flags, scope, namespace, io);
      const { code, text } = await manage(scope, [...words, unitName(name)]);
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
  examples: [
    { title: "the site in ./west", line: "tendril system uninstall --dir ./west" },
    { title: "one whose folder is gone", line: "tendril system uninstall --name west" },
  ],
  exits: ["configuration"],
  permissions: [READING, { kind: "write", scope: "UNITS", why: "the unit" }, UNITS_READ, HOME, SYSTEMCTL],
  async run({ flags, io, logger, namespace }) {
    checkUnitName(flags.name, "system uninstall");
    const { manage } = await import("../system/manager.ts");
    const { unitName } = await import("../system/unit.ts");
    const scope = flags.system ? "system" : "user";
    const name = await unitMeant(flags, scope, namespace, io);
    const { unitFile } = await import("../system/installation.ts");
    const path = await unitFile(name, scope, flags["unit-folder"]);
    const tell = async (words: readonly string[]) => {
      await manage(scope, words).catch((error) => {
        if (!(error instanceof TendrilError)) throw error;
        logger.warn("systemd was not told", { reason: error.message, next: error.hint });
      });
    };
    await tell(["disable", "--now", unitName(name)]);
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

/** What a command line says about the unit that it means. */
interface UnitWords {
  /** Folder of the site. */
  readonly dir: string;
  /** Name of the unit. */
  readonly name: string | undefined;
  /** Where units are. */
  readonly "unit-folder"?: string | undefined;
}

/** The name of the unit; where that can be seen, it is one of this site and of no other. Throws SYSTEM_UNIT. */
async function unitMeant(
  { dir, name, "unit-folder": folder }: UnitWords,
  scope: UnitScope,
  namespace: string | undefined,
  io: CliIo,
): Promise<string> {
  // One that is named is found by that alone: the folder of its site may be gone.
  if (name !== undefined) return name;
  const { checkUnitIsOf, unitFile, unitNameOf } = await import("../system/installation.ts");
  const named = await unitNameOf(dir, namespace, io);
  const isKnown = folder !== undefined || scope === "system" ||
    Deno.permissions.querySync({ name: "sys", kind: "homedir" }).state === "granted";
  if (isKnown) await checkUnitIsOf(dir, await unitFile(named, scope, folder));
  return named;
}

/** See the head of the file. */
export const systemCommands: readonly Command[] = [...control, uninstall];
