/** `tendril ping`: how long every router on the way takes to answer. */

import { SYSTEM_CLOCK } from "../../lib/clock.ts";
import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { table } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { DESTINATION } from "../destination.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import type { RouterIdentity } from "../../router/address.ts";

/** One router on the way. */
interface Stop {
  readonly router: string;
  readonly role: RouterIdentity["role"];
  readonly sent: number;
  readonly lost: number;
  /** Round trips in ms; null when none came back. */
  readonly min: number | null;
  readonly avg: number | null;
  readonly max: number | null;
}

/** See the summary. */
export const ping: Command = defineCommand({
  name: "ping",
  summary: "measure how long each router on the way takes to answer",
  description:
    "Asks every router on the way to a router, or to whoever serves a routing key, a small question and measures the " +
    "time until its answer is there. The target of a service is not contacted. Exits with 1 when the last router on " +
    "the way gives no answer.",
  positionals: [DESTINATION],
  flags: {
    count: { kind: "integer", placeholder: "N", min: 1, max: 1000, default: 5, help: "How often each one is asked." },
    dir: RUNNING_SITE_FLAG,
    timeout: TIMEOUT_FLAG,
    output: OUTPUT_FLAG,
  },
  examples: [
    { title: "the way to a service", line: "tendril ping web --dir ./west" },
    { title: "a closer look at a router", line: "tendril ping hub --dir ./west --count 100" },
  ],
  exits: [],
  permissions: ASKING,
  async run({ args, flags, io }) {
    const { survey } = await import("../../management/survey.ts");
    const { managementAddress } = await import("../../management/client.ts");
    const { destination } = await import("../destination.ts");
    const stops = await askSite(flags.dir, flags.timeout, async (client) => {
      const network = await survey(client);
      const { routes: [route] } = destination(network, args.destination);
      const ids = route!.hops.length === 0 ? [route!.to] : route!.hops.map(({ to }) => to);
      const routers = ids.map((id) => network.routers.find((router) => router.id === id)!);
      const times = routers.map((): number[] => []);
      for (let round = 0; round < flags.count; round++) {
        for (const [at, router] of routers.entries()) {
          const began = SYSTEM_CLOCK.now();
          // Whatever it says, it has answered.
          const answered = await client.ask(managementAddress(router), "GET-OPERATIONS", { entityType: "router" })
            .then(() => true, (error) => error.code === "MANAGEMENT_REFUSED");
          if (answered) times[at]!.push(SYSTEM_CLOCK.now() - began);
        }
      }
      return routers.map(({ id, role }, at) => stop(id, role, flags.count, times[at]!));
    });
    const rows = stops.map(({ router, role, sent, lost, min, avg, max }, at) =>
      [at + 1, router, role, sent, lost, ...[min, avg, max].map((ms) => ms === null ? null : ms.toFixed(2))] as const
    );
    const heads = ["HOP", "ROUTER", "KIND", "SENT", "LOST", "MIN MS", "AVG MS", "MAX MS"];
    const style = { colors: io.stdoutTerminal && io.colors };
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, { destination: args.destination, hops: stops })
        : `${table(`Round trips on the way to ${args.destination}`, heads, rows, style).join("\n")}\n`,
    );
    const last = stops.at(-1);
    return last === undefined || last.lost === last.sent ? EXIT.failure : EXIT.ok;
  },
});

function stop(router: string, role: Stop["role"], sent: number, times: readonly number[]): Stop {
  const round = (ms: number) => Math.round(ms * 1000) / 1000;
  const some = times.length > 0;
  return {
    router,
    role,
    sent,
    lost: sent - times.length,
    min: some ? round(Math.min(...times)) : null,
    avg: some ? round(times.reduce((sum, ms) => sum + ms, 0) / times.length) : null,
    max: some ? round(Math.max(...times)) : null,
  };
}
