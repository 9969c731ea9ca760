/** `tendril adaptor sign FILE`: the signature that an Adaptor names. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { readModule, readText } from "../module_file.ts";

/** See the summary. */
export const adaptorSign: Command = defineCommand({
  name: "adaptor sign",
  summary: "sign a plugin, and print what its resource needs",
  description:
    "Signs the digest of a module with an Ed25519 key and prints the lines that belong into the spec of its Adaptor. Make a " +
    "key with `openssl genpkey -algorithm ed25519 -out KEY`; it is read, and never shown. Anybody may have the public key " +
    "that is printed: whoever names it in an Adaptor trusts every module that this key signs.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The WebAssembly module." }],
  flags: {
    key: { kind: "text", placeholder: "KEY", required: true, help: "File with the private key, PEM (PKCS #8)." },
    output: OUTPUT_FLAG,
  },
  examples: [{ title: "a new version of a plugin", line: "tendril adaptor sign redis.wasm --key author.pem" }],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "FILE", why: "the module" }, { kind: "read", scope: "KEY", why: "the key" }],
  async run({ args, flags, io }) {
    const { digest } = await readModule(args.file);
    const { signDigest } = await import("../../adaptor/signature.ts");
    const { signature, publicKey } = await signDigest(digest, await readText(flags.key));
    const spec = { sha256: digest, signature, keys: [publicKey] };
    io.stdout(
      flags.output !== "text"
        ? await structured(flags.output, spec)
        : `sha256: ${digest}\nsignature: ${signature}\nkeys: [${publicKey}]\n`,
    );
    return EXIT.ok;
  },
});
