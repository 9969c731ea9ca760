/** `tendril token redeem FILE`: turns a token into a link. */

import { usage } from "../args.ts";
import { ASKING } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { RELOAD_TIMEOUT_FLAG } from "../folder_commands.ts";
import { reloadSite, siteReport } from "../site_report.ts";
import { readTokenFile } from "../token_file.ts";
import { namedBy, WAIT_FOR_FLAG, waitFor } from "../wait_for.ts";

/** See the summary. */
export const tokenRedeem: Command = defineCommand({
  name: "token redeem",
  summary: "turn a token into a link",
  description:
    "Redeems a token of a Tendril or Skupper site and writes the Link with its Secret to DIR, or prints a link file " +
    "when there is no --dir. A site that is running uses it at once; with --wait the command ends when it does, and spends no " +
    "use where no site runs. Tokens of Skupper version 1, claims and certificates, are taken as well.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The token file; `-` reads stdin." }],
  flags: {
    dir: {
      kind: "text",
      placeholder: "DIR",
      site: "there",
      help: "Folder of the site that is to link; else the link is printed.",
    },
    wait: WAIT_FOR_FLAG,
    timeout: RELOAD_TIMEOUT_FLAG,
  },
  examples: [
    { title: "link a site", line: "tendril token redeem west.token --dir ./west" },
    { title: "until a running site is linked", line: "tendril token redeem east.token --dir ./east --wait ready" },
    { title: "a link file for `expose` and `forward`", line: "tendril token redeem west.token" },
  ],
  exits: ["configuration", "network"],
  permissions: [
    { kind: "read", scope: "FILE", why: "the token" },
    { kind: "read", scope: "DIR", why: "the site's files, and the socket of the running site" },
    { kind: "write", scope: "DIR", why: "the link, and to talk to the running site" },
    { kind: "net", scope: "GRANT_HOST:PORT", why: "the site that issued the token" },
    ...ASKING.filter(({ kind }) => kind === "net").map((need) => ({ ...need, optional: true as const })),
  ],
  async run({ args, flags, io, logger }) {
    const { dir, wait, timeout } = flags;
    if (dir === undefined && wait !== "none") {
      const hint = "Name the folder of the running site with --dir.";
      throw usage("USAGE_FLAG_CONFLICT", "without --dir there is no site to --wait for", "token redeem", hint);
    }
    const token = await readTokenFile(args.file, io);
    if (dir === undefined) {
      const { redeemedYaml, redeemToken } = await import("../../site/tokens/redeem.ts");
      io.stdout(redeemedYaml(await redeemToken(token, token.name)));
      return EXIT.ok;
    }
    // Asked before a use is spent: there must be somebody to wait for.
    if (wait !== "none") await siteReport(dir, timeout);
    const { redeemInto } = await import("../../site/tokens/store.ts");
    const { file, links, running } = await redeemInto(dir, token);
    logger.info("token redeemed", {
      link: token.name,
      file: `${dir}/${file}`,
      next: running ? "the running site links at once" : `tendril run ${dir}`,
    });
    if (wait !== "none") {
      await reloadSite(dir, timeout);
      await waitFor(dir, wait, namedBy(links.map((name) => ({ kind: "Link", name }))), timeout);
    }
    return EXIT.ok;
  },
});
