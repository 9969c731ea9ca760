/** The status of resources as tables: one for each kind, in the columns that people know from Skupper. */

import type { ResourceStatus } from "../site/conditions.ts";
import type { Cell } from "./columns.ts";
import type { TableView } from "./format.ts";

/** Columns between STATUS and MESSAGE, by kind: title and what stands there. */
const COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Site: { ROLE: "role" },
  Listener: {
    "ROUTING-KEY": "routingKey",
    HOST: "host",
    PORT: "port",
    "MATCHING-CONNECTOR": "hasMatchingConnector",
    CONNECTIONS: "connections",
  },
  MultiKeyListener: {
    "ROUTING-KEYS": "routingKeys",
    REACHABLE: "routingKeysReachable",
    HOST: "host",
    PORT: "port",
    CONNECTIONS: "connections",
  },
  Connector: { "ROUTING-KEY": "routingKey", TARGET: "target", CONNECTIONS: "connections" },
  Link: { COST: "cost", ENDPOINT: "endpoint", STATE: "state", REMOTE: "remoteSiteName", CONNECTIONS: "connections" },
  RouterAccess: { PEERS: "peers" },
  Certificate: { SUBJECT: "subject", HOSTS: "hosts", EXPIRATION: "expiration" },
  AccessGrant: {
    URL: "url",
    REDEMPTIONS: "redemptions",
    ALLOWED: "redemptionsAllowed",
    EXPIRES: "expirationTime",
  },
  Adaptor: { VERSION: "version", SOURCE: "source" },
  HttpRoute: { LISTENERS: "listenerNames", REQUESTS: "requests", ERRORS: "errors", RETRIES: "retries" },
};

/** Titles of the tables; other kinds have their own name. */
const TITLES: Readonly<Record<string, string>> = {
  Listener: "Listeners",
  MultiKeyListener: "MultiKeyListeners",
  Connector: "Connectors",
  Link: "Links",
  AccessGrant: "AccessGrants",
  Certificate: "Certificates",
  Adaptor: "Adaptors",
  HttpRoute: "HttpRoutes",
  Secret: "Secrets",
};

/** One table per kind that occurs. */
export function resourceTables(resources: readonly ResourceStatus[]): TableView[] {
  return [...Map.groupBy(resources, ({ kind }) => kind)].map(([kind, members]) => {
    const columns = COLUMNS[kind] ?? {};
    return {
      title: TITLES[kind] ?? kind,
      heads: ["NAME", "STATUS", ...Object.keys(columns), "MESSAGE", "NEXT"],
      rows: members.map(({ name, status, details, message, next }) => [
        name,
        status,
        ...Object.values(columns).map((column) => cell(details[column])),
        message,
        next,
      ]),
    };
  });
}

function cell(value: ResourceStatus["details"][string] | undefined): Cell {
  if (value === undefined) return "";
  return value === null || typeof value === "number" ? value : String(value);
}
