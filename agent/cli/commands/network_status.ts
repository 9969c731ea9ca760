/** `tendril network status`: the network as the routers themselves tell it. */

import type { Survey } from "../../management/survey.ts";
import type { SiteStatus } from "../../site/status.ts";
import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { table, type TableStyle } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";

const DAY_MS = 24 * 3_600_000;

/** See the summary. */
export const networkStatus: Command = defineCommand({
  name: "network status",
  summary: "show the routers, links and addresses of the network",
  description:
    "Asks the site that runs in DIR and, through it, every interior of the network: which routers there are, what the " +
    "way to them costs and by which neighbour it leads, which links join them, and who serves which address. A router " +
    "that does not answer is listed as such. Last, until when the certificates are good that this site shows. Links of edges add nothing to a cost.",
  positionals: [],
  flags: { dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: OUTPUT_FLAG },
  examples: [
    { title: "the network around the site in ./west", line: "tendril network status --dir ./west" },
    { title: "for a program", line: "tendril network status --dir ./west -o json" },
  ],
  exits: [],
  permissions: ASKING,
  async run({ flags, io }) {
    const { survey } = await import("../../management/survey.ts");
    const { readReport } = await import("../site_report.ts");
    const [found, { site }] = await askSite(
      flags.dir,
      flags.timeout,
      async (client) => [await survey(client), await readReport(client)] as const,
    );
    const { here, routers, links, addresses } = found;
    const certificates = expiries(site);
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, { here, routers, links, addresses, certificates })
        : tables(found, certificates, io.now(), { colors: io.stdoutTerminal && io.colors }),
    );
    return EXIT.ok;
  },
});

/** Until when a certificate that this site shows is good. */
interface Expiry {
  /** Name of the Link or RouterAccess. */
  readonly name: string;
  /** What it is. */
  readonly use: "link" | "port";
  /** RFC 3339. */
  readonly expires: string;
}

function expiries({ links, access }: SiteStatus): Expiry[] {
  const told = (
    use: Expiry["use"],
    parts: readonly { readonly name: string; readonly expires?: number | undefined }[],
  ) =>
    parts.flatMap(({ name, expires }) =>
      expires === undefined ? [] : [{ name, use, expires: new Date(expires).toISOString() }]
    );
  // The ports of one RouterAccess share theirs.
  const ports = access.filter(({ name }, at) => access.findIndex((other) => other.name === name) === at);
  return [...told("port", ports), ...told("link", links)];
}

function tables(
  { here, routers, links, addresses }: Survey,
  certificates: readonly Expiry[],
  now: number,
  style: TableStyle,
): string {
  const state = (id: string, cost: number | null, silent: string | null) =>
    id === here ? "here" : silent !== null ? silent : cost === null ? "no way" : "";
  return [
    ...table(
      "Routers",
      ["ROUTER", "KIND", "PROGRAM", "COST", "NEXT HOP", "STATE"],
      routers.map(({ id, role, product, version, cost, nextHop, silent }) => [
        id,
        role,
        product === null ? null : `${product} ${version ?? ""}`.trimEnd(),
        cost,
        nextHop,
        state(id, cost, silent),
      ]),
      style,
    ),
    "",
    ...table(
      "Links",
      ["FROM", "TO", "COST", "BACK", "STATE"],
      links.map(({ from, to, cost, costBack, state }) => [from, to, cost, costBack, state]),
      style,
    ),
    "",
    ...table(
      "Addresses",
      ["ADDRESS", "TREATMENT", "SERVED BY"],
      addresses.map(({ address, treatment, routers }) => [address, treatment, routers.join(", ")]),
      style,
    ),
    "",
    ...table(
      "Certificates of this site",
      ["NAME", "FOR", "EXPIRES", "DAYS LEFT"],
      certificates.map(({ name, use, expires }) => [
        name,
        use,
        expires.slice(0, 10),
        Math.floor((Date.parse(expires) - now) / DAY_MS),
      ]),
      style,
    ),
    "",
  ].join("\n");
}
