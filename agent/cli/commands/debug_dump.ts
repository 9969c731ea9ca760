/** `tendril debug dump`: everything that helps to find a fault from afar, in one file, without secrets. */

import { TendrilError } from "../../lib/errors.ts";
import type { ManagementClient } from "../../management/client.ts";
import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FORMAT_FLAG } from "../flags.ts";
import { writeResult } from "../format.ts";

const OWNER_ONLY = 0o600;

/** See the summary. */
export const debugDump: Command = defineCommand({
  name: "debug dump",
  summary: "write all that helps to find a fault into one file, without secrets",
  description:
    "Writes an archive with versions, the resources of the site, certificates, and, while the site runs, its status, " +
    "the network as it sees it, its connections, links and addresses with their counters, memory, limits, and the last lines of " +
    "its log. Values of Secrets, codes of tokens, passwords and arguments of programs are left out, and what is left is searched " +
    "for them. Still, names, hosts and addresses are in it: look before you send it. A file that is there is never overwritten.",
  positionals: [{
    name: "file",
    placeholder: "FILE",
    help: "The archive, such as dump.tar.gz; else tendril-dump-TIME.tar.gz.",
    optional: true,
  }],
  flags: { dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: FORMAT_FLAG },
  examples: [
    { title: "for a bug report", line: "tendril debug dump dump.tar.gz --dir ./west" },
    { title: "what is in it?", line: "tendril debug dump again.tar.gz --dir ./west -o json" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's resources, and the socket of the running site" },
    { kind: "write", scope: "FILE", why: "the archive" },
    ...ASKING.filter(({ kind }) => kind !== "read"),
  ],
  async run({ args, flags, io, logger }) {
    const { collectDump } = await import("../../site/dump/collect.ts");
    const { tarGz } = await import("../../lib/tar.ts");
    const now = io.now();
    const time = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
    const path = args.file ?? `tendril-dump-${time}.tar.gz`;
    const collect = (client?: ManagementClient, why?: string) => collectDump(flags.dir, client, why, now);
    const dump = await askSite(flags.dir, flags.timeout, (client) => collect(client)).catch((error) => {
      if (!(error instanceof TendrilError) || error.code !== "LOCAL_SOCKET") throw error;
      logger.warn("the site does not run: its status, network and log are not in the dump", { dir: flags.dir });
      return collect(undefined, error.message);
    });
    const folder = `tendril-dump-${time}`;
    const entries = [...dump].map(([name, content]) => ({ name: `${folder}/${name}`, content, mode: OWNER_ONLY }));
    await writeNew(path, await tarGz(entries, now / 1000));
    const files = entries.map(({ name, content }) => ({ name, characters: content.length }));
    await writeResult(flags.output, io, { file: path, files }, [{
      title: `Written to ${path}`,
      heads: ["FILE", "CHARACTERS"],
      rows: files.map(({ name, characters }) => [name, characters]),
    }]);
    return EXIT.ok;
  },
});

async function writeNew(path: string, octets: Uint8Array): Promise<void> {
  try {
    await Deno.writeFile(path, octets, { createNew: true, mode: OWNER_ONLY });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const taken = cause instanceof Deno.errors.AlreadyExists;
    // Half an archive is of no use, and takes room that is wanted.
    if (!taken) await Deno.remove(path).catch(() => {});
    throw new TendrilError("OUTPUT_FILE", `can't write the new file ${path}`, {
      cause,
      hint: taken ? "Choose a name that is not taken." : "See that the disk has room, and that the folder is yours.",
    });
  }
}
