/** `tendril token redeem FILE`: turns a token into a link. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { readTokenFile } from "../token_file.ts";

/** See the summary. */
export const tokenRedeem: Command = defineCommand({
  name: "token redeem",
  summary: "turn a token into a link",
  description:
    "Redeems a token of a Tendril or Skupper site and writes the Link with its Secret to DIR, or prints a link file " +
    "when there is no --dir. A site that is running uses it at once. Tokens of Skupper version 1, claims and " +
    "certificates, are taken as well.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The token file; `-` reads stdin." }],
  flags: {
    dir: { kind: "text", placeholder: "DIR", help: "Folder of the site that is to link; else the link is printed." },
  },
  examples: [
    { title: "link a site", line: "tendril token redeem west.token --dir ./west" },
    { title: "a link file for `expose` and `forward`", line: "tendril token redeem west.token" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "FILE", why: "the token" },
    { kind: "read", scope: "DIR", why: "the site's files" },
    { kind: "write", scope: "DIR", why: "the link" },
    { kind: "net", scope: "GRANT_HOST:PORT", why: "the site that issued the token" },
  ],
  async run({ args, flags, io, logger }) {
    const token = await readTokenFile(args.file, io);
    if (flags.dir === undefined) {
      const { redeemedYaml, redeemToken } = await import("../../site/tokens/redeem.ts");
      io.stdout(redeemedYaml(await redeemToken(token, token.name)));
      return EXIT.ok;
    }
    const { redeemInto } = await import("../../site/tokens/store.ts");
    const { file, running } = await redeemInto(flags.dir, token);
    logger.info("token redeemed", {
      link: token.name,
      file: `${flags.dir}/${file}`,
      next: running ? "the running site links at once" : `tendril run ${flags.dir}`,
    });
    return EXIT.ok;
  },
});
