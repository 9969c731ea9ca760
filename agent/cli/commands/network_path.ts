/** `tendril network path`: which way messages take from here, and why. */

import type { RouteReport, ServiceReport } from "../../management/route_report.ts";
import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { table, type TableStyle } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { DESTINATION } from "../destination.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";

/** See the summary. */
export const networkPath: Command = defineCommand({
  name: "network path",
  summary: "show which way messages take from here, and why",
  description:
    "Shows every link on the way from the site that runs in DIR to a router, or to whoever serves a routing key, with " +
    "its cost; and what the ways through other neighbours would cost. Every router on the way is asked for its next step.",
  positionals: [DESTINATION],
  flags: { dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: OUTPUT_FLAG },
  examples: [
    { title: "the way to a service", line: "tendril network path web --dir ./west" },
    { title: "the way to a router", line: "tendril network path hub --dir ./west" },
  ],
  exits: [],
  permissions: ASKING,
  async run({ args, flags, io }) {
    const { survey } = await import("../../management/survey.ts");
    const { destination } = await import("../destination.ts");
    const found = destination(await askSite(flags.dir, flags.timeout, survey), args.destination);
    const style = { colors: io.stdoutTerminal && io.colors };
    io.stdout(
      flags.output !== "text" ? await structured(flags.output, found) : [
        ...found.service === undefined ? [] : [...choice(found.service), ""],
        ...found.routes.flatMap((route) => [...way(route, style), ""]),
      ].join("\n"),
    );
    return EXIT.ok;
  },
});

/** Who serves a key, and who of them is taken. */
function choice({ address, treatment, costs, chosen }: ServiceReport): string[] {
  const served = costs.map(({ router, cost }) => `${router} (${cost === null ? "out of reach" : `cost ${cost}`})`);
  const names = chosen.join(", ");
  const why = {
    multicast: `all of them get a copy: ${names}`,
    closest: `the closest is taken: ${names}`,
    balanced: `the least sum of cost and work under way is taken: ${names}, while all are idle`,
  }[treatment] ?? `taken: ${names}`;
  return [`${address} is served by ${served.join(", ")}; ${costs.length === 1 ? "there is no other" : why}`];
}

function way({ to, hops, cost, alternatives }: RouteReport, style: TableStyle): string[] {
  if (hops.length === 0) return [`${to} is this router`];
  return [
    ...table(
      `The way to ${to}, cost ${cost}`,
      ["HOP", "FROM", "TO", "COST"],
      hops.map(({ from, to, cost }, at) => [at + 1, from, to, cost]),
      style,
    ),
    `  ${reason(cost, alternatives)}`,
  ];
}

/** Why this way and no other. */
function reason(cost: number, alternatives: RouteReport["alternatives"]): string {
  if (alternatives.length === 0) return "There is no other way.";
  const others = alternatives.map((other) => `${other.via} (${other.cost === null ? "cost not known" : other.cost})`);
  const equal = alternatives.some((other) => other.cost === cost);
  const why = equal ? "Of equals, all routers choose the same one" : "It costs least";
  return `${why}; other ways lead by ${others.join(", ")}.`;
}
