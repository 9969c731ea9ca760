/** What a change of resources does to a running site: which of its parts, and the connections that they have now. */

import { digestsOf, type PartDigest } from "../site/digest.ts";
import type { SiteReport } from "../site/report.ts";
import type { FolderChange } from "../site/store/change.ts";
import type { ResourceChange } from "../site/store/edit.ts";
import type { TableView } from "./format.ts";

/** One resource, what becomes of it, and what that does. */
export interface Effect extends Omit<ResourceChange, "file"> {
  /** The file it lives in; null for a part that changes because of another resource, or is seen by itself. */
  readonly file: string | null;
  /** Connections that it has now; null where no site runs or the kind has none. */
  readonly connections: number | null;
  /** What it does to them, in words; empty when it does nothing. */
  readonly effect: string;
}

/** What `change` does to the site that `report` is of, if it runs. */
export function effectsOf({ changes, before, after }: FolderChange, report: SiteReport | undefined): Effect[] {
  const parts = compare(before === undefined ? [] : digestsOf(before), after === undefined ? [] : digestsOf(after));
  const touched = (kind: string, name: string) => parts.find((part) => part.kind === kind && part.name === name);
  // A comment or a field without effect changes the file and nothing that runs.
  const own = changes.map((change) => {
    const idle = change.action === "update" && touched(change.kind, change.name)?.action === "unchanged";
    return { ...change, ...consequences(idle ? { ...change, action: "unchanged" } : change, report) };
  });
  const others = parts.filter(({ action, kind, name }) =>
    action !== "unchanged" && !changes.some((change) => change.kind === kind && change.name === name)
  );
  return [...own, ...others.map((part) => ({ ...part, file: null, ...consequences(part, report) }))];
}

/** What separates the site that runs, if it does, from the one that its folder describes. */
export function effectsOfReload(folder: readonly PartDigest[], report: SiteReport | undefined): Effect[] {
  return compare(report?.parts ?? [], folder).map((part) => ({ ...part, file: null, ...consequences(part, report) }));
}

/** Effects as a table; what stays as it is is counted in the title alone. */
export function effectsTable(title: string, effects: readonly Effect[]): TableView {
  const changed = effects.filter(({ action }) => action !== "unchanged");
  const same = effects.length - changed.length;
  return {
    title: same === 0 ? title : `${title} (${same} unchanged)`,
    heads: ["ACTION", "KIND", "NAME", "FILE", "CONNECTIONS", "EFFECT"],
    rows: changed.map(({ action, kind, name, file, connections, effect }) => [
      action,
      kind,
      name,
      file ?? "",
      connections ?? "",
      effect,
    ]),
  };
}

type PartChange = Pick<ResourceChange, "action" | "kind" | "name">;

function compare(before: readonly PartDigest[], after: readonly PartDigest[]): PartChange[] {
  const find = (parts: readonly PartDigest[], { kind, name }: PartDigest) =>
    parts.find((part) => part.kind === kind && part.name === name)?.digest;
  return [
    ...before.filter((part) => find(after, part) === undefined).map(({ kind, name }) => ({
      action: "delete" as const,
      kind,
      name,
    })),
    ...after.map((part) => {
      const old = find(before, part);
      const action = old === undefined ? "create" : old === part.digest ? "unchanged" : "update";
      return { action, kind: part.kind, name: part.name } as const;
    }),
  ];
}

const EFFECTS: Readonly<Record<string, Partial<Record<ResourceChange["action"], string>>>> = {
  Site: { update: "takes a restart if its name, uid or role is another" },
  Listener: {
    update: "takes new credentials in place, or opens anew; its connections go on",
    delete: "takes no new client; its connections go on",
  },
  MultiKeyListener: {
    update: "takes new credentials in place, or opens anew; its connections go on",
    delete: "takes no new client; its connections go on",
  },
  Connector: {
    update: "takes new credentials in place, or serves anew; its connections go on",
    delete: "serves no new client; its connections go on",
  },
  Link: {
    update: "takes a cost or credentials without loss, or connects anew and cuts what goes over it",
    delete: "is disconnected; what goes over it is cut",
  },
  RouterAccess: {
    update: "takes new credentials in place, or opens anew and cuts its peers off",
    delete: "shuts its ports; its peers are cut off",
  },
  HttpRoute: {
    create: "routes requests from now on; those under way go on",
    update: "routes requests anew; those under way go on",
    delete: "routes no more; requests go to the routing key of the Listener",
  },
  Adaptor: { update: "new connections get the other version, or try it; open ones end with theirs" },
  Policy: {
    create: "judges peers anew; who may not link is cut off, other connections go on",
    update: "judges peers anew; who may not link is cut off, other connections go on",
    delete: "allows what no other Policy denies",
  },
};

function consequences(
  { action, kind, name }: PartChange,
  report: SiteReport | undefined,
): Pick<Effect, "connections" | "effect"> {
  if (report === undefined || action === "unchanged") return { connections: null, effect: "" };
  return { connections: connectionsOf(kind, name, report), effect: EFFECTS[kind]?.[action] ?? "" };
}

function connectionsOf(kind: string, name: string, { site }: SiteReport): number | null {
  switch (kind) {
    case "Listener":
      return site.listeners.find((listener) => listener.name === name)?.connections ?? null;
    case "MultiKeyListener":
      return site.multiKeyListeners?.find((listener) => listener.name === name)?.connections ?? null;
    case "Connector":
      return site.connectors.find((connector) => connector.name === name)?.connections ?? null;
    case "Link":
      return site.links.find((link) => link.name === name)?.connections ?? null;
    case "RouterAccess": {
      const ports = site.access.filter((access) => access.name === name);
      return ports.length === 0 ? null : ports.reduce((sum, { peers }) => sum + peers, 0);
    }
    default:
      return null;
  }
}
