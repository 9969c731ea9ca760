/** `tendril debug events`: what happened at a running site lately. */

import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { eventsOf, TOPICS } from "../events.ts";
import { EXIT } from "../exit_codes.ts";
import { FORMAT_FLAG } from "../flags.ts";
import { writeResult } from "../format.ts";
import type { KeptRecord } from "../../telemetry/log_ring.ts";

/** See the summary. */
export const debugEvents: Command = defineCommand({
  name: "debug events",
  summary: "show what happened at a running site lately",
  description:
    "Asks the running site for the last records of its log, which it keeps in memory: links that came and went, listeners that " +
    "opened and closed, targets that failed, certificates that were renewed, peers, changes of the folder. The newest is last; " +
    "the same thing several times in a row is one line with a count.",
  positionals: [],
  flags: {
    about: { kind: "choice", choices: ["all", ...TOPICS], default: "all", help: "What the events are about." },
    last: { kind: "integer", placeholder: "N", min: 1, max: 10_000, default: 50, help: "How many are shown." },
    dir: RUNNING_SITE_FLAG,
    timeout: TIMEOUT_FLAG,
    output: FORMAT_FLAG,
  },
  examples: [
    { title: "what happened", line: "tendril debug events --dir ./west" },
    { title: "the last ten things about links", line: "tendril debug events --about link --last 10 --dir ./west" },
  ],
  exits: [],
  permissions: ASKING,
  async run({ flags, io }) {
    const { managementAddress } = await import("../../management/client.ts");
    const { PROCESS_IDENTITY, PROCESS_TYPE } = await import("../../management/entities.ts");
    const { log } = await askSite(
      flags.dir,
      flags.timeout,
      (client) => client.read(managementAddress(), PROCESS_TYPE, PROCESS_IDENTITY),
    );
    const all = eventsOf(JSON.parse(String(log)) as KeptRecord[]);
    const events = all.filter(({ topic }) => flags.about === "all" || topic === flags.about).slice(-flags.last);
    await writeResult(flags.output, io, { events }, [{
      title: "Events",
      heads: ["TIME", "ABOUT", "LEVEL", "COUNT", "EVENT", "FACTS"],
      rows: events.map(({ time, topic, level, count, message, fields }) => [
        time,
        topic,
        level,
        count,
        message,
        Object.entries(fields).map(([name, value]) => `${name}=${text(value)}`).join(" "),
      ]),
    }]);
    return EXIT.ok;
  },
});

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
