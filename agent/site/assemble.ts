/** Turns resource documents into a site's desired state, collecting every problem instead of stopping at the first. */

import type { z } from "zod";
import { TendrilError } from "../lib/errors.ts";
import { isLoopbackHost } from "../lib/host_name.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import { expiryOf } from "../pki/inspect.ts";
import { check, title } from "./check.ts";
import type { FieldPath, ReadResult, ResourceDocument } from "./documents.ts";
import { PlaceTable } from "./places.ts";
import { impliedAccess, type PortCertificate, SITE_CA } from "./port_access.ts";
import { type BrokenResource, Problem, type ProblemCode, shown } from "./problems.ts";
import type { ResourceKind } from "./resources/schema.ts";
import { strayFields } from "./resources/fields.ts";
import { KINDS } from "./resources/kinds.ts";
import { adaptorKind } from "./resources/adaptor.ts";
import { httpRouteKind, meantListeners } from "./resources/http_route.ts";
import { declaredGrantKind, LINK_HOST_SETTING } from "./resources/access_grant.ts";
import { accessTokenKind } from "./resources/access_token.ts";
import { connectorKind, HTTP_SETTING, PROXY_PROTOCOL_SETTING } from "./resources/connector.ts";
import { certificateKind } from "./resources/certificate.ts";
import { COST_MAX, COST_SETTING, linkKind, MEASURED, PROXY_SETTING, WEBSOCKET_SETTING } from "./resources/link.ts";
import { listenerKind } from "./resources/listener.ts";
import { ACCESS_LOG_SETTING } from "./resources/schema.ts";
import { multiKeyListenerKind } from "./resources/multi_key_listener.ts";
import { policyKind } from "./resources/policy.ts";
import { routerAccessKind } from "./resources/router_access.ts";
import { secretKind } from "./resources/secret.ts";
import { siteKind } from "./resources/site.ts";
import { proxySpec, type SecretValues, secretValues, serverIdentity, targetTls, tlsCredentials } from "./secrets.ts";
import type { RedeemableToken } from "./tokens/token_file.ts";
import type { AccessLog, HttpRouteSpec } from "./http_route_spec.ts";
import {
  type AccessSpec,
  type AdaptorSpec,
  type CertificateSpec,
  type ConnectorSpec,
  type GrantSpec,
  type LinkSpec,
  type ListenerSpec,
  type MultiKeyListenerSpec,
  type PolicySpec,
  PROTOCOLS,
} from "./spec.ts";

const DEFAULT_PORTS = { "inter-router": 55_671, edge: 45_671, normal: 5672 } as const;
const SECRET_HINT = "Put the Secret into the same folder or file.";
const MADE_HINT = "The site makes it when it runs, if it may write its folder.";

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
  /** False when no Site was found, good or broken, in files that could all be read. */
  readonly siteSeen: boolean;
  /** Everything that is wrong, in the order of kinds. */
  readonly problems: readonly Problem[];
  /** The resources that `problems` name, those that need one of them, and those of kinds that are not used. */
  readonly broken: readonly BrokenResource[];
  /** One line per thing that was passed over. */
  readonly warnings: readonly string[];
}

/** Puts together what the files hold; their own problems come first in the result. */
export function assemble(files: readonly ReadResult[]): Assembled {
  const assembly = new Assembly(files.flatMap(({ problems }) => problems));
  const documents = assembly.ours(files.flatMap(({ documents }) => documents));
  // Secrets and Adaptors first: the others refer to them, wherever they stand.
  assembly.secretsOf(documents);
  assembly.adaptorsOf(documents);
  assembly.rest(documents);
  assembly.concludeBroken();
  return assembly;
}

