/** `tendril adaptor list`: the adaptors of a running site. */

import { ASKING, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { table } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";

const COLUMNS = ["name", "state", "version", "digest", "faults", "source", "message"] as const;
/** Of a digest in a table: enough to tell it from others. */
const SHOWN_DIGEST = 19;

/** See the summary. */
export const adaptorList: Command = defineCommand({
  name: "adaptor list",
  summary: "show the adaptors of a running site, and how they are",
  description:
    "Asks the site that runs in DIR which adaptors it has: those that are built in and in use, and its plugins. Faults are " +
    "how often one broke the rules; each ended a connection. A plugin that does so too often is quarantined: it takes no " +
    "new connections for a while.",
  positionals: [],
  flags: { dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: OUTPUT_FLAG },
  examples: [{ title: "is the plugin there?", line: "tendril adaptor list --dir ./west" }],
  exits: [],
  permissions: ASKING,
  async run({ flags, io }) {
    const { siteReport } = await import("../site_report.ts");
    const { site: { adaptors } } = await siteReport(flags.dir, flags.timeout);
    if (flags.output !== "text") {
      io.stdout(await structured(flags.output, adaptors));
      return EXIT.ok;
    }
    const rows = adaptors.map((adaptor) => ({ ...adaptor, digest: adaptor.digest.slice(0, SHOWN_DIGEST) }))
      .map((adaptor) => COLUMNS.map((column) => adaptor[column]));
    const heads = COLUMNS.map((column) => column.toUpperCase());
    io.stdout(`${table("Adaptors", heads, rows, { colors: io.stdoutTerminal && io.colors }).join("\n")}\n`);
    return EXIT.ok;
  },
});
