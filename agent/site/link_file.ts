/** Link files: a Secret and the Links that use it, in every form that Skupper's tools write (control-plane 1.13). */

import { TendrilError } from "../lib/errors.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import { assemble } from "./assemble.ts";
import { readDocuments } from "./documents.ts";
import type { LinkEndpoint, LinkSpec } from "./spec.ts";

/** Reads the Links of a link file. Throws SITE_SYNTAX or SITE_INVALID; a file without a Link is invalid. */
export function parseLinkFile(text: string, fileName: string): LinkSpec[] {
  const { links, problems } = assemble(readDocuments(text, fileName));
  if (problems.length > 0 || links.length === 0) {
    const reasons = problems.length > 0 ? problems : [`${fileName}: there is no Link`];
    throw new TendrilError("SITE_INVALID", `${fileName} is not a link file:\n  ${reasons.join("\n  ")}`, {
      hint: "Make one with 'tendril link generate' or 'skupper link generate'.",
    });
  }
  return [...links];
}

/** What a link file is to hold. */
export interface LinkFile {
  /** Name of both the Secret and the Link. */
  readonly name: string;
  readonly credentials: TlsCredentials;
  readonly endpoints: readonly Omit<LinkEndpoint, "group">[];
  readonly cost: number;
}

/** Writes a link file that Skupper reads as well: Secret first, ports as strings, every value on one line. */
export function writeLinkFile({ name, credentials, endpoints, cost }: LinkFile): string {
  const lines = [
    secretYaml(name, credentials).trimEnd(),
    "---",
    "apiVersion: skupper.io/v2alpha1",
    "kind: Link",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    `  cost: ${cost}`,
    "  endpoints:",
    ...endpoints.flatMap(({ role, host, port }) => [`  - name: ${role}`, `    host: "${host}"`, `    port: "${port}"`]),
    `  tlsCredentials: ${name}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** A Secret with TLS credentials as YAML. */
export function secretYaml(name: string, { ca, cert, key }: TlsCredentials): string {
  const encode = (pem: string) => new TextEncoder().encode(pem).toBase64();
  return `---
apiVersion: v1
kind: Secret
metadata:
  name: ${name}
type: kubernetes.io/tls
data:
  ca.crt: ${encode(ca)}
  tls.crt: ${encode(cert)}
  tls.key: ${encode(key)}
`;
}
