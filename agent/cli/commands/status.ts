/** `tendril status`: how a running site and each of its resources are. */

import { ASKING, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FORMAT_FLAG } from "../flags.ts";
import { type TableView, writeResult } from "../format.ts";
import type { MemoryStatus } from "../../router/memory_ceiling.ts";
import { resourceTables } from "../resource_table.ts";
import { siteReport } from "../site_report.ts";
import { WAIT_FOR_FLAG, waitFor } from "../wait_for.ts";

/** See the summary. */
export const status: Command = defineCommand({
  name: "status",
  summary: "show how a site and its resources are, and what to do about those that are not ready",
  description:
    "Asks the site that runs in DIR for its resources with their conditions, as they are at this moment: Ready, Pending or " +
    "Error, why, and what to do. Conditions are those of Skupper: Configured, and Running and Resolved of a Site, Resolved " +
    "of a RouterAccess, Matched of a Listener, Operational of a Link or Connector; -o json or yaml shows all of them, each " +
    "with the time of its last change. Whether other sites listen to a Connector is not known here.",
  positionals: [],
  flags: { wait: WAIT_FOR_FLAG, dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: FORMAT_FLAG },
  examples: [
    { title: "what is not ready, and why?", line: "tendril status --dir ./west" },
    { title: "until all of it works", line: "tendril status --dir ./west --wait ready --timeout 60" },
    { title: "all conditions", line: "tendril status --dir ./west -o yaml" },
  ],
  exits: ["network"],
  permissions: ASKING,
  async run({ flags, io }) {
    const { resources, site: { memory } } = flags.wait === "none"
      ? await siteReport(flags.dir, flags.timeout)
      : await waitFor(flags.dir, flags.wait, () => true, flags.timeout);
    const views = [...resourceTables(resources), ...memory === undefined ? [] : [memoryTable(memory)]];
    await writeResult(flags.output, io, { resources, ...(memory === undefined ? {} : { memory }) }, views);
    return EXIT.ok;
  },
});

function memoryTable({ state, used, limit, refused, ended }: MemoryStatus): TableView {
  const mebibytes = (octets: number) => `${(octets / 1024 ** 2).toFixed(0)} MiB`;
  return {
    title: "Memory",
    heads: ["STATE", "USED", "CEILING", "REFUSED", "ENDED"],
    rows: [[state, mebibytes(used), mebibytes(limit), `${refused}`, `${ended}`]],
  };
}
