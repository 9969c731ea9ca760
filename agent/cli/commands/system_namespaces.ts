/** `tendril system namespaces`: the sites below the user's data folder. */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { TIMEOUT_FLAG } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FORMAT_FLAG } from "../flags.ts";
import { writeResult } from "../format.ts";
import { namespacesFolder, namespacesIn } from "../namespaces_folder.ts";
import { siteReportIfRunning } from "../site_report.ts";

/** What is told of a namespace. */
interface NamespaceState {
  /** Its name. */
  readonly name: string;
  /** `running` where its site answers; `broken` where there is no site that could. */
  readonly state: "running" | "stopped" | "broken";
  /** Name of its site; empty where it has none. */
  readonly site: string;
  /** Role of its site; empty where it has none. */
  readonly role: string;
  /** The folder. */
  readonly dir: string;
  /** What is wrong; empty where nothing is. */
  readonly message: string;
}

/** See the summary. */
export const systemNamespaces: Command = defineCommand({
  name: "system namespaces",
  summary: "the namespaces of this user, and how they are",
  description:
    "Lists the sites that -n may name: the folders below tendril/namespaces in the data folder of the user, ~/.local/share " +
    "unless XDG_DATA_HOME names another one; for root in /var/lib. A site is running where it answers at the socket in its " +
    "folder, else stopped; a folder whose files make no site is broken, and the message says why.",
  positionals: [],
  flags: { timeout: TIMEOUT_FLAG, output: FORMAT_FLAG },
  examples: [
    { title: "which sites are there?", line: "tendril system namespaces" },
    { title: "for a program", line: "tendril system namespaces -o json" },
  ],
  exits: [],
  permissions: [
    { kind: "read", scope: "NAMESPACES", why: "the folders, their resources and sockets" },
    { kind: "write", scope: "NAMESPACES", why: "to talk to the sites that run" },
    { kind: "net", scope: "unix:/PATH/NAMESPACES/DIR/run/amqp.sock", why: "the same, each of them" },
    { kind: "sys", scope: "homedir,uid", why: "where they are, unless XDG_DATA_HOME says so" },
  ],
  async run({ flags, io }) {
    const root = await namespacesFolder(io);
    const names = await namespacesIn(root);
    const states = await Promise.all(names.map((name) => stateOf(name, `${root}/${name}`, flags.timeout)));
    const rows = states.map(({ name, state, site, role, message }) => [name, state, site, role, message]);
    const heads = ["NAME", "STATE", "SITE", "ROLE", "MESSAGE"];
    await writeResult(flags.output, io, { folder: root, namespaces: states }, [
      { title: `Namespaces in ${root}`, heads, rows },
    ]);
    return EXIT.ok;
  },
});

async function stateOf(name: string, dir: string, timeoutSeconds: number): Promise<NamespaceState> {
  try {
    const report = await siteReportIfRunning(dir, timeoutSeconds);
    if (report !== undefined) {
      const { site: { name: site, role }, folder: { problem } } = report;
      return { name, state: "running", site, role, dir, message: problem?.message ?? "" };
    }
    const { loadSite } = await import("../../site/load.ts");
    const { name: site, role } = await loadSite(dir);
    return { name, state: "stopped", site, role, dir, message: "" };
  } catch (error) {
    if (!(error instanceof TendrilError)) throw error;
    return { name, state: "broken", site: "", role: "", dir, message: messageOf(error) };
  }
}
