/** `tendril certificate revoke ID`: shuts one site out. */

import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { siteFlag } from "../flags.ts";

/** See the summary. */
export const certificateRevoke: Command = defineCommand({
  name: "certificate revoke",
  summary: "shut out the site that has a certificate, and cut its links",
  description:
    "Adds the certificate to `revoked.txt` in the folder of the site. Its ports let nobody in who shows it, and a running " +
    "site closes the links of such a peer at once; the peer is told why. The log of the site shows the serial number of " +
    "every peer that connects, and `tendril certificate status` at the other site that of its link. To take a revocation " +
    "back, remove the line.",
  positionals: [{ name: "id", placeholder: "ID", help: "Serial number, or SHA-256 fingerprint, of the certificate." }],
  flags: {
    dir: siteFlag("Folder of the site that shuts it out."),
    note: { kind: "text", placeholder: "TEXT", default: "", help: "What for; stands beside it in the file." },
  },
  examples: [
    {
      title: "a device was stolen",
      line: "tendril certificate revoke 2CA908B635283DA8011DEDE039D622C4 --dir ./hub --note west",
    },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "DIR", why: "what is revoked already" },
    { kind: "write", scope: "DIR", why: "the file of revocations" },
  ],
  async run({ args, flags, io, logger }) {
    const { revocationId, revoke } = await import("../../site/certificates/revocations.ts");
    const id = revocationId(args.id);
    if (id === undefined) {
      const hint = "Write it in hex, with or without colons.";
      throw usage("USAGE_ID", "ID is neither a serial number nor a SHA-256 fingerprint", "certificate revoke", hint);
    }
    const note = `${new Date(io.now()).toISOString()} ${flags.note.replace(/\s+/g, " ")}`.trim();
    const news = await revoke(flags.dir, id, note);
    logger.info(news ? "certificate revoked" : "the certificate was revoked already", { certificate: id });
    return EXIT.ok;
  },
});