class Assembly implements Assembled {
  readonly sites: SiteHead[] = [];
  readonly listeners: ListenerSpec[] = [];
  readonly connectors: ConnectorSpec[] = [];
  readonly multiKeyListeners: MultiKeyListenerSpec[] = [];
  readonly adaptors: AdaptorSpec[] = [];
  readonly routes: HttpRouteSpec[] = [];
  readonly unrouted: Record<string, string> = {};
  readonly links: LinkSpec[] = [];
  readonly certificates: CertificateSpec[] = [];
  readonly portCertificates: PortCertificate[] = [];
  authority: string = SITE_CA;
  readonly grants: GrantSpec[] = [];
  readonly tokens: RedeemableToken[] = [];
  readonly access: AccessSpec[] = [];
  readonly policies: PolicySpec[] = [];
  readonly secrets = new Map<string, SecretValues>();
  readonly problems: Problem[];
  readonly broken: BrokenResource[] = [];
  readonly warnings: string[] = [];
  siteSeen: boolean;
  /** Where each Secret stands, broken ones too: those are reported once, not again by whoever needs them. */
  readonly #secretDocuments = new Map<string, ResourceDocument>();
  readonly #places = new PlaceTable();
  /** What holds for Listeners that say nothing about it. */
  #accessLog: AccessLog = "off";
  /** Names of all Adaptors, broken ones too. */
  #adaptorNames: ReadonlySet<string> = new Set();

  constructor(problems: Problem[]) {
    this.problems = problems;
    this.siteSeen = problems.length > 0;
  }

