/** `tendril debug check`: which piece is broken. */

import type { Checklist } from "../../site/diagnosis/checklist.ts";
import { RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { FORMAT_FLAG } from "../flags.ts";
import { writeResult } from "../format.ts";
import { readLinkFile } from "../link_file.ts";
import { LOCAL_SOCKET } from "../permissions.ts";

/** Steps that are about what the user supplied; those after them are about the network and about services. */
const CONFIGURATION = new Set(["folder", "clock", "credentials"]);
const NETWORK = new Set(["dns", "tcp", "proxy", "tls", "chain", "name", "validity", "websocket", "admission", "link"]);

/** See the summary. */
export const debugCheck: Command = defineCommand({
  name: "debug check",
  summary: "find out which piece is broken, step by step",
  description:
    "Goes every step that a connection goes, and times it: the folder, the clock, credentials, and for each endpoint " +
    "of each link its name, TCP, TLS, the peer's certificate and whether the peer admits us; then the running site, its ports, " +
    "links, listeners and targets. With KEY: is the key known in the network, does who serves it answer, and does a " +
    "connection reach the target. With --link no site is needed. The target sees a connection that is closed again. " +
    "Exits with 3 when the first broken piece is the folder, the credentials or the clock, with 4 when it is the way " +
    "to a link's peer, with 1 when it is anything behind that.",
  positionals: [{
    name: "key",
    placeholder: "KEY",
    help: "Routing key that is checked from end to end.",
    optional: true,
  }],
  flags: {
    dir: RUNNING_SITE_FLAG,
    link: { kind: "text", placeholder: "FILE", help: "Instead of a site: a link file, as an edge would use it." },
    timeout: { ...TIMEOUT_FLAG, help: "How long each step may take." },
    output: FORMAT_FLAG,
  },
  examples: [
    { title: "a site and all around it", line: "tendril debug check --dir ./west" },
    { title: "a service, from end to end", line: "tendril debug check web --dir ./west" },
    { title: "a link file, before it is used", line: "tendril debug check --link link.yaml" },
  ],
  exits: ["configuration", "network"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's resources, and the socket of the running site" },
    { kind: "read", scope: "FILE", why: "with --link: the link file", optional: true },
    { kind: "write", scope: "DIR/run", why: "to talk to the running site" },
    { kind: "net", scope: "LINK_HOST:PORT", why: "each endpoint of its links" },
    { kind: "net", scope: "TARGET_HOST:PORT", why: "each connector's target" },
    { kind: "net", scope: "ACCESS_HOST:PORT", why: "interior: each port that accepts peers" },
    { kind: "net", scope: LOCAL_SOCKET, why: "the running site, by the absolute path of DIR" },
  ],
  async run({ args, flags, io }) {
    const timeoutMs = flags.timeout * 1000;
    const list = flags.link === undefined ? await checkFolder(flags.dir, args.key, timeoutMs) : await checkLink(
      flags.link,
      args.key,
      timeoutMs,
      await readLinkFile(flags.link, io),
    );
    const { steps, broken } = list;
    const value = { ok: broken === undefined, broken: broken ?? null, steps };
    const title = broken === undefined ? "Nothing is broken" : `Broken: ${broken.step} of ${broken.subject}`;
    await writeResult(flags.output, io, value, [{
      title,
      heads: ["STEP", "OF", "RESULT", "MS", "FOUND", "NEXT"],
      rows: steps.map(({ step, subject, result, ms, found, next }) => [step, subject, result, ms, found, next ?? ""]),
    }]);
    return exitOf(broken?.step);
  },
});

async function checkFolder(dir: string, key: string | undefined, timeoutMs: number): Promise<Checklist> {
  const { checkSite } = await import("../../site/diagnosis/site_check.ts");
  return await checkSite(dir, key, timeoutMs);
}

async function checkLink(file: string, key: string | undefined, timeoutMs: number, text: string): Promise<Checklist> {
  const { checkLinkFile } = await import("../../site/diagnosis/link_file_check.ts");
  return await checkLinkFile(text, file, key, timeoutMs);
}

function exitOf(step: string | undefined): number {
  if (step === undefined) return EXIT.ok;
  return CONFIGURATION.has(step) ? EXIT.configuration : NETWORK.has(step) ? EXIT.network : EXIT.failure;
}
