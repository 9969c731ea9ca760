/** `tendril system install`: a site as a service of the system. */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { GRACE_FLAG } from "../flags.ts";
import { FOLDER_FLAG } from "../folder_commands.ts";
import { siteWords } from "../namespace.ts";
import { shellWords } from "../program_line.ts";
import {
  checkUnitName,
  HOME,
  SYSTEM_FLAG,
  SYSTEMCTL,
  UNIT_FOLDER_FLAG,
  UNIT_NAME_FLAG,
  UNITS_READ,
} from "../system/flags.ts";

const READABLE = 0o644;

/** See the summary. */
export const systemInstall: Command = defineCommand({
  name: "system install",
  summary: "have systemd run a site, with the least it needs",
  description:
    "Writes a systemd unit that runs the site in DIR with exactly the permissions of Deno that its resources need now, and " +
    "with what of the system it may touch: its own folder. It is a unit of the user, unless --system is given; then it runs as " +
    "the owner of DIR. Where systemctl can be started, the unit is read and enabled; else the lines to type are told. The unit " +
    "runs the one-file program. It is called by the namespace of the site, else by the site, unless --name says otherwise; one " +
    "that runs another site is never replaced. When the site is to reach something else, a new target or port, install it " +
    "again and restart it.",
  positionals: [],
  flags: {
    dir: FOLDER_FLAG,
    name: UNIT_NAME_FLAG,
    system: SYSTEM_FLAG,
    print: { kind: "switch", help: "Print the unit, and do nothing." },
    grace: GRACE_FLAG,
    "unit-folder": UNIT_FOLDER_FLAG,
  },
  examples: [
    { title: "see what it would be", line: "tendril system install --dir ./west --print" },
    { title: "a service of the user", line: "tendril system install --dir ./west" },
    { title: "a service of the machine", line: "tendril system install --dir ./west --system" },
    { title: "the site in a namespace", line: "tendril system install -n west" },
    { title: "one of two sites of the same name", line: "tendril system install --dir ./west --name west-2" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's resources, and who owns them" },
    { kind: "read", scope: "BUNDLE", why: "to see that the one-file program is there" },
    { kind: "write", scope: "UNITS", why: "the unit" },
    UNITS_READ,
    HOME,
    SYSTEMCTL,
  ],
  async run({ flags, io, logger, entry, namespace }) {
    const { checkUnitIsOf, installation, unitFile, unitNameOf } = await import("../system/installation.ts");
    checkUnitName(flags.name, "system install");
    const scope = flags.system ? "system" : "user";
    const made = await installation(flags.dir, scope, flags.grace, entry);
    if (flags.print) {
      io.stdout(made.text);
      return EXIT.ok;
    }
    const named = flags.name ?? await unitNameOf(flags.dir, namespace, io);
    const path = await unitFile(named, scope, flags["unit-folder"]);
    await checkUnitIsOf(flags.dir, path);
    await write(path, made.text);
    logger.info("unit written", { file: path });
    const { manage, managerLine } = await import("../system/manager.ts");
    const { unitName } = await import("../system/unit.ts");
    const unit = unitName(named);
    for (const words of [["daemon-reload"], ["enable", unit]]) {
      try {
        const { code, text } = await manage(scope, words);
        if (code !== 0) {
          throw new TendrilError("SYSTEM_MANAGER", text, { hint: `See \`${managerLine(scope, words)}\`.` });
        }
      } catch (error) {
        if (!(error instanceof TendrilError)) throw error;
        logger.warn("the unit is written, and not enabled", { reason: messageOf(error), next: error.hint });
        io.stdout(`${path}\n# Without systemd the same is: ${shellWords(made.start)}\n`);
        return EXIT.ok;
      }
    }
    io.stdout(`${path}\n`);
    const again = `${siteWords(flags.dir, namespace)}${flags.name === undefined ? "" : ` --name ${flags.name}`}`;
    logger.info("unit enabled", { unit, next: `tendril system start ${again}` });
    return EXIT.ok;
  },
});

async function write(path: string, text: string): Promise<void> {
  try {
    await Deno.mkdir(path.replace(/\/[^/]*$/, "") || "/", { recursive: true });
    await Deno.writeTextFile(path, text, { mode: READABLE });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("OUTPUT_FILE", `can't write ${path}`, {
      cause,
      hint: "Run it as root with --system, name another place with --unit-folder, or take the text from --print.",
    });
  }
}
