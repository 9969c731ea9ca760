/** `tendril token delete NAME`: calls a token back. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { siteFlag } from "../flags.ts";

/** See the summary. */
export const tokenDelete: Command = defineCommand({
  name: "token delete",
  summary: "call a token back",
  description:
    "Nobody can redeem the token any more, at once, also where the site is running. Links that were made with it stay.",
  positionals: [{ name: "name", placeholder: "NAME", help: "Name of the token, as `tendril token status` shows it." }],
  flags: {
    dir: siteFlag("Folder of the site that issued it."),
  },
  examples: [
    { title: "a file went astray", line: "tendril token delete hub-a453de86-4d91-4e06-b8e7-93c624ad9f74 --dir ./hub" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR/grants", why: "the grants of the site" },
    { kind: "write", scope: "DIR/grants", why: "to remove one" },
  ],
  async run({ args, flags, logger }) {
    const { deleteGrant } = await import("../../site/grants/list.ts");
    await deleteGrant(flags.dir, args.name);
    logger.info("token deleted", { name: args.name });
    return EXIT.ok;
  },
});
