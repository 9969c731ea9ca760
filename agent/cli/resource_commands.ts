/** What `listener`, `connector` and `link` have in common: delete and status, and create, generate and update of services. */

import type { ResourceStatus } from "../site/conditions.ts";
import { TendrilError } from "../lib/errors.ts";
import { usage } from "./args.ts";
import { ASKING, RUNNING_SITE_FLAG, TIMEOUT_FLAG } from "./ask_site.ts";
import { type Command, defineCommand } from "./command.ts";
import { EXIT } from "./exit_codes.ts";
import { FORMAT_FLAG } from "./flags.ts";
import { CHANGE_FLAGS, changeAndTell, CHANGING, PUT_FLAGS } from "./folder_commands.ts";
import { writeResult } from "./format.ts";
import { checkResourceName } from "./resource_name.ts";
import { resourceTables } from "./resource_table.ts";
import { siteReport } from "./site_report.ts";
import { WAIT_FOR_FLAG, waitFor } from "./wait_for.ts";

/** A kind of service, in words. */
export interface ServiceWords {
  /** The noun of the commands. */
  readonly noun: "listener" | "connector";
  /** The kind of resource. */
  readonly kind: "Listener" | "Connector";
  /** What one is, for summaries. */
  readonly what: string;
  /** What the host is. */
  readonly hostHelp: string;
  /** The host of a new one. */
  readonly defaultHost: string;
}

/** `NAME`, the first word of most commands. */
const NAME = { name: "name", placeholder: "NAME", help: "Name of the resource." } as const;
/** Port of a new service. */
const NEW_PORT = { name: "port", placeholder: "PORT", help: "Port, 1 to 65535." } as const;
/** Port of a service that is there. */
const PORT = { kind: "integer", placeholder: "N", min: 1, max: 65_535, help: "Port; else it stays." } as const;

const typeFlag = { kind: "text", placeholder: "TYPE" } as const;
const keyFlag = { kind: "text", placeholder: "KEY", short: "r" } as const;
const hostFlag = { kind: "text", placeholder: "HOST" } as const;

const secretFlag = { kind: "text", placeholder: "SECRET" } as const;
/** `-o` of commands that print a resource. */
export const RESOURCE_FORMAT_FLAG = {
  kind: "choice",
  choices: ["yaml", "json"],
  default: "yaml",
  short: "o",
  help: "Form of the resource.",
} as const;
/** What only Connectors have. */
const TARGET_FLAGS = {
  "use-client-cert": { kind: "switch", help: "Show tls.crt of that Secret to the target." },
  "any-hostname": { kind: "switch", help: "Take a certificate of the target for any name: verifyHostname is false." },
} as const;

/** `create`, `generate`, `update`, `status` and `delete` of Listeners or Connectors. */
export function serviceCommands({ noun, kind, what, hostHelp, defaultHost }: ServiceWords): readonly Command[] {
  const newFlags = {
    "routing-key": { ...keyFlag, help: "Address in the network; else NAME." },
    host: { ...hostFlag, default: defaultHost, help: hostHelp },
    type: { ...typeFlag, help: "What is spoken: tcp, http1 or the name of an Adaptor." },
    "tls-credentials": { ...secretFlag, help: "Name of the Secret for TLS; else there is none." },
    ...(kind === "Connector" ? TARGET_FLAGS : {}),
  } as const;
  const create = defineCommand({
    name: `${noun} create`,
    summary: `write a ${kind}: ${what}`,
    description:
      `Puts a new ${kind} into the folder of the site, like \`tendril apply\`; a running site uses it at once.`,
    positionals: [NAME, NEW_PORT],
    flags: { ...newFlags, ...PUT_FLAGS },
    examples: [{ title: "a port and a key", line: `tendril ${noun} create web 8080 --routing-key shop --dir ./west` }],
    exits: ["configuration", "network"],
    permissions: CHANGING,
    async run({ args, flags, io, logger }) {
      await checkResourceName(kind, args.name);
      const { editToCreate } = await import("../site/store/edit_fields.ts");
      const spec = specOf(args, flags, `${noun} create`);
      await changeAndTell(flags, { io, logger }, (files) => editToCreate(files, { kind, name: args.name }, spec));
      return EXIT.ok;
    },
  });
  const generate = defineCommand({
    name: `${noun} generate`,
    summary: `print a ${kind}, and write nothing`,
    description: `Prints what \`tendril ${noun} create\` would put into the folder of a site.`,
    positionals: [NAME, NEW_PORT],
    flags: { ...newFlags, output: RESOURCE_FORMAT_FLAG },
    examples: [{ title: "for a file of your own", line: `tendril ${noun} generate web 8080 --routing-key shop` }],
    exits: ["configuration"],
    permissions: [],
    async run({ args, flags, io }) {
      await checkResourceName(kind, args.name);
      const { checkedResource } = await import("../site/store/generate.ts");
      const text = checkedResource({ kind, name: args.name }, specOf(args, flags, `${noun} generate`));
      io.stdout(flags.output === "json" ? await asJson(text) : text);
      return EXIT.ok;
    },
  });
  const update = defineCommand({
    name: `${noun} update`,
    summary: `change a ${kind}`,
    description: `Changes what is given, in the file where the ${kind} stands; all else in it stays, comments too.`,
    positionals: [NAME],
    flags: {
      "routing-key": { ...keyFlag, help: "Address in the network; else it stays." },
      host: { ...hostFlag, help: "Address or host name; else it stays." },
      port: PORT,
      type: { ...typeFlag, help: "What is spoken; else it stays." },
      "tls-credentials": { ...secretFlag, help: "Name of the Secret for TLS; else it stays." },
      ...(kind === "Connector" ? TARGET_FLAGS : {}),
      ...PUT_FLAGS,
    },
    examples: [{ title: "another port", line: `tendril ${noun} update web --port 8081 --dir ./west` }],
    exits: ["configuration", "network"],
    permissions: CHANGING,
    async run({ args, flags, io, logger }) {
      const { editToUpdate } = await import("../site/store/edit_fields.ts");
      const { host, port, type } = flags;
      const spec = { routingKey: flags["routing-key"], host, port, type, ...tlsFields(flags) };
      refuseNothing(spec, `${noun} update`);
      await changeAndTell(flags, { io, logger }, (files) => editToUpdate(files, { kind, name: args.name }, spec));
      return EXIT.ok;
    },
  });
  return [create, generate, update, statusCommand(noun, kind), deleteByNameCommand(noun, kind)];
}

