/** `tendril expose SERVICE...`: offers local targets to the network for as long as the command runs. */

import { type Command, defineCommand } from "../command.ts";
import { formatEndpoint } from "../../lib/endpoint.ts";
import { isLinked } from "../foreground.ts";
import { forwardLine, forwardNotes } from "../forward_line.ts";
import { oneLinerPermissions, runOneLiner } from "../one_liner.ts";
import { LINK_NEEDS, ONE_LINER_EXITS, ONE_LINER_FLAGS, partName } from "../one_liner_flags.ts";
import { exposedTls, exposedTlsReach, TARGET_TLS_FLAGS, TARGET_TLS_NEEDS } from "../one_liner_tls.ts";
import type { PermissionNeed } from "../permissions.ts";
import { parseExposed, pickKey } from "../services.ts";

const needs: readonly PermissionNeed[] = [
  ...LINK_NEEDS,
  { kind: "net", scope: "TARGET_HOST:PORT", why: "each target" },
  ...TARGET_TLS_NEEDS,
];

/** See the summary. */
export const expose: Command = defineCommand({
  name: "expose",
  summary: "offer local services to the network",
  description:
    "Becomes an edge of the network that the link file or token leads to, and serves each target under its routing key until " +
    "Ctrl-C. No port is opened on this machine: the link goes out, and clients come in over it. A target without a key gets " +
    "one that nobody else has, from the name of this folder or of its host; it is another one each time. Prints for each key " +
    "how others reach it.",
  positionals: [{
    name: "services",
    placeholder: "[KEY] TARGET",
    help:
      "Targets, HOST:PORT or a PORT of this machine, each with its routing key before it or as KEY=TARGET, or without one.",
    many: true,
  }],
  flags: { ...TARGET_TLS_FLAGS, ...ONE_LINER_FLAGS },
  examples: [
    { title: "offer what you are working on, under a key of its own", line: "tendril expose 3000 --token dev.token" },
    { title: "offer a web server of this machine", line: "tendril expose web 8080 --link link.yaml" },
    { title: "several at once", line: "tendril expose 3000 web=8080 db=db.internal:5432 --link link.yaml" },
    {
      title: "have each request balanced by itself",
      line: "tendril expose web 8080 --protocol http1 --link link.yaml",
    },
    {
      title: "offer a server that speaks TLS, with a certificate of your own CA",
      line: "tendril expose shop db.internal:8443 --tls-ca ca.crt --link link.yaml",
    },
    {
      title: "offer a database nearby, or fail within a minute",
      line: "tendril expose db db.internal:5432 --link link.yaml --wait 60",
    },
    {
      title: "under which flags does this run with the least?",
      line: "tendril expose db 5432 --link link.yaml --print-permissions",
    },
  ],
  exits: ONE_LINER_EXITS,
  permissions: needs,
  async run({ args, flags, io, logger, entry, words }) {
    const services = parseExposed(args.services, (target) => pickKey(target, Deno.cwd()));
    const tls = await exposedTls(flags);
    if (flags["print-permissions"]) {
      return await oneLinerPermissions({ needs, flags, io, entry, words }, {
        "TARGET_HOST:PORT": services.map(({ host, port }) => formatEndpoint(host, port)),
        ...await exposedTlsReach(flags),
      });
    }
    const stop = new AbortController();
    let reachable = false;
    try {
      return await runOneLiner({
        prefix: "expose",
        connectors: services.map(({ key, host, port }, index) => ({
          name: partName("expose", index),
          routingKey: key,
          host,
          port,
          protocol: flags.protocol,
          ...tls,
        })),
        flags,
        io,
        logger,
        announce: async () => {
          for (const { key, host, port } of services) {
            io.stdout(`${key} -> ${formatEndpoint(host, port)}\n  ${forwardLine(entry, key, flags)}\n`);
          }
          for (const note of forwardNotes(entry, flags)) io.stdout(`${note}\n`);
          const { awaitTargets } = await import("../first_answer.ts");
          await awaitTargets(services, logger, stop.signal);
        },
        onStatus: (status) => {
          if (isLinked(status) === reachable) return;
          reachable = !reachable;
          for (const { key, host, port } of services) {
            const fields = { routingKey: key, target: formatEndpoint(host, port) };
            if (reachable) logger.info("routing key is reachable from the network", fields);
            else logger.warn("routing key is not reachable until the link is back", fields);
          }
        },
      });
    } finally {
      stop.abort();
    }
  },
});
