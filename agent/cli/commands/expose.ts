/** `tendril expose KEY HOST:PORT`: offers one local target to the network for as long as the command runs. */

import { type Command, defineCommand } from "../command.ts";
import { formatEndpoint } from "../../lib/endpoint.ts";
import { parseTarget } from "../endpoint.ts";
import { GRACE_FLAG, LINK_FLAG, PROTOCOL_FLAG, TOKEN_FLAG, WAIT_FLAG } from "../flags.ts";
import { isLinked } from "../foreground.ts";
import { runOneLiner } from "../one_liner.ts";

/** See the summary. */
export const expose: Command = defineCommand({
  name: "expose",
  summary: "offer a local service to the network under a routing key",
  description:
    "Becomes an edge of the network that the link file or token leads to, and serves KEY with the target until Ctrl-C. No port " +
    "is opened on this machine: the link goes out, and clients come in over it.",
  positionals: [
    { name: "key", placeholder: "KEY", help: "Routing key by which other sites reach the target." },
    { name: "target", placeholder: "HOST:PORT", help: "The target; a port alone means 127.0.0.1." },
  ],
  flags: { protocol: PROTOCOL_FLAG, link: LINK_FLAG, token: TOKEN_FLAG, wait: WAIT_FLAG, grace: GRACE_FLAG },
  examples: [
    { title: "offer a web server of this machine", line: "tendril expose web 8080 --link link.yaml" },
    {
      title: "have each request balanced by itself",
      line: "tendril expose web 8080 --protocol http1 --link link.yaml",
    },
    { title: "the same with a token", line: "tendril expose web 8080 --token west.token" },
    {
      title: "offer a database nearby, or fail within a minute",
      line: "tendril expose db db.internal:5432 --link link.yaml --wait 60",
    },
  ],
  exits: ["configuration", "network", "hungUp", "interrupted", "terminated"],
  permissions: [
    { kind: "read", scope: "FILE", why: "the link file, or the token" },
    { kind: "net", scope: "LINK_HOST:PORT", why: "each endpoint of the link" },
    { kind: "net", scope: "GRANT_HOST:PORT", why: "with --token: the site that issued it", optional: true },
    { kind: "net", scope: "TARGET_HOST:PORT", why: "the target" },
  ],
  run({ args, flags, io, logger }) {
    const { host, port } = parseTarget(args.target, "expose");
    let reachable = false;
    return runOneLiner({
      prefix: "expose",
      connectors: [{ name: "expose", routingKey: args.key, host, port, protocol: flags.protocol }],
      link: flags.link,
      token: flags.token,
      graceMs: flags.grace * 1000,
      waitMs: flags.wait === undefined ? undefined : flags.wait * 1000,
      io,
      logger,
      onStatus: (status) => {
        if (isLinked(status) === reachable) return;
        reachable = !reachable;
        const fields = { routingKey: args.key, target: formatEndpoint(host, port) };
        if (reachable) logger.info("routing key is reachable from the network", fields);
        else logger.warn("routing key is not reachable until the link is back", fields);
      },
    });
  },
});
