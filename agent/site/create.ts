/** Makes the resource files of a new site, with its own authority if others may link to it. */

import { parse } from "yaml";
import { TendrilError } from "../lib/errors.ts";
import { createAuthority, issue } from "../pki/authority.ts";
import { secretYaml } from "./link_file.ts";
import { loadResources } from "./load.ts";
import { localNames } from "./local_names.ts";
import { SITE_CA } from "./port_access.ts";
import { host as hostSchema, name as nameSchema } from "./resources/schema.ts";
import { createFile, makeFolder } from "./write_files.ts";

/** What the new site is to be. */
export interface CreateOptions {
  /** Folder for the files; made if needed. */
  readonly dir: string;
  /** Lower-case letters, digits and dashes, 63 at most. */
  readonly name: string;
  /** True for an edge, false for an interior. */
  readonly edge: boolean;
  /** True when other sites may link to this one. */
  readonly linkAccess: boolean;
  /** Address on which links are accepted; empty for all. */
  readonly bind: string;
  /** Port for edges; Skupper's is 45671. */
  readonly edgePort: number;
  /** Port for interiors; Skupper's is 55671. */
  readonly interRouterPort: number;
  /** Port for plain AMQP clients, if wanted. */
  readonly amqpPort: number | undefined;
}

/** Certificates made here are valid this long, as Skupper's are. */
export const VALID_YEARS = 5;
/** Longest name, in characters: that of a DNS label, as Kubernetes has it. */
const NAME_MAX = 63;

/**
 * Writes the site's files and returns their names; either all of them are there afterwards or none. Throws SITE_NAME,
 * SITE_INVALID for a bad `bind`, SITE_EDGE_ACCESS, SITE_EXISTS, SITE_SYNTAX when other files in the folder are broken,
 * SITE_FOLDER or SITE_WRITE.
 */
export async function createSite(options: CreateOptions): Promise<{ files: string[] }> {
  const { dir, name, edge, linkAccess } = options;
  checkName(name, "site");
  if (options.bind !== "" && !hostSchema.safeParse(options.bind).success) {
    throw new TendrilError("SITE_INVALID", `${JSON.stringify(options.bind)} is no address to accept links on`, {
      hint: "Use an IP address or a host name of this machine, or 0.0.0.0 for all addresses.",
    });
  }
  if (edge && (linkAccess || options.amqpPort !== undefined)) {
    throw new TendrilError("SITE_EDGE_ACCESS", "an edge site accepts no links and no AMQP clients", {
      hint: "Leave out --edge to make an interior, or leave out --enable-link-access and --amqp-port.",
    });
  }
  refuseSamePorts(options);
  await makeFolder(dir);
  await refuseExisting(dir);
  const files: [string, string][] = [];
  if (linkAccess) {
    const now = Date.now();
    const authority = await createAuthority({ commonName: SITE_CA, years: VALID_YEARS, now });
    const hosts = localNames(options.bind);
    const common = { authority, client: true, server: true, years: VALID_YEARS, now };
    const server = await issue({ ...common, commonName: name, hosts });
    files.push([`Secret-${SITE_CA}.yaml`, secretYaml(SITE_CA, authority)]);
    files.push([`Secret-${name}.yaml`, secretYaml(name, server)]);
  }
  const access = accessYaml(options);
  if (access !== "") files.push([`RouterAccess-${name}.yaml`, access]);
  // Last: a folder with a Site in it is a complete one.
  files.push([`Site-${name}.yaml`, siteYaml(name, edge, linkAccess)]);
  await writeAll(dir, files);
  return { files: files.map(([file]) => file) };
}

/** Throws SITE_NAME unless `name` can be the name of a site or link here and in every YAML reader. */
export function checkName(name: string, what: "site" | "link"): void {
  // A site is a router, a unit of the system and a certificate by that name: one label suits them all.
  const isLabel = what === "link" || !name.includes(".");
  const plain = nameSchema.safeParse(name).success && name.length <= NAME_MAX && isLabel;
  // Names stand in YAML without quotes, where 123 is a number, and `no` a boolean to older readers.
  if (plain && [parse(name), parse(name, { version: "1.1" })].every((value) => value === name)) return;
  throw new TendrilError("SITE_NAME", `${JSON.stringify(name)} can't be the name of a ${what}`, {
    hint: plain
      ? "YAML reads this as a number, date or truth value; use another name, such as west-1."
      : `Use lower-case letters, digits and dashes, ${NAME_MAX} at most, such as west-1.`,
  });
}

function refuseSamePorts({ linkAccess, edgePort, interRouterPort, amqpPort }: CreateOptions): void {
  const ports = [...(linkAccess ? [edgePort, interRouterPort] : []), ...(amqpPort === undefined ? [] : [amqpPort])];
  const twice = ports.find((port, at) => ports.indexOf(port) !== at);
  if (twice === undefined) return;
  throw new TendrilError("SITE_INVALID", `port ${twice} can't be used for two things`, {
    hint: "Give edges, interiors and AMQP clients a port each.",
  });
}

async function refuseExisting(dir: string): Promise<void> {
  const { sites: [site], problems } = await loadResources(dir);
  // A Site that is itself invalid is known by what is wrong with it, or by its file.
  const existing = site?.where ?? problems.find(({ about }) => about?.kind === "Site")?.text ??
    [...Deno.readDirSync(dir)].find(({ name }) => /^Site-.+\.ya?ml$/.test(name))?.name;
  if (existing === undefined) return;
  throw new TendrilError("SITE_EXISTS", `${dir} already holds a site: ${existing}`, {
    hint: "Choose another --dir, or remove the files of the old site first.",
  });
}

async function writeAll(dir: string, files: readonly [string, string][]): Promise<void> {
  const written: string[] = [];
  try {
    for (const [file, text] of files) {
      await createFile(dir, file, text);
      written.push(file);
    }
  } catch (error) {
    for (const file of written) await Deno.remove(`${dir}/${file}`).catch(() => {}); // The first error counts.
    throw error;
  }
}

function siteYaml(name: string, edge: boolean, linkAccess: boolean): string {
  const spec = edge ? "  edge: true" : linkAccess ? "  linkAccess: default" : "  edge: false";
  return `apiVersion: skupper.io/v2alpha1
kind: Site
metadata:
  name: ${name}
  uid: ${crypto.randomUUID()}
spec:
${spec}
`;
}

function accessYaml({ name, bind, linkAccess, edgePort, interRouterPort, amqpPort }: CreateOptions): string {
  const roles: [string, number][] = [];
  if (linkAccess) roles.push(["inter-router", interRouterPort], ["edge", edgePort]);
  const documents: string[] = [];
  if (roles.length > 0) documents.push(routerAccess(name, bind, roles));
  // Clients without certificates are served on this machine only, wherever links are accepted.
  if (amqpPort !== undefined) documents.push(routerAccess(`${name}-amqp`, "127.0.0.1", [["normal", amqpPort]]));
  return documents.join("---\n");
}

function routerAccess(name: string, bind: string, roles: readonly [string, number][]): string {
  return `apiVersion: skupper.io/v2alpha1
kind: RouterAccess
metadata:
  name: ${name}
spec:
  roles:
${roles.map(([role, port]) => `  - name: ${role}\n    port: ${port}`).join("\n")}
  tlsCredentials: ${name}
  bindHost: "${bind}"
`;
}
