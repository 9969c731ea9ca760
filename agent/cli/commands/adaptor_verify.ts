/** `tendril adaptor verify FILE`: is this the module that was pinned, or signed? */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { readModule, readText } from "../module_file.ts";

/** See the summary. */
export const adaptorVerify: Command = defineCommand({
  name: "adaptor verify",
  summary: "check a plugin against its pin and its signature",
  description:
    "Checks that a module has the digest, and the signature of the key, that are given, and that it is one that a site " +
    "would load. Ends with 1 and the reason when it is not.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The WebAssembly module." }],
  flags: {
    sha256: { kind: "text", placeholder: "DIGEST", help: "The digest that it must have, with or without sha256:." },
    key: { kind: "text", placeholder: "KEY", help: "File with the public key that must have signed it." },
    signature: { kind: "text", placeholder: "BASE64", help: "Its signature; required with --key." },
    output: OUTPUT_FLAG,
  },
  examples: [
    {
      title: "is it what its author signed?",
      line: "tendril adaptor verify redis.wasm --key author.pub --signature 8b5jFs0q==",
    },
  ],
  exits: ["configuration"],
  permissions: [
    { kind: "read", scope: "FILE", why: "the module" },
    { kind: "read", scope: "KEY", why: "the key, if one is named" },
  ],
  async run({ args, flags, io }) {
    const { bytes, digest } = await readModule(args.file);
    const { checkDigest } = await import("../../adaptor/intake.ts");
    const { checkSignature } = await import("../../adaptor/signature.ts");
    const { loadAdaptor } = await import("../../adaptor/load.ts");
    if (flags.sha256 !== undefined) checkDigest(digest, `sha256:${flags.sha256.replace(/^sha256:/, "")}`);
    if (flags.key !== undefined) await checkSignature(digest, flags.signature, [await readText(flags.key)]);
    await loadAdaptor({ name: "verified", bytes, digest, foreign: true });
    const checked = {
      sha256: digest,
      pinned: flags.sha256 !== undefined,
      signed: flags.key !== undefined,
      loadable: true,
    };
    const yes = (done: boolean) => done ? "yes" : "not checked";
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, checked)
        : `sha256:   ${digest}\npinned:   ${yes(checked.pinned)}\nsigned:   ${yes(checked.signed)}\nloadable: yes\n`,
    );
    return EXIT.ok;
  },
});
