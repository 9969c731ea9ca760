/** `tendril site update|status`. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { changeAndTell, CHANGING, PUT_FLAGS } from "../folder_commands.ts";
import { refuseNothing, statusCommand } from "../resource_commands.ts";

const update = defineCommand({
  name: "site update",
  summary: "have a site accept links",
  description:
    "Sets linkAccess of the Site. A running site makes what that takes, if it is not there: the ports 55671 and 45671 " +
    "on all addresses, an authority and a certificate. A RouterAccess in its folder says otherwise.",
  positionals: [],
  flags: { "enable-link-access": { kind: "switch", help: "Let other sites link to this one." }, ...PUT_FLAGS },
  examples: [{ title: "others are to link to it, too", line: "tendril site update --enable-link-access --dir ./hub" }],
  exits: ["configuration", "network"],
  permissions: CHANGING,
  async run({ flags, io, logger }) {
    const { editToUpdate } = await import("../../site/store/edit_fields.ts");
    const { scanDocuments } = await import("../../site/documents.ts");
    const spec = { linkAccess: flags["enable-link-access"] ? "default" : undefined };
    refuseNothing(spec, "site update");
    await changeAndTell(flags, { io, logger }, (files) => {
      const sites = [...files].flatMap(([file, text]) => scanDocuments(text, file).documents)
        .filter(({ kind }) => kind === "Site");
      const edge = sites.find(({ value }) => (value["spec"] as { edge?: unknown } | undefined)?.edge === true);
      if (edge !== undefined) {
        throw new TendrilError("SITE_EDGE_ACCESS", `${edge.at()}: an edge site accepts no links`, {
          hint: "Remove spec.edge to make it an interior, or make another site.",
        });
      }
      return editToUpdate(files, { kind: "Site", name: sites[0]?.name ?? "" }, spec);
    });
    return EXIT.ok;
  },
});

/** See the head of the file. */
export const siteCommands: readonly Command[] = [update, statusCommand("site", "Site")];
