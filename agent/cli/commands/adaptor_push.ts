/** `tendril adaptor push FILE`: a plugin into the store of an interior. */

import { ASKING, askSite, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "../ask_site.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { readModule } from "../module_file.ts";

/** See the summary. */
export const adaptorPush: Command = defineCommand({
  name: "adaptor push",
  summary: "put a plugin into the store of an interior",
  description:
    "Sends a plugin to the nearest interior, by the site that runs in DIR, and prints the lines that belong into the spec of " +
    "its Adaptor. Sites of the network then load it over the links that they have. At an interior's own folder that is always " +
    "allowed; an edge needs a rule of its interior's Policy with push: true. What no site would load is not stored, and what " +
    "is stored is never replaced: another version has another digest.",
  positionals: [{ name: "file", placeholder: "FILE", help: "The WebAssembly module." }],
  flags: { dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: OUTPUT_FLAG },
  examples: [{ title: "for all sites of the network", line: "tendril adaptor push redis.wasm --dir ./hub" }],
  exits: ["configuration"],
  permissions: [{ kind: "read", scope: "FILE", why: "the module" }, ...ASKING],
  async run({ args, flags, io }) {
    const { bytes, digest } = await readModule(args.file);
    const { loadAdaptor } = await import("../../adaptor/load.ts");
    const { PUSH } = await import("../../site/adaptors/store/plugin_store.ts");
    const { PLUGIN_STORE_ADDRESS } = await import("../../router/address.ts");
    const { plain } = await import("../../management/values.ts");
    // What a site would refuse is told here, with its code, before anything is sent.
    await loadAdaptor({ name: "pushed", bytes, digest, foreign: true });
    const body = { type: "binary", value: bytes } as const;
    const stored = await askSite(
      flags.dir,
      flags.timeout,
      async (client) =>
        plain(await client.ask(PLUGIN_STORE_ADDRESS, PUSH, { sha256: digest }, body)) as { site: string; name: string },
    );
    const facts = { source: `van:${stored.name}`, sha256: digest, site: stored.site };
    io.stdout(
      flags.output === "text"
        ? `source: ${facts.source}\nsha256: ${digest}\n# stored at ${stored.site}\n`
        : await structured(flags.output, facts),
    );
    return EXIT.ok;
  },
});
