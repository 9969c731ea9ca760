/** `tendril site create NAME`: the resource files of a new site. */

import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";

const PORT = { kind: "integer", placeholder: "N", min: 1, max: 65_535 } as const;

/** See the summary. */
export const siteCreate: Command = defineCommand({
  name: "site create",
  summary: "write the resource files of a new site",
  description:
    "Writes Skupper v2alpha1 resources to DIR: a Site and, with --enable-link-access, a RouterAccess, the site's own " +
    "certificate authority and its server certificate. Files are readable by their owner only. Nothing is started: " +
    "`tendril run DIR` does that. Without --dir and -n the site is made in namespace default.",
  positionals: [{ name: "name", placeholder: "NAME", help: "Name of the site; lower-case letters, digits, dashes." }],
  flags: {
    dir: {
      kind: "text",
      placeholder: "DIR",
      required: true,
      site: "new",
      help: "Folder for the files; made if needed.",
    },
    edge: { kind: "switch", help: "Make an edge: it links out and accepts no links." },
    "enable-link-access": { kind: "switch", help: "Let other sites link to this one." },
    bind: { kind: "text", placeholder: "HOST", help: "Address on which links are accepted; else 0.0.0.0." },
    "edge-port": { ...PORT, help: "Port for edge sites; else 45671." },
    "inter-router-port": { ...PORT, help: "Port for interior sites; else 55671." },
    "amqp-port": { ...PORT, help: "Port for plain AMQP clients, on 127.0.0.1." },
    output: OUTPUT_FLAG,
  },
  examples: [
    { title: "a hub that others link to", line: "tendril site create hub --dir ./hub --enable-link-access" },
    { title: "an edge", line: "tendril site create west --dir ./west --edge" },
    { title: "in a namespace, for others to link to", line: "tendril site create shop -n shop --enable-link-access" },
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
    const linkAccess = flags["enable-link-access"];
    for (const flag of ["bind", "edge-port", "inter-router-port"] as const) {
      if (linkAccess || flags[flag] === undefined) continue;
      const reason = `--${flag} is about links, and this site would accept none`;
      throw usage("USAGE_FLAG_CONFLICT", reason, "site create", "Add --enable-link-access, or leave it out.");
    }
    const { createSite } = await import("../../site/create.ts");
    const { files } = await createSite({
      dir: flags.dir,
      name: args.name,
      edge: flags.edge,
      linkAccess,
      bind: flags.bind ?? "0.0.0.0",
      edgePort: flags["edge-port"] ?? 45_671,
      interRouterPort: flags["inter-router-port"] ?? 55_671,
      amqpPort: flags["amqp-port"],
    });
    const role = flags.edge ? "edge" : "interior";
    const paths = files.map((file) => `${flags.dir}/${file}`);
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, { name: args.name, role, dir: flags.dir, files: paths })
        : paths.map((path) => `${path}\n`).join(""),
    );
    const next = linkAccess ? "link generate, run" : flags.edge ? "redeem a token or add a link, run" : "run";
    logger.info("site created", { site: args.name, role, dir: flags.dir, next });
    return EXIT.ok;
  },
});
