/** `tendril forward KEY PORT`: a local port that leads to a routing key for as long as the command runs. */

import { type Command, defineCommand } from "../command.ts";
import { parseHost, parsePort } from "../endpoint.ts";
import { GRACE_FLAG, LINK_FLAG, PROTOCOL_FLAG, TOKEN_FLAG, WAIT_FLAG } from "../flags.ts";
import { runOneLiner } from "../one_liner.ts";

/** See the summary. */
export const forward: Command = defineCommand({
  name: "forward",
  summary: "open a local port that leads to a routing key",
  description:
    "Becomes an edge of the network that the link file or token leads to, and listens on PORT until Ctrl-C. The port is open " +
    "only while some site serves KEY.",
  positionals: [
    { name: "key", placeholder: "KEY", help: "Routing key that another site serves." },
    { name: "port", placeholder: "PORT", help: "Local port; 0 lets the system choose." },
  ],
  flags: {
    protocol: PROTOCOL_FLAG,
    link: LINK_FLAG,
    token: TOKEN_FLAG,
    host: { kind: "text", placeholder: "HOST", default: "127.0.0.1", help: "Local address to listen on." },
    wait: WAIT_FLAG,
    grace: GRACE_FLAG,
  },
  examples: [
    { title: "reach a web server of another site", line: "tendril forward web 9090 --link link.yaml" },
    { title: "let the whole machine room use it", line: "tendril forward db 5432 --link link.yaml --host 0.0.0.0" },
  ],
  exits: ["configuration", "network", "hungUp", "interrupted", "terminated"],
  permissions: [
    { kind: "read", scope: "FILE", why: "the link file, or the token" },
    { kind: "net", scope: "LINK_HOST:PORT", why: "each endpoint of the link" },
    { kind: "net", scope: "GRANT_HOST:PORT", why: "with --token: the site that issued it", optional: true },
    { kind: "net", scope: "LISTENER_HOST:PORT", why: "the local port" },
  ],
  run({ args, flags, io, logger }) {
    const port = parsePort(args.port, "forward", 0);
    return runOneLiner({
      prefix: "forward",
      listeners: [{
        name: "forward",
        routingKey: args.key,
        host: parseHost(flags.host, "forward"),
        port,
        protocol: flags.protocol,
      }],
      link: flags.link,
      token: flags.token,
      graceMs: flags.grace * 1000,
      waitMs: flags.wait === undefined ? undefined : flags.wait * 1000,
      io,
      logger,
    });
  },
});