/** `NOUN delete NAME`: takes a resource of `kind` out of the folder. */
export function deleteByNameCommand(noun: string, kind: string): Command {
  return defineCommand({
    name: `${noun} delete`,
    summary: `take a ${kind} out`,
    description: `Takes the ${kind} out of the folder of the site; its connections live on until they end.`,
    positionals: [NAME],
    flags: CHANGE_FLAGS,
    examples: [{ title: "it is not needed any more", line: `tendril ${noun} delete web --dir ./west` }],
    exits: ["configuration"],
    permissions: CHANGING,
    async run({ args, flags, io, logger }) {
      const { editToDelete } = await import("../site/store/edit.ts");
      await changeAndTell(flags, { io, logger }, (files) => editToDelete(files, [{ kind, name: args.name }]));
      return EXIT.ok;
    },
  });
}

/** `tendril NOUN status [NAME]`. */
export function statusCommand(noun: string, kind: string): Command {
  return defineCommand({
    name: `${noun} status`,
    summary: `show how the ${kind}s of a running site are`,
    description: `Like \`tendril status\`, for one ${kind} or all of them.`,
    positionals: [{ ...NAME, optional: true }],
    flags: { wait: WAIT_FOR_FLAG, dir: RUNNING_SITE_FLAG, timeout: TIMEOUT_FLAG, output: FORMAT_FLAG },
    examples: [{ title: `all ${kind}s`, line: `tendril ${noun} status --dir ./west` }],
    exits: ["configuration", "network"],
    permissions: ASKING,
    async run({ args, flags, io }) {
      const meant = (resource: ResourceStatus) => isWanted(resource, kind, args.name);
      const { resources } = flags.wait === "none"
        ? await siteReport(flags.dir, flags.timeout)
        : await waitFor(flags.dir, flags.wait, meant, flags.timeout);
      const wanted = resources.filter(meant);
      if (args.name !== undefined && wanted.length === 0) {
        throw new TendrilError("SITE_UNKNOWN", `the running site has no ${kind} ${args.name}`, {
          hint: `See \`tendril ${noun} status\` for those that it has.`,
        });
      }
      const tables = wanted.length > 0 ? resourceTables(wanted) : [{ title: `${kind}s`, heads: [], rows: [] }];
      await writeResult(flags.output, io, { resources: wanted }, tables);
      return EXIT.ok;
    },
  });
}

/** A resource in YAML as JSON. */
export async function asJson(text: string): Promise<string> {
  const { parse } = await import("yaml");
  return `${JSON.stringify(parse(text), null, 2)}\n`;
}

/** The port of a new service. Throws USAGE_PORT. */
export function newPort(port: string, command: string): number {
  if (/^\d{1,5}$/.test(port)) return Number(port);
  throw usage("USAGE_PORT", `"${port}" is not a port`, command);
}

/** The spec of a new service. Throws USAGE_PORT. */
function specOf(
  args: { readonly name: string; readonly port: string },
  flags: Parameters<typeof tlsFields>[0] & {
    readonly "routing-key": string | undefined;
    readonly host: string;
    readonly type: string | undefined;
  },
  command: string,
) {
  const { host, type, "routing-key": routingKey = args.name } = flags;
  return { routingKey, host, port: newPort(args.port, command), type, ...tlsFields(flags) };
}

/** Fields of the spec that are about TLS; those of flags that were not given are undefined. */
function tlsFields(flags: {
  readonly "tls-credentials": string | undefined;
  readonly "use-client-cert"?: unknown;
  readonly "any-hostname"?: unknown;
}) {
  return {
    tlsCredentials: flags["tls-credentials"],
    useClientCert: flags["use-client-cert"] === true ? true : undefined,
    verifyHostname: flags["any-hostname"] === true ? false : undefined,
  };
}

/** Throws when none of `fields` was given. */
export function refuseNothing(fields: Readonly<Record<string, unknown>>, command: string): void {
  if (Object.values(fields).some((value) => value !== undefined)) return;
  throw usage("USAGE_FLAG_MISSING", "there is nothing to change", command, "Give at least one flag.");
}

function isWanted(resource: ResourceStatus, kind: string, name: string | undefined): boolean {
  return resource.kind === kind && (name === undefined || resource.name === name);
}
