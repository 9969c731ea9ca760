/**
 * The configuration of a running site as management sees and changes it: the parts of its folder, and those that were
 * created by management, which live as long as the process does and are in no file. Both become one desired state, so
 * that neither knows of the other; a part that management made has a name that no resource can have.
 */

import { messageOf } from "../../lib/errors.ts";
import type { Configuration, Configured } from "../../management/configured.ts";
import { Refusal } from "../../management/refusal.ts";
import type { LogLevel } from "../../telemetry/level.ts";
import type { Logger } from "../../telemetry/log.ts";
import { PlaceTable } from "../places.ts";
import { BY_MANAGEMENT, type SiteSpec } from "../spec.ts";
import type { SiteChange, SiteStatus } from "../status.ts";
import { accessOf, connectorOf, linkOf, listenerOf, type PartContext } from "./parts.ts";
import { SslProfiles } from "./ssl_profiles.ts";
import {
  connector,
  listener,
  listenerAddresses,
  log,
  multiAddressListener,
  site,
  tcpConnector,
  tcpListener,
} from "./views.ts";

/** Entities that management may create in one site. */
export const MAX_CREATED = 10_000;

/** The types of which entities are created that become a part of the site, and what they become. */
const KINDS: Readonly<Record<string, SiteChange["kind"]>> = {
  tcpListener: "Listener",
  tcpConnector: "Connector",
  connector: "Link",
  listener: "RouterAccess",
};

/**
 * Levels of the log by the words of skupper-router for them and all graver ones. A map, for an object has `constructor`
 * and other words besides its own.
 */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ["debug+", "debug"],
  ["info+", "info"],
  ["warning+", "warn"],
  ["error+", "error"],
]);

/** The site that is configured. */
export interface ConfiguredSite {
  /** Makes the site what `spec` says. */
  apply(spec: SiteSpec): Promise<SiteChange[]>;
  /** How it is. */
  status(): SiteStatus;
  /** True once it starts nothing any more. */
  ending(): boolean;
}

/** See the head of the file. */
export class SiteConfiguration implements Configuration {
  readonly #site: ConfiguredSite;
  readonly #logger: Logger;
  readonly #profiles = new SslProfiles();
  /** What was created, by name of the part. */
  readonly #created = new Map<string, { readonly type: string; readonly entity: Configured }>();
  #folder: SiteSpec;
  /** One change after the other, whoever wants it. */
  #changing: Promise<unknown> = Promise.resolve();

  /** The site runs as `folder` says. */
  constructor(folder: SiteSpec, site: ConfiguredSite, logger: Logger) {
    this.#folder = folder;
    this.#site = site;
    this.#logger = logger;
  }

