/** `tendril certificate status`: the certificates of a site, and until when they are good. */

import { table } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG, siteFlag } from "../flags.ts";
import { structured } from "../format.ts";

/** See the summary. */
export const certificateStatus: Command = defineCommand({
  name: "certificate status",
  summary: "show the certificates of a site, and until when they are good",
  description:
    "Lists every certificate in the folder of a site, whether it runs or not: what it is for, who issued it, until when it " +
    "is valid, and when the running site renews it by itself. `by hand` stands where it can't: its issuer is another site, or somebody put it there. " +
    "Behind that come the certificates that the site has revoked. Keys are never shown.",
  positionals: [],
  flags: {
    dir: siteFlag("Folder of the site."),
    output: OUTPUT_FLAG,
  },
  examples: [
    { title: "what will expire, and when?", line: "tendril certificate status --dir ./hub" },
    { title: "for a program", line: "tendril certificate status --dir ./hub -o json" },
  ],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "DIR", why: "the site's files" }],
  async run({ flags, io }) {
    const { certificateReport } = await import("../../site/certificates/report.ts");
    const { certificates, handover, revoked } = await certificateReport(flags.dir, io.now());
    if (flags.output !== "text") {
      io.stdout(await structured(flags.output, { certificates, handover, revoked }));
      return EXIT.ok;
    }
    const style = { colors: io.stdoutTerminal && io.colors };
    const day = (time: string) => time.slice(0, 10);
    const lines = [
      ...table(
        "Certificates",
        ["NAME", "FOR", "SUBJECT", "ISSUED BY", "STATE", "EXPIRES", "RENEWED"],
        certificates.map(({ name, use, subject, issuedBy, state, expires, renewed }) => [
          name,
          use,
          subject,
          issuedBy,
          state,
          day(expires),
          renewed === null ? "by hand" : day(renewed),
        ]),
        style,
      ),
      "",
      ...table(
        "Numbers",
        ["NAME", "SERIAL", "SHA-256"],
        certificates.map(({ name, serial, fingerprint }) => [name, serial, fingerprint]),
        style,
      ),
      ...(handover === null ? [] : ["", `The authority before this one is trusted until ${handover.until}.`]),
      ...(revoked.length === 0 ? [] : ["", ...table("Revoked", ["CERTIFICATE"], revoked.map((id) => [id]), style)]),
      "",
    ];
    io.stdout(lines.join("\n"));
    return EXIT.ok;
  },
});
