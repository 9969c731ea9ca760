/** `tendril forward SERVICE...`: local ports that lead to routing keys for as long as the command runs. */

import { type Command, defineCommand } from "../command.ts";
import { formatEndpoint } from "../../lib/endpoint.ts";
import { parseHost } from "../endpoint.ts";
import { oneLinerPermissions, runOneLiner } from "../one_liner.ts";
import { LINK_NEEDS, ONE_LINER_EXITS, ONE_LINER_FLAGS, partName } from "../one_liner_flags.ts";
import { PORT_TLS_FLAGS, PORT_TLS_NEEDS, portTls, portTlsReach } from "../one_liner_tls.ts";
import type { PermissionNeed } from "../permissions.ts";
import { parseForwarded } from "../services.ts";

const needs: readonly PermissionNeed[] = [
  ...LINK_NEEDS,
  { kind: "net", scope: "LISTENER_HOST:PORT", why: "each local port; the host alone where the system chooses" },
  ...PORT_TLS_NEEDS,
];

/** See the summary. */
export const forward: Command = defineCommand({
  name: "forward",
  summary: "open local ports that lead to routing keys",
  description:
    "Becomes an edge of the network that the link file or token leads to, and listens until Ctrl-C. A port is open only " +
    "while some site serves its key. Prints the address of each when it is open first; one that the system chose stays the same.",
  positionals: [{
    name: "services",
    placeholder: "KEY [PORT]",
    help:
      "Routing keys that other sites serve, each with its local port after it or as KEY=PORT, or with any free one.",
    many: true,
  }],
  flags: {
    host: { kind: "text", placeholder: "HOST", default: "127.0.0.1", help: "Local address to listen on." },
    ...PORT_TLS_FLAGS,
    ...ONE_LINER_FLAGS,
  },
  examples: [
    { title: "reach a web server of another site", line: "tendril forward web 9090 --link link.yaml" },
    { title: "at any free port, which is printed", line: "tendril forward web --link link.yaml" },
    { title: "several at once", line: "tendril forward web 9090 db=5432 cache --token two.token" },
    { title: "let the whole machine room use it", line: "tendril forward db 5432 --link link.yaml --host 0.0.0.0" },
    {
      title: "serve it in TLS, with a certificate of yours",
      line: "tendril forward web 9443 --tls-cert tls.crt --tls-key tls.key --link link.yaml",
    },
  ],
  exits: ONE_LINER_EXITS,
  permissions: needs,
  async run({ args, flags, io, logger, entry, words }) {
    const host = parseHost(flags.host, "forward");
    const services = parseForwarded(args.services);
    const tls = await portTls(flags);
    if (flags["print-permissions"]) {
      return await oneLinerPermissions({ needs, flags, io, entry, words }, {
        // A port that the system chooses can't be named.
        "LISTENER_HOST:PORT": services.map(({ port }) => formatEndpoint(host, port).replace(/:0$/, "")),
        ...portTlsReach(flags),
      });
    }
    const printed = new Set<string>();
    return await runOneLiner({
      prefix: "forward",
      listeners: services.map(({ key, port }, index) => ({
        name: partName("forward", index),
        routingKey: key,
        host,
        port,
        protocol: flags.protocol,
        ...tls,
      })),
      flags,
      io,
      logger,
      onStatus: ({ listeners }) => {
        for (const { open, routingKey, port } of listeners) {
          const line = `${formatEndpoint(host, port)} -> ${routingKey}\n`;
          if (open && !printed.has(line)) io.stdout(line);
          if (open) printed.add(line);
        }
      },
    });
  },
});