  /** The folder says `spec` now. */
  follow(spec: SiteSpec): Promise<SiteChange[]> {
    return this.#inTurn(() => {
      this.#folder = spec;
      return this.#site.apply(this.#desired());
    });
  }

  /** See {@link Configuration}. */
  *entities(type: string): Generator<Configured> {
    const spec = this.#desired();
    const made = ({ name }: { readonly name: string }) => this.#createdAs(type, name);
    switch (type) {
      case "tcpListener": {
        const status = this.#site.status();
        yield* createdFirst(spec.listeners).map((part) => tcpListener(part, status, made(part)));
        return yield* (spec.multiKeyListeners ?? []).map((part) => multiAddressListener(part, status));
      }
      case "listenerAddress":
        for (const part of spec.multiKeyListeners ?? []) yield* listenerAddresses(part);
        return;
      case "tcpConnector": {
        const status = this.#site.status();
        return yield* createdFirst(spec.connectors).map((part) => tcpConnector(part, status, made(part)));
      }
      case "connector": {
        const role = spec.role === "edge" ? "edge" : "inter-router";
        const status = this.#site.status();
        return yield* createdFirst(spec.links).map((part) => connector(part, role, status, made(part)));
      }
      case "listener":
        return yield* createdFirst(spec.access).map((part) => listener(part, made(part)));
      case "sslProfile":
        return yield* this.#profiles.entities;
      case "log":
        if (this.#logger.level !== undefined) yield log(this.#logger.level);
        return;
      case "site":
        yield site(spec);
    }
  }

  /** See {@link Configuration}. */
  create(type: string, entity: Configured): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#site.ending()) throw new Refusal(503, "the site is stopping, and starts nothing any more");
      if (this.#created.size + this.#profiles.entities.length >= MAX_CREATED) {
        throw new Refusal(400, `management may create ${MAX_CREATED} entities at most`);
      }
      if (type === "sslProfile") await this.#profiles.put(entity);
      else await this.#add(type, entity);
      this.#logger.info("created by management", { type, name: entity.name });
    });
  }

  /** See {@link Configuration}. */
  update(type: string, entity: Configured): Promise<void> {
    return this.#inTurn(async () => {
      if (type === "log") return this.#setLog(entity);
      if (type === "sslProfile") {
        const undo = await this.#profiles.put(entity);
        try {
          await this.#site.apply(this.#desired());
        } catch (error) {
          // What uses it can't do with what it is now.
          undo();
          throw error;
        }
      } else {
        // What can be updated is told, and has no effect here.
        this.#created.set(this.#partOf(type, entity), { type, entity });
      }
      this.#logger.info("changed by management", { type, name: entity.name });
    });
  }

  /** See {@link Configuration}. */
  delete(type: string, entity: Configured): Promise<void> {
    return this.#inTurn(async () => {
      if (type === "sslProfile") this.#removeProfile(entity);
      else {
        this.#created.delete(this.#partOf(type, entity));
        await this.#site.apply(this.#desired());
      }
      this.#logger.info("deleted by management", { type, name: entity.name });
    });
  }

  /** The entity of `type` that became the part `name`; undefined when none did. */
  #createdAs(type: string, name: string): Configured | undefined {
    const created = this.#created.get(name);
    return created?.type === type ? created.entity : undefined;
  }

  /**
   * The name of the part that `entity` of `type` became. Throws a {@link Refusal} for one of the folder: that may have the
   * name of one that was created before it.
   */
  #partOf(type: string, entity: Configured): string {
    const name = BY_MANAGEMENT + entity.name;
    if (this.#createdAs(type, name)?.identity !== entity.identity) throw ofFolder(entity);
    return name;
  }

  async #add(type: string, entity: Configured): Promise<void> {
    const name = BY_MANAGEMENT + entity.name;
    this.#created.set(name, { type, entity });
    let tried = false;
    try {
      const desired = this.#desired();
      refuseTakenPlace(desired, name);
      tried = true;
      const changes = await this.#site.apply(desired);
      const failed = changes.find((change) =>
        change.kind === KINDS[type] && partName(change) === name && change.action === "failed"
      );
      if (failed !== undefined) throw new Refusal(500, messageOf(failed.error));
    } catch (error) {
      this.#created.delete(name);
      // What could not be started would be tried again.
      if (tried) await this.#takeBack(name);
      throw error;
    }
  }

  /** Makes the site what it was before the part `name`, which could not be. */
  async #takeBack(name: string): Promise<void> {
    try {
      await this.#site.apply(this.#desired());
    } catch (error) {
      const next = "Run `tendril reload`, and see `tendril status` for what is left of it.";
      this.#logger.error("what management was refused could not be taken back", {
        name,
        reason: messageOf(error),
        next,
      });
    }
  }

  #removeProfile({ name }: Configured): void {
    for (const { entity: { attributes, identity } } of this.#created.values()) {
      if (attributes["sslProfile"] === name) throw new Refusal(400, `sslProfile '${name}' is used by ${identity}`);
    }
    this.#profiles.delete(name);
  }

  #setLog({ attributes }: Configured): void {
    const now = this.#logger.level === undefined ? {} : log(this.#logger.level).attributes;
    const other = Object.keys(now).find((key) => key !== "enable" && attributes[key] !== now[key]);
    if (other !== undefined) throw new Refusal(400, `Tendril does not support another '${other}' of the log`);
    const level = LEVELS.get(`${attributes["enable"]}`.toLowerCase());
    if (level === undefined) {
      const known = [...LEVELS.keys()].join(", ");
      throw new Refusal(400, `'${attributes["enable"]}' is not a valid log level. Should be one of {${known}}.`);
    }
    this.#logger.level = level;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changing = this.#changing.then(change);
    this.#changing = changing.catch(() => {});
    return changing;
  }

  /** What the folder says, and what was created. Throws a {@link Refusal} for what can't be a part of this site. */
  #desired(): SiteSpec {
    const folder = this.#folder;
    const profiles = this.#profiles;
    const context: PartContext = {
      role: folder.role,
      credentials: (name) => profiles.credentials(name),
      identity: (name, judging) => profiles.identity(name, judging),
      target: (name, verifyHostname) => profiles.target(name, verifyHostname),
    };
    const created = (type: string) =>
      [...this.#created.values()].filter((each) => each.type === type).map(({ entity }) => entity);
    return {
      ...folder,
      listeners: [...folder.listeners, ...created("tcpListener").map((entity) => listenerOf(entity, context))],
      connectors: [...folder.connectors, ...created("tcpConnector").map((entity) => connectorOf(entity, context))],
      links: [...folder.links, ...created("connector").map((entity) => linkOf(entity, context))],
      access: [...folder.access, ...created("listener").map((entity) => accessOf(entity, context))],
    };
  }
}

/**
 * `parts`, those of management before those of the folder: where both have a name, it means the one that management can
 * change.
 */
function createdFirst<P extends { readonly name: string }>(parts: readonly P[]): P[] {
  const ofManagement = ({ name }: P) => name.startsWith(BY_MANAGEMENT);
  return [...parts.filter(ofManagement), ...parts.filter((part) => !ofManagement(part))];
}

/** The part that `change` is about. Of a port, the role comes after its name, which may have spaces itself. */
function partName({ kind, name }: SiteChange): string {
  return kind === "RouterAccess" ? name.replace(/ \S+$/, "") : name;
}

/** Throws a {@link Refusal} when another part of `spec` has the place of the listener or port `name`. */
function refuseTakenPlace({ listeners, multiKeyListeners = [], access }: SiteSpec, name: string): void {
  const places = new PlaceTable();
  // The new one last, so that it is the one without a place.
  const parts = [...listeners, ...multiKeyListeners, ...access].sort((one, other) =>
    Number(one.name === name) - Number(other.name === name)
  );
  for (const part of parts) {
    const owner = places.take(part.host, part.port, part.name);
    if (part.name === name && owner !== undefined) {
      throw new Refusal(400, `${part.host}:${part.port} is taken by ${owner}`);
    }
  }
}

function ofFolder({ identity }: Configured): Refusal {
  return new Refusal(403, `Forbidden: ${identity} is of the folder of the site, change it there`);
}
