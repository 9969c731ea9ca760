/** Turns resource documents into a site's desired state, collecting every problem instead of stopping at the first. */

import type { z } from "zod";
import { messageOf, TendrilError } from "../lib/errors.ts";
import type { ResourceDocument } from "./documents.ts";
import {
  connectorResource,
  linkResource,
  listenerResource,
  routerAccessResource,
  secretResource,
  siteResource,
} from "./resources/kinds.ts";
import { proxySpec, type SecretValues, secretValues, tlsCredentials } from "./secrets.ts";
import type { AccessSpec, ConnectorSpec, LinkSpec, ListenerSpec } from "./spec.ts";

/** Link setting of ours: carry AMQP inside WebSocket. */
export const WEBSOCKET_SETTING = "tendril.websocket";
/** Link setting of Skupper: name of the Secret with an HTTP proxy. */
export const PROXY_SETTING = "proxy-configuration";

const DEFAULT_PORTS = { "inter-router": 55_671, edge: 45_671, normal: 5672 } as const;
const OUR_KINDS = new Set(["Site", "Listener", "Connector", "Link", "RouterAccess", "Secret"]);

/** What the documents of one folder or file add up to. */
export interface Assembled {
  readonly sites: readonly { name: string; uid: string | undefined; edge: boolean; where: string }[];
  readonly listeners: readonly ListenerSpec[];
  readonly connectors: readonly ConnectorSpec[];
  readonly links: readonly LinkSpec[];
  readonly access: readonly AccessSpec[];
  /** Values of all Secrets by name. */
  readonly secrets: ReadonlyMap<string, SecretValues>;
  /** One line per problem, with its place. */
  readonly problems: readonly string[];
  /** One line per thing that was passed over. */
  readonly warnings: readonly string[];
}

/** Reads all of `documents`. */
export function assemble(documents: readonly ResourceDocument[]): Assembled {
  const problems: string[] = [];
  const warnings: string[] = [];
  /** Calls `read` for every document of a kind, and turns what it throws into a problem. */
  const each = <S extends z.ZodType>(kind: string, schema: S, read: (value: z.output<S>, where: string) => void) => {
    for (const document of documents) {
      if (document.kind !== kind) continue;
      const where = `${document.where}: ${kind} ${document.name || "without a name"}`;
      const parsed = schema.safeParse(document.value);
      if (!parsed.success) {
        for (const issue of parsed.error.issues) problems.push(`${where}: ${issue.path.join(".")} ${issue.message}`);
        continue;
      }
      try {
        read(parsed.data, where);
      } catch (error) {
        if (!(error instanceof TendrilError)) throw error;
        problems.push(messageOf(error));
      }
    }
  };
  for (const { kind, where } of documents) {
    if (!OUR_KINDS.has(kind)) warnings.push(`${where}: kind ${kind || "(none)"} is not used and was ignored`);
  }

  const secrets = new Map<string, SecretValues>();
  each("Secret", secretResource, ({ metadata, data, stringData }, where) => {
    secrets.set(metadata.name, secretValues(data, stringData, where));
  });
  const secret = (name: string, where: string): SecretValues => {
    const values = secrets.get(name);
    if (values !== undefined) return values;
    throw new TendrilError("SITE_SECRET", `${where}: there is no Secret ${name}`, {
      hint: "Put the Secret into the same folder or file.",
    });
  };

  const sites: { name: string; uid: string | undefined; edge: boolean; where: string }[] = [];
  each("Site", siteResource, ({ metadata, spec }, where) => {
    sites.push({ name: metadata.name, uid: metadata.uid, edge: spec.edge, where });
  });
  const listeners: ListenerSpec[] = [];
  const taken = new Map<string, string>();
  each("Listener", listenerResource, ({ metadata, spec }, where) => {
    const place = `${spec.host}:${spec.port}`;
    const other = taken.get(place);
    if (other !== undefined) problems.push(`${where}: ${place} is taken by Listener ${other}`);
    taken.set(place, metadata.name);
    listeners.push({ name: metadata.name, routingKey: spec.routingKey, host: spec.host, port: spec.port });
  });
  const connectors: ConnectorSpec[] = [];
  each("Connector", connectorResource, ({ metadata, spec }, where) => {
    if (spec.host === undefined) problems.push(`${where}: spec.host is required outside Kubernetes`);
    else connectors.push({ name: metadata.name, routingKey: spec.routingKey, host: spec.host, port: spec.port });
  });
  const links: LinkSpec[] = [];
  each("Link", linkResource, ({ metadata, spec }, where) => {
    const proxy = spec.settings[PROXY_SETTING];
    links.push({
      name: metadata.name,
      cost: spec.cost,
      endpoints: spec.endpoints.map(({ name, host, port, group }) => ({ role: name, host, port, group })),
      tls: tlsCredentials(secret(spec.tlsCredentials, where), where),
      websocket: spec.settings[WEBSOCKET_SETTING] === "true",
      ...(proxy === undefined ? {} : { proxy: proxySpec(secret(proxy, where), where) }),
    });
  });
  const access: AccessSpec[] = [];
  each("RouterAccess", routerAccessResource, ({ metadata, spec }, where) => {
    const bind = spec.bindHost === "" ? "0.0.0.0" : spec.bindHost;
    for (const { name: role, port } of spec.roles) {
      const plain = role === "normal" && isLoopback(bind);
      access.push({
        name: metadata.name,
        role,
        host: bind,
        port: port ?? DEFAULT_PORTS[role],
        tls: plain ? undefined : tlsCredentials(secret(spec.tlsCredentials ?? metadata.name, where), where),
      });
    }
  });
  return { sites, listeners, connectors, links, access, secrets, problems, warnings };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
