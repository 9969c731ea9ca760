/** Makes the resource files of a new site, with its own authority if others may link to it. */

import { TendrilError } from "../lib/errors.ts";
import { createAuthority, issue } from "../pki/authority.ts";
import { secretYaml } from "./link_file.ts";
import { localNames } from "./local_names.ts";
import { makeFolder, writeFile } from "./write_files.ts";

/** What the new site is to be. */
export interface CreateOptions {
  readonly dir: string;
  readonly name: string;
  readonly edge: boolean;
  /** True when other sites may link to this one. */
  readonly linkAccess: boolean;
  /** Address on which links are accepted; empty for all. */
  readonly bind: string;
  readonly edgePort: number;
  readonly interRouterPort: number;
  /** Port for plain AMQP clients, if wanted. */
  readonly amqpPort: number | undefined;
}

/** Name of the Secret that holds the site's authority, the same as Skupper's. */
export const SITE_CA = "skupper-site-ca";
/** Certificates made here are valid this long, as Skupper's are. */
export const VALID_YEARS = 5;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Writes the site's files and returns their names. Throws SITE_NAME, SITE_EXISTS, SITE_EDGE_ACCESS or SITE_WRITE.
 */
export async function createSite(options: CreateOptions): Promise<{ files: string[] }> {
  const { dir, name, edge, linkAccess } = options;
  if (!NAME.test(name)) {
    throw new TendrilError("SITE_NAME", `${JSON.stringify(name)} can't be the name of a site`, {
      hint: "Use lower-case letters, digits and dashes, such as west-1.",
    });
  }
  if (edge && (linkAccess || options.amqpPort !== undefined)) {
    throw new TendrilError("SITE_EDGE_ACCESS", "an edge site accepts no links and no AMQP clients", {
      hint: "Leave out --edge to make an interior, or leave out --enable-link-access and --amqp-port.",
    });
  }
  await makeFolder(dir);
  const existing = [...Deno.readDirSync(dir)].find((entry) => /^Site-.+\.ya?ml$/.test(entry.name));
  if (existing !== undefined) {
    throw new TendrilError("SITE_EXISTS", `${dir} already holds a site: ${existing.name}`, {
      hint: "Choose another --dir, or remove the files of the old site first.",
    });
  }
  const files: [string, string][] = [];
  if (linkAccess) {
    const now = Date.now();
    const authority = await createAuthority({ commonName: SITE_CA, algorithm: "rsa", years: VALID_YEARS, now });
    const hosts = localNames(options.bind);
    const server = await issue({ authority, commonName: name, hosts, algorithm: "rsa", years: VALID_YEARS, now });
    files.push([`Secret-${SITE_CA}.yaml`, secretYaml(SITE_CA, authority)]);
    files.push([`Secret-${name}.yaml`, secretYaml(name, server)]);
  }
  const access = accessYaml(options);
  if (access !== "") files.push([`RouterAccess-${name}.yaml`, access]);
  // Last: a folder with a Site in it is a complete one.
  files.push([`Site-${name}.yaml`, siteYaml(name, edge, linkAccess)]);
  for (const [file, text] of files) await writeFile(dir, file, text);
  return { files: files.map(([file]) => file) };
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
