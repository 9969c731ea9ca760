/** Turns resource documents into a site's desired state, collecting every problem instead of stopping at the first. */

import { grantsOf, policiesOf, tokensOf } from "./assembly/admission.ts";
import { Findings } from "./assembly/findings.ts";
import { kindOf, knownDocuments } from "./assembly/known_documents.ts";
import { certificatesOf, linksOf, portsOf } from "./assembly/links.ts";
import { Reading } from "./assembly/reading.ts";
import {
  adaptorsOf,
  connectorsOf,
  listenersOf,
  multiKeyListenersOf,
  routesOf,
  unroutedOf,
} from "./assembly/services.ts";
import type { ReadResult } from "./documents.ts";
import type { AccessLog, HttpRouteSpec } from "./http_route_spec.ts";
import { type LinkPorts, type PortCertificate, type ServiceCertificate, SITE_CA } from "./port_access.ts";
import type { BrokenResource, Problem } from "./problems.ts";
import { ACCESS_LOG_SETTING } from "./resources/schema.ts";
import { siteKind } from "./resources/site.ts";
import type { SecretValues } from "./secrets.ts";
import type {
  AccessSpec,
  AdaptorSpec,
  CertificateSpec,
  ConnectorSpec,
  GrantSpec,
  LinkSpec,
  ListenerSpec,
  MultiKeyListenerSpec,
  PolicySpec,
} from "./spec.ts";
import type { RedeemableToken } from "./tokens/token_file.ts";

/** What is said about the site itself. */
export interface SiteHead {
  /** Name of the Site. */
  readonly name: string;
  /** metadata.uid, in lower case. */
  readonly uid: string | undefined;
  /** True for an edge, false for an interior. */
  readonly edge: boolean;
  /** Place and title, for messages. */
  readonly where: string;
}

/** What the documents of one folder or file add up to. */
export interface Assembled {
  /** Every Site found; a folder must have one. */
  readonly sites: readonly SiteHead[];
  /** Of all Listeners. */
  readonly listeners: readonly ListenerSpec[];
  /** Of all Connectors. */
  readonly connectors: readonly ConnectorSpec[];
  /** Of all MultiKeyListeners. */
  readonly multiKeyListeners: readonly MultiKeyListenerSpec[];
  /** Of all Adaptors. */
  readonly adaptors: readonly AdaptorSpec[];
  /** Of all HttpRoutes. */
  readonly routes: readonly HttpRouteSpec[];
  /** Why Listeners have no rules that are meant to have some, by name. */
  readonly unrouted: Readonly<Record<string, string>>;
  /** Of all Links, with their credentials. */
  readonly links: readonly LinkSpec[];
  /** Of all Certificates. */
  readonly certificates: readonly CertificateSpec[];
  /** Those that its ports for links show, of which some may not be there yet: the running site makes them. */
  readonly portCertificates: readonly PortCertificate[];
  /** Whether resources give the ports for links, they were chosen, or will be when the site runs. */
  readonly linkPorts: "given" | "chosen" | "open";
  /** Those that services name and that are not there: the running site makes them. */
  readonly serviceCertificates: readonly ServiceCertificate[];
  /** Name of the Secret with the authority of the site. */
  readonly authority: string;
  /** Of all AccessGrants. */
  readonly grants: readonly GrantSpec[];
  /** Of all AccessTokens. */
  readonly tokens: readonly RedeemableToken[];
  /** One per role of every RouterAccess. */
  readonly access: readonly AccessSpec[];
  /** Of all Policies. */
  readonly policies: readonly PolicySpec[];
  /** Values of all Secrets by name. */
  readonly secrets: ReadonlyMap<string, SecretValues>;
  /** Names of those that were given as files, which are never written to. */
  readonly given: ReadonlySet<string>;
  /** False when no Site was found, good or broken, in files that could all be read. */
  readonly siteSeen: boolean;
  /** Everything that is wrong, in the order of kinds. */
  readonly problems: readonly Problem[];
  /** The resources that `problems` name, those that need one of them, and those of kinds that are not used. */
  readonly broken: readonly BrokenResource[];
  /** One line per thing that was passed over. */
  readonly warnings: readonly string[];
}

/** Puts together what the files hold; their own problems come first in the result. `chosen`: ports for links. */
export function assemble(files: readonly ReadResult[], chosen?: LinkPorts): Assembled {
  const findings = new Findings(files.flatMap(({ problems }) => problems));
  const unread = findings.problems.length > 0;
  findings.warnings.push(...files.flatMap(({ warnings = [] }) => warnings));
  const documents = files.flatMap(({ documents }) => documents);
  const reading = new Reading(knownDocuments(documents, findings), findings);
  // In this order people are told of problems, and places are taken.
  const adaptors = adaptorsOf(reading);
  const { sites, issuer, accessLog } = sitesOf(reading);
  const listeners = listenersOf(reading, accessLog);
  const multiKeyListeners = multiKeyListenersOf(reading);
  const connectors = connectorsOf(reading);
  const links = linksOf(reading);
  const grants = grantsOf(reading);
  const tokens = tokensOf(reading);
  const policies = policiesOf(reading);
  const routes = routesOf(reading);
  const { implied, ...ports } = portsOf(reading, issuer, chosen);
  const certificates = certificatesOf(reading, ports.authority);
  const serviceCertificates = reading.secrets.toBeMade();
  findings.conclude();
  return {
    sites,
    listeners,
    connectors,
    multiKeyListeners,
    adaptors,
    routes,
    unrouted: unroutedOf(reading, routes),
    links,
    certificates,
    ...ports,
    linkPorts: !implied ? "given" : chosen === undefined ? "open" : "chosen",
    serviceCertificates,
    grants,
    tokens,
    policies,
    secrets: reading.secrets.values,
    given: new Set(files.filter(({ given }) => given).flatMap(({ documents }) => documents.map(({ name }) => name))),
    siteSeen: unread || documents.some((document) => kindOf(document) === siteKind),
    problems: findings.problems,
    broken: findings.broken,
    warnings: findings.warnings,
  };
}

/** All Sites, and what holds where other resources say nothing else. */
function sitesOf(reading: Reading): { sites: SiteHead[]; issuer: string; accessLog: AccessLog } {
  const sites: SiteHead[] = [];
  let [issuer, accessLog]: [string, AccessLog] = [SITE_CA, "off"];
  reading.each(siteKind, ({ metadata: { name, uid }, spec }, document) => {
    sites.push({ name, uid, edge: spec?.edge ?? false, where: document.at() });
    issuer = spec?.defaultIssuer || SITE_CA;
    accessLog = spec?.settings?.[ACCESS_LOG_SETTING] ?? "off";
  });
  return { sites, issuer, accessLog };
}
