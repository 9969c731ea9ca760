/** `tendril certificate import NAME`: makes a Secret of PEM files. */

import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { CHANGE_FLAGS, changeAndTell, CHANGING } from "../folder_commands.ts";
import { refuseGiven } from "../given_secret.ts";
import { readPem } from "../pem_file.ts";

/** See the summary. */
export const certificateImport: Command = defineCommand({
  name: "certificate import",
  summary: "make a Secret of PEM files, for Listeners and Connectors",
  description:
    "Puts a Secret with tls.crt, tls.key and ca.crt, as far as they are given, into the folder of the site, or in the place " +
    "of the one of that name: a running site uses it for new connections at once, and leaves those that are open. A " +
    "certificate is followed by those that vouch for it, if any; for a Connector that only trusts, --ca is enough. A Secret " +
    "that the site is given as files, in certs/NAME or issuers/NAME, is replaced there: importing it is refused.",
  positionals: [{ name: "name", placeholder: "NAME", help: "Name of the Secret, for spec.tlsCredentials." }],
  flags: {
    cert: { kind: "text", placeholder: "CERT", help: "Certificate, PEM." },
    key: { kind: "text", placeholder: "KEY", help: "Its private key, PEM, not encrypted." },
    ca: { kind: "text", placeholder: "CA", help: "Authorities to trust, PEM." },
    ...CHANGE_FLAGS,
  },
  examples: [
    {
      title: "what a Listener shows",
      line: "tendril certificate import web-tls --cert tls.crt --key tls.key --dir ./west",
    },
    { title: "what a Connector trusts", line: "tendril certificate import web-ca --ca ca.crt --dir ./east" },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "CERT", why: "the certificate" },
    { kind: "read", scope: "KEY", why: "its key" },
    { kind: "read", scope: "CA", why: "authorities to trust", optional: true },
    ...CHANGING,
  ],
  async run({ args, flags, io, logger }) {
    const { ca, cert, key } = flags;
    if ((cert ?? key ?? ca) === undefined || (cert === undefined) !== (key === undefined)) {
      const hint = "Give --cert and --key, or --ca, or all three.";
      throw usage(
        "USAGE_FLAG_MISSING",
        "a certificate and its key, or authorities, are missing",
        "certificate import",
        hint,
      );
    }
    await refuseGiven(flags.dir, args.name);
    const { secretYaml } = await import("../../site/link_file.ts");
    const { editToApply, incoming } = await import("../../site/store/edit.ts");
    const { readDocuments } = await import("../../site/documents.ts");
    const { serverIdentity, targetTls } = await import("../../site/secrets.ts");
    const where = `Secret ${args.name}`;
    const pem = {
      ...(ca === undefined ? {} : { ca: await readPem(ca) }),
      ...(cert === undefined || key === undefined ? {} : { cert: await readPem(cert), key: await readPem(key) }),
    };
    const values = new Map([["ca.crt", pem.ca ?? ""], ["tls.crt", pem.cert ?? ""], ["tls.key", pem.key ?? ""]]);
    if (pem.cert !== undefined) serverIdentity(values, where);
    targetTls(values, where, { useClientCert: false, verifyHostname: true });
    const text = secretYaml(args.name, pem);
    const resources = incoming(text, readDocuments(text, where));
    await changeAndTell(flags, { io, logger }, (files) => editToApply(files, resources));
    return EXIT.ok;
  },
});
