/** `tendril network status`: the network as the routers themselves tell it. */

import type { Survey } from "../../management/survey.ts";
import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { table, type TableStyle } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";

/** See the summary. */
export const networkStatus: Command = defineCommand({
  name: "network status",
  summary: "show the routers, links and addresses of the network",
  description:
    "Asks the site that runs in DIR and, through it, every interior of the network: which routers there are, what the " +
    "way to them costs and by which neighbour it leads, which links join them, and who serves which address. A router " +
    "that does not answer is listed as such. Links of edges add nothing to a cost.",
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
    const found = await askSite(flags.dir, flags.timeout, survey);
    const { here, routers, links, addresses } = found;
    io.stdout(
      flags.output === "json"
        ? `${JSON.stringify({ here, routers, links, addresses }, null, 2)}\n`
        : tables(found, { colors: io.stdoutTerminal && io.colors }),
    );
    return EXIT.ok;
  },
});

function tables({ here, routers, links, addresses }: Survey, style: TableStyle): string {
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
  ].join("\n");
}
