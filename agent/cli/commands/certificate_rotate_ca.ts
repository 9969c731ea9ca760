/** `tendril certificate rotate-ca`: another authority for a site. */

import { parseGoDuration } from "../../lib/go_duration.ts";
import { TendrilError } from "../../lib/errors.ts";
import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { siteFlag } from "../flags.ts";
import { tellRenewals } from "../tell_renewals.ts";

/** See the summary. */
export const certificateRotateCa: Command = defineCommand({
  name: "certificate rotate-ca",
  summary: "put another authority in the place of the one that a site has",
  description:
    "Makes a new authority, which issues every link file and token from now on, and issues the certificates of the site " +
    "anew. For the window both authorities count: sites that are linked go on and may connect again, and the certificate " +
    "of the site is good for those who know either. Within that time each of them needs a link of another token or link " +
    "file. At its end a running site shuts out, and disconnects, whoever has only what the old authority issued; with a " +
    "window of 0s that is now. With --name it is another authority of the site: what it has issued to the site is issued " +
    "anew, and shown with what those need who know the old one alone.",
  positionals: [],
  flags: {
    dir: siteFlag("Folder of the site."),
    name: {
      kind: "text",
      placeholder: "NAME",
      help: "Name of the Secret with the authority, such as skupper-service-ca; else that of links.",
    },
    window: {
      kind: "text",
      placeholder: "DURATION",
      default: "720h",
      help: "How long the old authority counts, such as 720h or 0s.",
    },
  },
  examples: [
    {
      title: "time for a change: thirty days to hand out new links",
      line: "tendril certificate rotate-ca --dir ./hub",
    },
    {
      title: "the key of the authority was stolen: everybody needs a new link",
      line: "tendril certificate rotate-ca --dir ./hub --window 0s",
    },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "the site's files" },
    { kind: "write", scope: "DIR", why: "the new authority and certificates" },
  ],
  async run({ flags, io, logger }) {
    const windowMs = /^0(s|ms|m|h)?$/.test(flags.window) ? 0 : parseGoDuration(flags.window);
    if (windowMs === undefined) {
      throw usage("USAGE_FLAG_VALUE", "--window is no duration", "certificate rotate-ca", "Write 720h, 90m or 0s.");
    }
    const { rotateAuthority } = await import("../../site/certificates/rotate.ts");
    const rotating = rotateAuthority(flags.dir, io.now(), windowMs, flags.name);
    const { fingerprint, until, renewals } = await rotating.catch((error) => {
      throw explained(error, flags.dir);
    });
    logger.info("the site has a new authority", { fingerprint, lastOneUntil: new Date(until).toISOString() });
    return tellRenewals(renewals, logger) ? EXIT.ok : EXIT.configuration;
  },
});

/** Where there is no authority, the next step of who wants another one is not that of who wants a link. */
function explained(error: unknown, dir: string): unknown {
  if (!(error instanceof TendrilError) || error.code !== "SITE_NO_ACCESS") return error;
  const hint =
    `\`tendril certificate status --dir ${dir}\` lists the Secrets of the site; --name says which one is meant.`;
  return new TendrilError(error.code, error.message, { hint });
}
