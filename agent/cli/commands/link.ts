/** `tendril link create|update|status|delete`. */

import { TendrilError } from "../../lib/errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { shellWords } from "../program_line.ts";
import { CHANGE_FLAGS, changeAndTell, CHANGING, PUT_FLAGS } from "../folder_commands.ts";
import { refuseNothing, statusCommand } from "../resource_commands.ts";
import { readResourceInput } from "../resource_input.ts";

const COST = { kind: "integer", placeholder: "N", min: 1, max: 999_999_999 } as const;
const NAME = { name: "name", placeholder: "NAME", help: "Name of the Link." } as const;

const create = defineCommand({
  name: "link create",
  summary: "link a site to another one, with the file that the other made",
  description:
    "Puts the Link and the Secret of a link file into the folder of the site, like `tendril apply`; a running site links at " +
    "once. A Secret that the site uses for something else, such as its ports, is not replaced. An AccessToken in the file " +
    "is redeemed by the running site; `tendril token redeem` does it without one.",
  positionals: [{ name: "file", placeholder: "FILE", help: "Link file of the other site; - reads stdin." }],
  flags: PUT_FLAGS,
  examples: [{ title: "with a file of `tendril link generate`", line: "tendril link create link.yaml --dir ./west" }],
  exits: ["configuration", "network"],
  permissions: [{ kind: "read", scope: "FILE", why: "the link file" }, ...CHANGING],
  async run({ args, flags, io, logger }) {
    const { editToApply } = await import("../../site/store/edit.ts");
    const resources = await readResourceInput([args.file], io, logger);
    const stranger = resources.find(({ document: { kind } }) => !["Link", "Secret", "AccessToken"].includes(kind));
    if (stranger !== undefined || !resources.some(({ document: { kind } }) => kind !== "Secret")) {
      const what = stranger === undefined ? "there is no Link in it" : `it holds a ${stranger.document.kind}`;
      const redeem = shellWords(["tendril", "token", "redeem", args.file, "--dir", flags.dir]);
      throw new TendrilError("SITE_INVALID", `${args.file} is not a link file: ${what}`, {
        hint: stranger === undefined
          ? `If it is a token of Skupper 1, type \`${redeem}\`; else have a link file made by \`tendril link generate\`.`
          : "Have one made by `tendril link generate` at the other site; other resources are for `tendril apply`.",
      });
    }
    const { scanDocuments } = await import("../../site/documents.ts");
    const { refuseTakenSecrets } = await import("../../site/store/taken_secrets.ts");
    await changeAndTell(flags, { io, logger }, (files) => {
      // The file is of strangers: what no Link in it names is not to replace anything, either.
      const there = [...files].flatMap(([file, text]) => scanDocuments(text, file).documents);
      refuseTakenSecrets(there, resources.map(({ document }) => document), true);
      return editToApply(files, resources);
    });
    return EXIT.ok;
  },
});

const update = defineCommand({
  name: "link update",
  summary: "change a Link",
  description: "Changes what is given, in the file where the Link stands. A running site connects the Link anew.",
  positionals: [NAME],
  flags: {
    cost: { ...COST, help: "Lower is preferred; else it stays." },
    "tls-credentials": { kind: "text", placeholder: "SECRET", help: "Name of its Secret; else it stays." },
    ...PUT_FLAGS,
  },
  examples: [{ title: "a second choice", line: "tendril link update link-hub --cost 10 --dir ./west" }],
  exits: ["configuration", "network"],
  permissions: CHANGING,
  async run({ args, flags, io, logger }) {
    const { editToUpdate } = await import("../../site/store/edit_fields.ts");
    const spec = { cost: flags.cost, tlsCredentials: flags["tls-credentials"] };
    refuseNothing(spec, "link update");
    await changeAndTell(flags, { io, logger }, (files) => editToUpdate(files, { kind: "Link", name: args.name }, spec));
    return EXIT.ok;
  },
});

const remove = defineCommand({
  name: "link delete",
  summary: "take a Link out, with its private key",
  description:
    "Takes the Link out of the folder of the site, and its Secret if nothing else names that. A running site disconnects: " +
    "what goes over the link is cut.",
  positionals: [NAME],
  flags: CHANGE_FLAGS,
  examples: [{ title: "part with a site", line: "tendril link delete link-hub --dir ./west" }],
  exits: ["configuration"],
  permissions: CHANGING,
  async run({ args, flags, io, logger }) {
    const { editToDeleteLink } = await import("../../site/store/edit_fields.ts");
    await changeAndTell(flags, { io, logger }, (files) => editToDeleteLink(files, args.name));
    return EXIT.ok;
  },
});

/** See the head of the file. */
export const linkCommands: readonly Command[] = [create, update, statusCommand("link", "Link"), remove];
