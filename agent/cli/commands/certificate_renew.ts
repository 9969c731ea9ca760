/** `tendril certificate renew`: issues the certificates of a site anew, before their time. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { siteFlag } from "../flags.ts";

/** See the summary. */
export const certificateRenew: Command = defineCommand({
  name: "certificate renew",
  summary: "issue the certificates of a site anew, before their time",
  description:
    "Issues what the authority of the site has issued to the site itself anew, with new keys: the certificates of its " +
    "ports, of links that it made for itself, and of the port for tokens. A running site takes them into use at once, and " +
    "connections that exist go on. A running site does this by itself at two thirds of their life.",
  positionals: [],
  flags: {
    dir: siteFlag("Folder of the site."),
    name: { kind: "text", placeholder: "NAME", help: "Name of the one Secret to renew; else all are." },
  },
  examples: [
    { title: "a key may have been seen by others", line: "tendril certificate renew --dir ./hub" },
    { title: "one of several", line: "tendril certificate renew --dir ./hub --name hub" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's files" },
    { kind: "write", scope: "DIR", why: "the new certificates" },
  ],
  async run({ flags, io, logger }) {
    const { TendrilError } = await import("../../lib/errors.ts");
    const { renewAll } = await import("../../site/certificates/renew.ts");
    const { tellRenewals } = await import("../tell_renewals.ts");
    const renewals = await renewAll(flags.dir, io.now(), flags.name);
    if (renewals.length === 0) {
      const what = flags.name === undefined ? "a certificate" : `the certificate ${JSON.stringify(flags.name)}`;
      throw new TendrilError("SITE_SECRET", `${flags.dir} does not hold ${what} that the site has issued itself`, {
        hint: `\`tendril certificate status --dir ${flags.dir}\` lists what there is; others have to renew the rest.`,
      });
    }
    return tellRenewals(renewals, logger) ? EXIT.ok : EXIT.configuration;
  },
});