  /** Those of `documents` that are of a kind and version we know; warns about or refuses the others. */
  ours(documents: readonly ResourceDocument[]): ResourceDocument[] {
    const seen = new Map<string, string>();
    let namespace = "";
    return documents.filter((document) => {
      const { kind, apiVersion, name } = document;
      const known = KINDS.find((candidate) => candidate.kind === kind);
      if (known === undefined || !(apiVersion === "" || apiVersion.split("/")[0] === known.apiVersion.split("/")[0])) {
        const what = kind === "" ? "a document without a kind" : `kind ${shown(kind)} of ${shown(apiVersion)}`;
        this.warnings.push(`${document.at(["kind"])}: ${what} is not used and was ignored`);
        return false;
      }
      for (const { path, what } of known.unused === undefined ? strayFields(known, document.value) : []) {
        this.warnings.push(`${document.at(path)}: ${title(kind, document)}: ${shown(path.join("."))} ${what}`);
      }
      if (known === siteKind) this.siteSeen = true;
      if (apiVersion !== known.apiVersion) {
        const fault = apiVersion === "" ? "apiVersion is missing" : `apiVersion ${shown(apiVersion)} is not known`;
        this.#problem(document, ["apiVersion"], fault, `Write apiVersion: ${known.apiVersion}.`);
        return false;
      }
      const owner = namespaceOf(document);
      if (owner !== "" && namespace !== "" && owner !== namespace) {
        this.warnings.push(
          `${document.at(["metadata", "namespace"])}: ${title(kind, document)} is of another namespace`,
        );
      }
      if (owner !== "") namespace = owner;
      const other = seen.get(`${kind} ${name}`);
      // Equal Secrets may come with several link files; several Sites have a problem of their own.
      if (other !== undefined && name !== "" && kind !== "Secret" && kind !== "Site") {
        this.#problem(
          document,
          ["metadata", "name"],
          `the name is taken, see ${other}`,
          "Rename or remove one of them.",
        );
        return false;
      }
      seen.set(`${kind} ${name}`, document.at());
      if (known.unused !== undefined) this.#passOver(known, document, known.unused);
      return known.unused === undefined;
    });
  }

  /** A resource of a kind that is not used: what is wrong with it is told, and does no harm. */
  #passOver(kind: ResourceKind<z.ZodType>, document: ResourceDocument, why: string): void {
    const faults: Problem[] = [];
    check(kind, document, faults);
    this.warnings.push(...faults.map(({ text }) => text));
    const what = `kind ${kind.kind} of ${kind.apiVersion} is not used and was ignored`;
    this.warnings.push(`${document.at(["kind"])}: ${what}. ${why}`);
    const ref = { kind: kind.kind, name: document.name };
    this.broken.push({ ...ref, status: "Pending", code: undefined, message: `${document.at()}: not used`, hint: why });
  }

  /** Adds the resources that the problems are about, each once, with all that is wrong with it. */
  concludeBroken(): void {
    for (const { about, status, code, text, hint } of this.problems) {
      if (about === undefined) continue;
      const at = this.broken.findIndex(({ kind, name }) => kind === about.kind && name === about.name);
      const known = this.broken[at];
      if (known === undefined) this.broken.push({ ...about, status, code, message: text, hint });
      else {
        const worst = known.status === "Error" ? "Error" : status;
        this.broken[at] = { ...known, status: worst, message: `${known.message}; ${text}` };
      }
    }
  }

  secretsOf(documents: readonly ResourceDocument[]): void {
    this.#each(documents, secretKind, ({ metadata: { name }, data, stringData }, document) => {
      const known = this.#secretDocuments.get(name);
      this.#secretDocuments.set(name, document);
      const values = secretValues(data, stringData, `${document.at(["data"])}: ${title("Secret", document)}`);
      const other = this.secrets.get(name);
      if (known !== undefined && other !== undefined && !equal(other, values)) {
        this.#problem(document, ["metadata", "name"], `differs from the one in ${known.at()}`, "Rename or remove one.");
      }
      this.secrets.set(name, values);
    });
    // A Secret that doesn't fit its schema has told its problem, too.
    for (const document of documents) {
      if (document.kind === "Secret" && !this.#secretDocuments.has(document.name)) {
        this.#secretDocuments.set(document.name, document);
      }
    }
  }

  adaptorsOf(documents: readonly ResourceDocument[]): void {
    this.#each(documents, adaptorKind, ({ metadata: { name }, spec }) => {
      const { source, sha256, signature, keys, ca, canary } = spec;
      // Absent and undefined are not the same to an exact type.
      const limits = Object.fromEntries(Object.entries(spec.limits).filter(([, limit]) => limit !== undefined));
      this.adaptors.push({
        name,
        source,
        keys,
        ca,
        limits,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(signature === undefined ? {} : { signature }),
        ...(canary === undefined ? {} : { canary }),
      });
    });
    this.#adaptorNames = new Set(documents.filter(({ kind }) => kind === adaptorKind.kind).map(({ name }) => name));
  }

  rest(documents: readonly ResourceDocument[]): void {
    this.#each(documents, siteKind, ({ metadata: { name, uid }, spec }, document) => {
      this.sites.push({ name, uid, edge: spec?.edge ?? false, where: document.at() });
      this.authority = spec?.defaultIssuer || SITE_CA;
      this.#accessLog = spec?.settings?.[ACCESS_LOG_SETTING] ?? "off";
    });
    this.#each(documents, listenerKind, ({ metadata: { name }, spec }, document) => {
      const { routingKey, host, port, type, tlsCredentials, settings, subjects } = spec;
      const protocol = this.#protocol(type, document);
      const tls = this.#tls(tlsCredentials, document, serverIdentity);
      if (protocol === undefined || tls === undefined || !this.#take(host, port, document, ["spec", "port"])) return;
      const accessLog = settings?.[ACCESS_LOG_SETTING] ?? this.#accessLog;
      const logged = accessLog === "off" ? {} : { accessLog };
      const elsewhere = subjects.length === 0 ? {} : { subjects };
      this.listeners.push({ name, routingKey, host, port, ...protocol, ...tls, ...logged, ...elsewhere });
    });
    this.#each(documents, multiKeyListenerKind, ({ metadata: { name }, spec }, document) => {
      const { host, port, strategy, tlsCredentials } = spec;
      const tls = this.#tls(tlsCredentials, document, serverIdentity);
      if (tls === undefined || !this.#take(host, port, document, ["spec", "port"])) return;
      this.multiKeyListeners.push({ name, strategy, host, port, ...tls });
    });
    this.#each(documents, connectorKind, ({ metadata: { name }, spec }, document) => {
      const { routingKey, host, port, type, tlsCredentials, useClientCert, healthCheck } = spec;
      const protocol = this.#protocol(type, document);
      const tls = this.#tls(tlsCredentials, document, (values, where) => targetTls(values, where, spec));
      if (tlsCredentials === "" && useClientCert) {
        const where = `${document.at(["spec", "useClientCert"])}: ${title("Connector", document)}`;
        this.warnings.push(`${where}: spec.useClientCert has no effect without spec.tlsCredentials`);
      }
      const http = this.#http(spec.settings?.[HTTP_SETTING] ?? "", type, document);
      if (protocol === undefined || tls === undefined || http === undefined) return;
      const checked = healthCheck === undefined || healthCheck === null ? {} : { healthCheck };
      const proxyProtocol = spec.settings?.[PROXY_PROTOCOL_SETTING];
      const told = proxyProtocol === undefined ? {} : { proxyProtocol };
      this.connectors.push({ name, routingKey, host, port, ...protocol, ...tls, ...http, ...told, ...checked });
    });
    this.#each(documents, linkKind, ({ metadata: { name }, spec }, document) => {
      const setting = spec.settings?.[PROXY_SETTING] ?? "";
      const tls = this.#credentials(spec.tlsCredentials, document, ["spec", "tlsCredentials"]);
      const proxy = setting === ""
        ? undefined
        : this.#fromSecret(setting, document, ["spec", "settings", PROXY_SETTING], proxySpec);
      const cost = spec.settings?.[COST_SETTING] ?? "";
      if (cost !== "" && cost !== MEASURED) {
        const hint = `Write ${MEASURED}, or a number into spec.cost.`;
        this.#problem(document, ["spec", "settings", COST_SETTING], `${shown(cost)} is no way to find a cost`, hint);
        return;
      }
      if (tls === undefined || (setting !== "" && proxy === undefined)) return;
      this.links.push({
        name,
        cost: spec.cost,
        endpoints: spec.endpoints.map(({ name, host, port, group }) => ({ role: name, host, port, group })),
        tls,
        measured: cost === MEASURED,
        websocket: spec.settings?.[WEBSOCKET_SETTING]?.toLowerCase() === "true",
        ...(proxy === undefined ? {} : { proxy }),
      });
    });
    this.#each(documents, declaredGrantKind, ({ metadata: { name }, spec }) => {
      const { redemptionsAllowed: allowed, expirationWindow: window, code } = spec;
      const host = ("settings" in spec ? spec.settings?.[LINK_HOST_SETTING] : undefined) || undefined;
      this.grants.push({ name, allowed, window, code, host });
    });
    this.#each(documents, accessTokenKind, ({ metadata: { name }, spec: { url, code, ca, linkCost } }) => {
      const told = { name, url: new URL(url), code, ca, cost: linkCost };
      this.tokens.push({ kind: "access-token", ...told, expires: undefined, siteVersion: undefined });
    });
    this.#each(documents, policyKind, ({ metadata: { name }, spec }) => {
      this.policies.push({ name, ...spec });
    });
    this.#each(documents, httpRouteKind, ({ metadata: { name }, spec }, document) => {
      this.routes.push({ name, ...spec });
      this.warnings.push(`${document.at(["kind"])}: kind HttpRoute is an extension of Tendril, unknown to Skupper`);
    });
    for (const { kind, name, value } of documents) {
      if (kind !== httpRouteKind.kind || this.routes.some((route) => route.name === name)) continue;
      // To open the port without its rules would pass on what they are to keep back.
      for (const listener of meantListeners(value) ?? []) {
        this.unrouted[listener] = `HttpRoute ${shown(name)} is broken`;
      }
    }
    this.#each(
      [...documents, ...impliedAccess(documents)],
      routerAccessKind,
      ({ metadata: { name }, spec }, document) => {
        const host = spec.bindHost || "0.0.0.0";
        const wanted = spec.settings?.[COST_SETTING] || "1";
        const measured = wanted === MEASURED;
        const cost = measured ? 1 : Number(wanted);
        if (!Number.isInteger(cost) || cost < 1 || cost > COST_MAX) {
          const path = ["spec", "settings", COST_SETTING];
          const hint = `Write ${MEASURED}, or a whole number from 1 to ${COST_MAX}.`;
          this.#problem(document, path, `${shown(wanted)} is no cost`, hint);
          return;
        }
        let tls: TlsCredentials | undefined;
        if (spec.roles.some((role) => !(role.name === "normal" && isLoopbackHost(host)))) {
          const secret = spec.tlsCredentials || name;
          if (spec.roles.every((role) => role.name === "normal")) {
            tls = this.#credentials(secret, document, ["spec", "tlsCredentials"]);
          } else {
            if (spec.issuer !== "") this.authority = spec.issuer;
            this.portCertificates.push({
              name: secret,
              subject: name,
              hosts: spec.subjectAlternativeNames,
              bind: host,
            });
            tls = this.#portCredentials(secret, document);
          }
          if (tls === undefined) return;
        }
        for (const [index, { name: role, port: given }] of spec.roles.entries()) {
          const port = given ?? DEFAULT_PORTS[role];
          if (!this.#take(host, port, document, ["spec", "roles", index])) continue;
          const plain = role === "normal" && isLoopbackHost(host);
          this.access.push({ name, role, host, port, cost, measured, tls: plain ? undefined : tls });
        }
      },
    );
    this.#each(documents, certificateKind, ({ metadata: { name }, spec: { ca, subject, hosts, signing } }) => {
      const expires = expiryOf(this.secrets.get(name)?.get("tls.crt"));
      this.certificates.push({
        name,
        ca: ca || this.authority,
        subject,
        hosts,
        signing,
        ...(expires === undefined ? {} : { expires }),
      });
    });
  }

  /** Calls `read` for every document of `kind` that fits its schema; a TendrilError it throws becomes a problem. */
  #each<S extends z.ZodType>(
    documents: readonly ResourceDocument[],
    kind: ResourceKind<S>,
    read: (value: z.output<S>, document: ResourceDocument) => void,
  ): void {
    for (const document of documents) {
      if (document.kind !== kind.kind) continue;
      const value = check(kind, document, this.problems);
      if (value === undefined) continue;
      this.#attempt(document, () => read(value, document));
    }
  }

  #credentials(name: string, document: ResourceDocument, path: FieldPath): TlsCredentials | undefined {
    return this.#fromSecret(name, document, path, tlsCredentials);
  }

  /** The same for a port that accepts links, whose certificate the running site makes where it is missing. */
  #portCredentials(secret: string, document: ResourceDocument): TlsCredentials | undefined {
    const path = ["spec", "tlsCredentials"];
    if (this.#secretDocuments.has(secret)) return this.#credentials(secret, document, path);
    const { kind, name } = document;
    const message = `${document.at(path)}: ${title(kind, document)}: the certificate in Secret ${
      shown(secret)
    } is not there yet`;
    this.broken.push({ kind, name, status: "Pending", code: undefined, message, hint: MADE_HINT });
    return undefined;
  }

  /** The TLS of a service, if its spec.tlsCredentials, `name`, ask for it; undefined after a problem. */
  #tls<T>(
    name: string,
    document: ResourceDocument,
    read: (values: SecretValues, where: string) => T,
  ): { tls?: T } | undefined {
    if (name === "") return {};
    const tls = this.#fromSecret(name, document, ["spec", "tlsCredentials"], read);
    return tls === undefined ? undefined : { tls };
  }

  /** What `read` makes of the Secret `name`, which `document` names at `path`; undefined after a problem. */
  #fromSecret<T>(
    name: string,
    document: ResourceDocument,
    path: FieldPath,
    read: (values: SecretValues, where: string) => T,
  ): T | undefined {
    const owner = this.#secretDocuments.get(name);
    if (owner === undefined) {
      const text = `${document.at(path)}: ${title(document.kind, document)}: there is no Secret ${shown(name)}`;
      const about = { kind: document.kind, name: document.name };
      this.problems.push(new Problem("SITE_SECRET", text, SECRET_HINT, about, "Pending"));
      return undefined;
    }
    const values = this.secrets.get(name);
    if (values === undefined) {
      const ref = { kind: document.kind, name: document.name };
      const message = `${document.at(path)}: Secret ${shown(name)} is broken`;
      this.broken.push({ ...ref, status: "Error", code: "SITE_SECRET", message, hint: "Correct the Secret." });
      return undefined;
    }
    const user = title(document.kind, document);
    return this.#attempt(document, () => read(values, `${owner.at(["data"])}: ${title("Secret", owner)} for ${user}`));
  }

  #attempt<T>({ kind, name }: ResourceDocument, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof TendrilError)) throw error;
      this.problems.push(new Problem("SITE_SECRET", error.message, error.hint ?? "", { kind, name }));
      return undefined;
    }
  }

  /** True when nobody else has the place. */
  #take(host: string, port: number, document: ResourceDocument, path: FieldPath): boolean {
    const other = this.#places.take(host, port, title(document.kind, document));
    if (other === undefined) return true;
    this.#problem(document, path, `${host}:${port} is taken by ${other}`, "Choose another port.");
    return false;
  }

  /** The adaptor that `type` names, if it is not plain TCP; Skupper would refuse such a resource. Undefined after a problem. */
  #protocol(type: string, document: ResourceDocument): { protocol?: string } | undefined {
    if (type === "" || type === "tcp") return {};
    if (!this.#adaptorNames.has(type) && !PROTOCOLS.some((name) => name === type)) {
      const known = [...PROTOCOLS, ...this.#adaptorNames].join(", ");
      const hint = `Use one of ${known}, or add an Adaptor of that name.`;
      this.#problem(document, ["spec", "type"], `there is no adaptor ${shown(type)}`, hint);
      return undefined;
    }
    this.warnings.push(`${document.at(["spec", "type"])}: type ${type} is an extension of Tendril, unknown to Skupper`);
    return { protocol: type };
  }

  /** What an `auto` target speaks of HTTP. Undefined after a problem. */
  #http(version: string, type: string, document: ResourceDocument): { http?: "http1" | "http2" } | undefined {
    if (version === "") return {};
    const path = ["spec", "settings", HTTP_SETTING];
    if (type !== "auto") {
      this.warnings.push(`${document.at(path)}: ${HTTP_SETTING} means nothing without type: auto`);
      return {};
    }
    if (version === "http1" || version === "http2") return { http: version };
    this.#problem(document, path, `${shown(version)} is no version of HTTP`, "Write http1 or http2.");
    return undefined;
  }

  #problem(
    document: ResourceDocument,
    path: FieldPath,
    fault: string,
    hint: string,
    code: ProblemCode = "SITE_INVALID",
  ) {
    const { kind, name } = document;
    const text = `${document.at(path)}: ${title(kind, document)}: ${fault}`;
    this.problems.push(new Problem(code, text, hint, { kind, name }));
  }
}

function equal(one: SecretValues, other: SecretValues): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

function namespaceOf({ value: { metadata } }: ResourceDocument): string {
  const owner = typeof metadata === "object" && metadata !== null && "namespace" in metadata ? metadata.namespace : "";
  return typeof owner === "string" ? owner : "";
}
