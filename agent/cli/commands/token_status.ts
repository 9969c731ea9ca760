/** `tendril token status`: the tokens that a site has issued. */

import { table } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG, siteFlag } from "../flags.ts";
import { structured } from "../format.ts";

/** See the summary. */
export const tokenStatus: Command = defineCommand({
  name: "token status",
  summary: "show the tokens that a site has issued, never their codes",
  description:
    "Lists the tokens of a site, whether it runs or not: how often each may be redeemed, how often it was, and when it " +
    "expires. Tokens that expired a week ago are forgotten when the next one is issued.",
  positionals: [],
  flags: {
    dir: siteFlag("Folder of the site that issued them."),
    output: OUTPUT_FLAG,
  },
  examples: [{ title: "what is still out there?", line: "tendril token status --dir ./hub" }],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "DIR/grants", why: "the grants of the site" }],
  async run({ flags, io }) {
    const { grantState, listGrants } = await import("../../site/grants/list.ts");
    const now = Date.now();
    const tokens = (await listGrants(flags.dir)).map((grant) => ({
      name: grant.name,
      status: grantState(grant, now),
      redemptions: grant.redemptions,
      redemptionsAllowed: grant.allowed,
      expires: new Date(grant.expires).toISOString(),
      url: grant.url,
    }));
    if (flags.output !== "text") {
      io.stdout(await structured(flags.output, tokens));
      return EXIT.ok;
    }
    const rows = tokens.map(({ name, status, redemptions, redemptionsAllowed, expires }) => [
      name,
      status,
      `${redemptions} of ${redemptionsAllowed}`,
      expires,
    ]);
    const style = { colors: io.stdoutTerminal && io.colors };
    io.stdout(`${table("Tokens", ["NAME", "STATUS", "USED", "EXPIRES"], rows, style).join("\n")}\n`);
    return EXIT.ok;
  },
});
