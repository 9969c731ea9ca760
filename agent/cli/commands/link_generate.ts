/** `tendril link generate`: what another site needs to link to this one, on stdout. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { siteFlag } from "../flags.ts";

/** See the summary. */
export const linkGenerate: Command = defineCommand({
  name: "link generate",
  summary: "print a link file that lets another site link to this one",
  description:
    "Issues a client certificate and prints a Secret and a Link in YAML, for Tendril and Skupper alike. The output " +
    "holds a private key: keep it as safe as a password. If the site's certificate does not name HOST yet, it is " +
    "issued anew; a running site takes it into use, and connections that exist go on.",
  positionals: [],
  flags: {
    dir: siteFlag("Folder of the site that will be linked to."),
    host: { kind: "text", placeholder: "HOST", required: true, help: "Name or address by which it will be reached." },
    name: { kind: "text", placeholder: "NAME", help: "Name of the link; by default link-SITE." },
    cost: { kind: "integer", placeholder: "N", min: 1, max: 65_535, default: 1, help: "Cost of the link." },
  },
  examples: [
    { title: "a link file for one more edge", line: "tendril link generate --dir ./hub --host hub.example.com" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's files" },
    { kind: "write", scope: "DIR", why: "the site's certificate, if it must name HOST" },
  ],
  async run({ flags, io, logger }) {
    const { generateLink } = await import("../../site/generate_link.ts");
    const { yaml, serial, reissued } = await generateLink({
      dir: flags.dir,
      host: flags.host,
      cost: flags.cost,
      ...(flags.name === undefined ? {} : { name: flags.name }),
    });
    if (reissued) {
      logger.info("the site's certificate was issued anew to name the host", { host: flags.host });
    }
    logger.info("certificate issued", { serial });
    io.stdout(yaml);
    return EXIT.ok;
  },
});
