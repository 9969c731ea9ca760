/** How a site is joined with others: Links, ports that accept links, and the certificates that both need. */

import { isLoopbackHost } from "../../lib/host_name.ts";
import { expiryOf } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import { impliedAccess, LINK_PORTS, type LinkPorts, type PortCertificate } from "../port_access.ts";
import { shown } from "../problems.ts";
import { certificateKind } from "../resources/certificate.ts";
import { COST_MAX, COST_SETTING, linkKind, MEASURED, PROXY_SETTING, WEBSOCKET_SETTING } from "../resources/link.ts";
import { routerAccessKind } from "../resources/router_access.ts";
import { proxySpec } from "../secrets.ts";
import type { AccessSpec, CertificateSpec, LinkSpec } from "../spec.ts";
import type { Reading } from "./reading.ts";

const DEFAULT_PORTS = { ...LINK_PORTS, normal: 5672 } as const;
const COST_PATH = ["spec", "settings", COST_SETTING];

/** All Links. */
export function linksOf(reading: Reading): LinkSpec[] {
  const { findings, secrets } = reading;
  const links: LinkSpec[] = [];
  reading.each(linkKind, ({ metadata: { name }, spec }, document) => {
    const setting = spec.settings?.[PROXY_SETTING] ?? "";
    const tls = secrets.credentials(spec.tlsCredentials, document);
    const proxy = setting === ""
      ? undefined
      : secrets.read(setting, document, ["spec", "settings", PROXY_SETTING], proxySpec);
    const cost = spec.settings?.[COST_SETTING] ?? "";
    if (cost !== "" && cost !== MEASURED) {
      const hint = `Write ${MEASURED}, or a number into spec.cost.`;
      findings.problem(document, COST_PATH, `${shown(cost)} is no way to find a cost`, hint);
      return;
    }
    if (tls === undefined || (setting !== "" && proxy === undefined)) return;
    links.push({
      name,
      cost: spec.cost,
      endpoints: spec.endpoints.map(({ name, host, port, group }) => ({ role: name, host, port, group })),
      tls,
      measured: cost === MEASURED,
      websocket: spec.settings?.[WEBSOCKET_SETTING]?.toLowerCase() === "true",
      ...(proxy === undefined ? {} : { proxy }),
    });
  });
  return links;
}

/** What comes of all RouterAccess. */
export interface Ports {
  /** One per role. */
  readonly access: readonly AccessSpec[];
  /** The certificates that they show, of which some may not be there yet. */
  readonly portCertificates: readonly PortCertificate[];
  /** Name of the Secret with the authority that issues them. */
  readonly authority: string;
  /** True where the Site alone asks for ports. */
  readonly implied: boolean;
}

/** All RouterAccess, given or implied with `chosen` ports; `authority` holds where they name no other. */
export function portsOf(reading: Reading, authority: string, chosen: LinkPorts | undefined): Ports {
  const implied = impliedAccess(reading.documents, chosen);
  const access: AccessSpec[] = [];
  const portCertificates: PortCertificate[] = [];
  reading.each(routerAccessKind, ({ metadata: { name }, spec }, document) => {
    const host = spec.bindHost || "0.0.0.0";
    const wanted = spec.settings?.[COST_SETTING] || "1";
    const measured = wanted === MEASURED;
    const cost = measured ? 1 : Number(wanted);
    if (!Number.isInteger(cost) || cost < 1 || cost > COST_MAX) {
      const hint = `Write ${MEASURED}, or a whole number from 1 to ${COST_MAX}.`;
      reading.findings.problem(document, COST_PATH, `${shown(wanted)} is no cost`, hint);
      return;
    }
    let tls: TlsCredentials | undefined;
    if (spec.roles.some((role) => !(role.name === "normal" && isLoopbackHost(host)))) {
      const secret = spec.tlsCredentials || name;
      if (spec.roles.every((role) => role.name === "normal")) tls = reading.secrets.credentials(secret, document);
      else {
        if (spec.issuer !== "") authority = spec.issuer;
        portCertificates.push({ name: secret, subject: name, hosts: spec.subjectAlternativeNames, bind: host });
        tls = reading.secrets.portCredentials(secret, document);
      }
      if (tls === undefined) return;
    }
    for (const [index, { name: role, port: given }] of spec.roles.entries()) {
      const port = given ?? DEFAULT_PORTS[role];
      if (!reading.take(host, port, document, ["spec", "roles", index])) continue;
      const plain = role === "normal" && isLoopbackHost(host);
      // Others have no paths, and are not to notice when it changes.
      const price = role === "inter-router" ? { cost, measured } : { cost: 1, measured: false };
      access.push({ name, role, host, port, ...price, tls: plain ? undefined : tls });
    }
  }, implied);
  return { access, portCertificates, authority, implied: implied.length > 0 };
}

/** All Certificates; `authority` issues those that name no other. */
export function certificatesOf(reading: Reading, authority: string): CertificateSpec[] {
  const certificates: CertificateSpec[] = [];
  reading.each(certificateKind, ({ metadata: { name }, spec: { ca, subject, hosts, signing } }) => {
    const expires = expiryOf(reading.secrets.values.get(name)?.get("tls.crt"));
    certificates.push({
      name,
      ca: ca || authority,
      subject,
      hosts,
      signing,
      ...(expires === undefined ? {} : { expires }),
    });
  });
  return certificates;
}
