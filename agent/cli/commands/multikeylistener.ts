/** `tendril multikeylistener create|generate|update|status|delete`. */

import { usage } from "../args.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { changeAndTell, CHANGING, PUT_FLAGS } from "../folder_commands.ts";
import { checkResourceName } from "../resource_name.ts";
import {
  asJson,
  deleteByNameCommand,
  newPort,
  refuseNothing,
  RESOURCE_FORMAT_FLAG,
  statusCommand,
} from "../resource_commands.ts";

const KIND = "MultiKeyListener";
const NOUN = "multikeylistener";
const NAME = { name: "name", placeholder: "NAME", help: "Name of the resource." } as const;
const KEY_FLAGS = {
  priority: {
    kind: "text",
    placeholder: "KEY,KEY…",
    help: "Routing keys: clients go to the first one that is served.",
  },
  weighted: {
    kind: "text",
    placeholder: "KEY=N,…",
    help: "Routing keys with weights: clients are spread so over those that are served.",
  },
} as const;

const HOST_FLAG = {
  kind: "text",
  placeholder: "HOST",
  default: "0.0.0.0",
  help: "Address or host name to bind.",
} as const;

const create = defineCommand({
  name: `${NOUN} create`,
  summary: `write a ${KIND}: a port that leads to several keys`,
  description:
    `Puts a new ${KIND} into the folder of the site, like \`tendril apply\`; a running site uses it at once. The port is ` +
    "open while any of its keys is served, and who connects takes a key of those.",
  positionals: [NAME, { name: "port", placeholder: "PORT", help: "Port, 1 to 65535." }],
  flags: {
    ...KEY_FLAGS,
    host: HOST_FLAG,
    ...PUT_FLAGS,
  },
  examples: [
    {
      title: "the second key stands in for the first",
      line: `tendril ${NOUN} create db 5432 --priority db-a,db-b --dir ./west`,
    },
    {
      title: "one of ten to the new one",
      line: `tendril ${NOUN} create web 8080 --weighted web=9,web-new=1 --dir ./west`,
    },
  ],
  exits: ["configuration", "network"],
  permissions: CHANGING,
  async run({ args, flags, io, logger }) {
    await checkResourceName(KIND, args.name);
    const { editToCreate } = await import("../../site/store/edit_fields.ts");
    const spec = specOf(args, flags, `${NOUN} create`);
    await changeAndTell(flags, { io, logger }, (files) => editToCreate(files, { kind: KIND, name: args.name }, spec));
    return EXIT.ok;
  },
});

const generate = defineCommand({
  name: `${NOUN} generate`,
  summary: `print a ${KIND}, and write nothing`,
  description: `Prints what \`tendril ${NOUN} create\` would put into the folder of a site.`,
  positionals: [NAME, { name: "port", placeholder: "PORT", help: "Port, 1 to 65535." }],
  flags: { ...KEY_FLAGS, host: HOST_FLAG, output: RESOURCE_FORMAT_FLAG },
  examples: [{ title: "for a file of your own", line: `tendril ${NOUN} generate db 5432 --priority db-a,db-b` }],
  exits: ["configuration"],
  permissions: [],
  async run({ args, flags, io }) {
    await checkResourceName(KIND, args.name);
    const { checkedResource } = await import("../../site/store/generate.ts");
    const text = checkedResource({ kind: KIND, name: args.name }, specOf(args, flags, `${NOUN} generate`));
    io.stdout(flags.output === "json" ? await asJson(text) : text);
    return EXIT.ok;
  },
});

const update = defineCommand({
  name: `${NOUN} update`,
  summary: `change a ${KIND}`,
  description: `Changes what is given, in the file where the ${KIND} stands; its connections live on until they end.`,
  positionals: [NAME],
  flags: {
    ...KEY_FLAGS,
    host: { kind: "text", placeholder: "HOST", help: "Address or host name to bind; else it stays." },
    port: { kind: "integer", placeholder: "N", min: 1, max: 65_535, help: "Port; else it stays." },
    ...PUT_FLAGS,
  },
  examples: [{ title: "half and half", line: `tendril ${NOUN} update web --weighted web=1,web-new=1 --dir ./west` }],
  exits: ["configuration", "network"],
  permissions: CHANGING,
  async run({ args, flags, io, logger }) {
    const { editToUpdate } = await import("../../site/store/edit_fields.ts");
    const { host, port } = flags;
    const spec = { host, port, strategy: strategyOf(flags, `${NOUN} update`) };
    refuseNothing(spec, `${NOUN} update`);
    await changeAndTell(flags, { io, logger }, (files) => editToUpdate(files, { kind: KIND, name: args.name }, spec));
    return EXIT.ok;
  },
});

/** See the head of the file. */
export const multiKeyListenerCommands: readonly Command[] = [
  create,
  generate,
  update,
  statusCommand(NOUN, KIND),
  deleteByNameCommand(NOUN, KIND),
];

/** The spec of a new one. Throws USAGE_PORT, and what is wrong with the flags. */
function specOf(
  args: { readonly port: string },
  flags: { readonly host: string; priority: string | undefined; weighted: string | undefined },
  command: string,
) {
  const port = newPort(args.port, command);
  const strategy = strategyOf(flags, command);
  if (strategy !== undefined) return { host: flags.host, port, strategy };
  const hint = "Name them with --priority KEY,KEY or with --weighted KEY=N,KEY=N.";
  throw usage("USAGE_FLAG_MISSING", `a ${KIND} leads to routing keys, and no routing keys are given`, command, hint);
}

/** `spec.strategy` of the flags; undefined where there is none. What is wrong with the keys is said by the schema. */
function strategyOf(flags: { priority: string | undefined; weighted: string | undefined }, command: string) {
  const { priority, weighted } = flags;
  if (priority !== undefined && weighted !== undefined) {
    throw usage("USAGE_FLAG_VALUE", "keys go by --priority or by --weighted, not by both", command);
  }
  if (priority !== undefined) return { priority: { routingKeys: priority.split(",") } };
  if (weighted === undefined) return undefined;
  const weights = weighted.split(",").map((each): [string, number] => {
    const [, key, weight] = /^(.+)=(\d{1,9})$/.exec(each) ?? [];
    if (key === undefined) throw usage("USAGE_FLAG_VALUE", `"${each}" is no KEY=N`, command);
    return [key, Number(weight)];
  });
  return { weighted: { routingKeys: Object.fromEntries(weights) } };
}
