/** `tendril site create NAME`: the resource files of a new site. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";

const PORT = { kind: "integer", placeholder: "N", min: 1, max: 65_535 } as const;

/** See the summary. */
export const siteCreate: Command = defineCommand({
  name: "site create",
  summary: "write the resource files of a new site",
  description:
    "Writes Skupper v2alpha1 resources to DIR: a Site and, with --enable-link-access, a RouterAccess, the site's own " +
    "certificate authority and its server certificate. Files are readable by their owner only. Nothing is started: " +
    "`tendril run DIR` does that.",
  positionals: [{ name: "name", placeholder: "NAME", help: "Name of the site; lower-case letters, digits, dashes." }],
  flags: {
    dir: { kind: "text", placeholder: "DIR", required: true, help: "Folder for the files; made if needed." },
    edge: { kind: "switch", help: "Make an edge: it links out and accepts no links." },
    "enable-link-access": { kind: "switch", help: "Let other sites link to this one." },
    bind: { kind: "text", placeholder: "HOST", default: "0.0.0.0", help: "Address on which links are accepted." },
    "edge-port": { ...PORT, default: 45_671, help: "Port for edge sites." },
    "inter-router-port": { ...PORT, default: 55_671, help: "Port for interior sites." },
    "amqp-port": { ...PORT, help: "Port for plain AMQP clients, on 127.0.0.1." },
    output: OUTPUT_FLAG,
  },
  examples: [
    { title: "a hub that others link to", line: "tendril site create hub --dir ./hub --enable-link-access" },
    { title: "an edge", line: "tendril site create west --dir ./west --edge" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "to see that no site is there yet" },
    { kind: "write", scope: "DIR", why: "the site's files" },
    {
      kind: "sys",
      scope: "hostname,networkInterfaces",
      why: "this machine's names in the server certificate; `link generate --host` adds others later",
      optional: true,
    },
  ],
  async run({ args, flags, io, logger }) {
    const { createSite } = await import("../../site/create.ts");
    const { files } = await createSite({
      dir: flags.dir,
      name: args.name,
      edge: flags.edge,
      linkAccess: flags["enable-link-access"],
      bind: flags.bind,
      edgePort: flags["edge-port"],
      interRouterPort: flags["inter-router-port"],
      amqpPort: flags["amqp-port"],
    });
    const role = flags.edge ? "edge" : "interior";
    const paths = files.map((file) => `${flags.dir}/${file}`);
    io.stdout(
      flags.output === "json"
        ? `${JSON.stringify({ name: args.name, role, dir: flags.dir, files: paths }, null, 2)}\n`
        : paths.map((path) => `${path}\n`).join(""),
    );
    const next = flags["enable-link-access"] ? "link generate, run" : flags.edge ? "add a link file, run" : "run";
    logger.info("site created", { site: args.name, role, dir: flags.dir, next });
    return EXIT.ok;
  },
});
