/** `tendril system bundle`: a site with its program in one file, for a machine without a network. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FOLDER_FLAG } from "../folder_commands.ts";

const OWNER_ONLY = 0o600;

/** See the summary. */
export const systemBundle: Command = defineCommand({
  name: "system bundle",
  summary: "pack a site and its program into one file, for another machine",
  description:
    "Writes an archive with the folder of the site, the one-file program, `run`, which runs the site with exactly the " +
    "permissions that it needs, and `tendril` for all other commands. On the other machine nothing but Deno is needed: no network, " +
    "no cache. The archive holds private keys: keep it as safe as a password. What a running site keeps in DIR/run is left out. " +
    "A file that is there is never overwritten.",
  positionals: [],
  flags: {
    dir: FOLDER_FLAG,
    archive: {
      kind: "text",
      placeholder: "FILE",
      short: "o",
      required: true,
      help: "The archive, such as west.tar.gz.",
    },
  },
  examples: [{ title: "a site to carry away", line: "tendril system bundle --dir ./west --archive west.tar.gz" }],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the folder of the site" },
    { kind: "read", scope: "BUNDLE", why: "the one-file program" },
    { kind: "write", scope: "FILE", why: "the archive" },
  ],
  async run({ flags, io, entry }) {
    const { siteBundle } = await import("../system/site_bundle.ts");
    const octets = await siteBundle(flags.dir, entry, io.now());
    try {
      await Deno.writeFile(flags.archive, octets, { createNew: true, mode: OWNER_ONLY });
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      throw new TendrilError("OUTPUT_FILE", `can't write the new file ${flags.archive}`, {
        cause,
        hint: "Choose a name that is not taken, in a folder that is yours.",
      });
    }
    io.stdout(`${flags.archive}: unpack it, then type ./run\n`);
    return EXIT.ok;
  },
});
