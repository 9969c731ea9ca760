/** Link files: a Secret and the Links that use it, in every form that Skupper's tools write (control-plane 1.13). */

import { TendrilError } from "../lib/errors.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import { assemble } from "./assemble.ts";
import { scanDocuments } from "./documents.ts";
import { problemsError, shown } from "./problems.ts";
import { isHost, isResourceName } from "./resources/schema.ts";
import type { LinkEndpoint, LinkSpec } from "./spec.ts";

const PORT_MAX = 65_535;

/**
 * Reads the Links of a link file; other resources in it count as little as in a folder. Throws SITE_SYNTAX,
 * SITE_TOO_LARGE, SITE_SECRET or SITE_INVALID; a file without a Link is invalid.
 */
export function parseLinkFile(text: string, fileName: string): LinkSpec[] {
  const { links, problems } = assemble([scanDocuments(text, fileName)]);
  if (problems.length > 0) throw problemsError(`${fileName} can't be used as a link file`, problems);
  if (links.length === 0) {
    throw new TendrilError("SITE_INVALID", `${fileName} is not a link file: there is no Link in it`, {
      hint: "Make one with 'tendril link generate' or 'skupper link generate'.",
    });
  }
  return [...links];
}

/** What a link file is to hold. */
export interface LinkFile {
  /** Name of both the Secret and the Link. */
  readonly name: string;
  /** Of whoever will use the file: they hold a private key. */
  readonly credentials: TlsCredentials;
  /** At least one; both roles, so that any site can use the file. */
  readonly endpoints: ReadonlyArray<Omit<LinkEndpoint, "group"> & { readonly group?: string }>;
  /** At least 1; lower is preferred. Without one, whoever uses the file decides. */
  readonly cost?: number;
}

/**
 * Writes a link file that Skupper reads as well: Secret first, ports as strings, every value on one line. Throws
 * SITE_NAME or SITE_INVALID for values that no link file may have.
 */
export function writeLinkFile({ name, credentials, endpoints, cost }: LinkFile): string {
  return `${secretYaml(name, credentials)}${linkYaml({ name, endpoints, cost }, name)}`;
}

/** A Link as YAML that uses the Secret `credentials`. Throws SITE_NAME and SITE_INVALID. */
export function linkYaml(
  { name, endpoints, cost }: Pick<LinkFile, "name" | "endpoints"> & { readonly cost?: number | undefined },
  credentials: string,
): string {
  for (const { host, port } of endpoints) {
    if (isHost(host) && Number.isInteger(port) && port >= 1 && port <= PORT_MAX) continue;
    throw new TendrilError("SITE_INVALID", `${shown(`${host}:${port}`)} can't be the endpoint of a link`, {
      hint: "Name the host or IP address and port by which the other site reaches this one.",
    });
  }
  const lines = [
    "---",
    "apiVersion: skupper.io/v2alpha1",
    "kind: Link",
    "metadata:",
    `  name: ${scalar(checked(name))}`,
    "spec:",
    ...(cost === undefined ? [] : [`  cost: ${Math.max(1, Math.trunc(cost))}`]),
    "  endpoints:",
    ...endpoints.flatMap(({ role, host, port, group = "" }) => [
      `  - name: ${role}`,
      `    host: "${host}"`,
      `    port: "${port}"`,
      ...(group === "" ? [] : [`    group: ${JSON.stringify(group)}`]),
    ]),
    `  tlsCredentials: ${scalar(checked(credentials))}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** `name`, if a resource may have it. */
function checked(name: string): string {
  if (isResourceName(name)) return name;
  throw new TendrilError("SITE_NAME", `${shown(name)} can't be the name of a resource`, {
    hint: "Use lower-case letters, digits, dashes and dots, such as link-west.",
  });
}

/** A Secret with TLS credentials, or some of them, and `more` values, as YAML. Throws SITE_NAME. */
export function secretYaml(
  name: string,
  { ca, cert, key }: Partial<TlsCredentials>,
  more: Readonly<Record<string, string>> = {},
): string {
  const encode = (text: string) => new TextEncoder().encode(text).toBase64();
  const values = Object.entries({ "ca.crt": ca, "tls.crt": cert, "tls.key": key, ...more });
  return `---
apiVersion: v1
kind: Secret
metadata:
  name: ${scalar(checked(name))}
type: ${cert === undefined ? "Opaque" : "kubernetes.io/tls"}
data:
${values.map(([key, value]) => value === undefined ? "" : `  ${key}: ${encode(value)}\n`).join("")}`;
}

/** A name as YAML: quoted where YAML 1.1 or 1.2 would take it for a number, a boolean or null. */
function scalar(name: string): string {
  return /^[0-9]|^(true|false|yes|no|on|off|y|n|null)$/.test(name) ? `"${name}"` : name;
}
