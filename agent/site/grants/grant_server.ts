/**
 * Serves the grants of a running site: opens the port when the first token is issued, follows what is issued later, and
 * turns each redemption into a link file with a certificate of its own.
 */

import { TendrilError } from "../../lib/errors.ts";
import { issue } from "../../pki/authority.ts";
import { factsOf } from "../../pki/inspect.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Acceptor } from "../../transport/accept.ts";
import { VALID_YEARS } from "../create.ts";
import { siteAccess, siteAuthority } from "../issuing.ts";
import { writeLinkFile } from "../link_file.ts";
import { loadResources } from "../load.ts";
import { accessVersion, readAccess } from "./access.ts";
import { BundleFile } from "./bundle.ts";
import type { Redemption } from "./grant_app.ts";
import type { Grant } from "./grant.ts";
import { GrantLedger } from "./ledger.ts";
import { DeclaredGrants } from "./declared_grants.ts";
import type { GrantSpec } from "../spec.ts";
import type { GrantStatus } from "../status.ts";

/** How often the folder is looked at, in ms. */
const LOOK_MS = 500;
/** Connections of those who redeem, open at once. */
const MAX_CONNECTIONS = 128;
/** Those of one address. */
const MAX_PER_ADDRESS = 32;
/** Largest request body, in octets; codes have 24. */
const MAX_CODE = 1024;
/** Deadline for each step of a connection, in ms. */
const TIMEOUT_MS = 10_000;

/** See the head of the file. */
export class GrantServer {
  readonly #dir: string;
  readonly #host: string;
  readonly #logger: Logger;
  readonly #ledger: GrantLedger;
  readonly #bundle: BundleFile | undefined;
  /** Those that resources ask for. */
  readonly #declared: DeclaredGrants;
  #acceptor: Acceptor | undefined;
  /** Which port it is. */
  #port = 0;
  /** Of the files that are served, or that could not be. */
  #version: string | undefined;
  #failure = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void>;
  #closing = false;

  private constructor(dir: string, host: string, logger: Logger, bundle: string | undefined, onChange: () => void) {
    this.#declared = new DeclaredGrants(dir, logger, onChange);
    this.#bundle = bundle === undefined ? undefined : new BundleFile(bundle);
    this.#dir = dir;
    this.#host = host;
    this.#logger = logger;
    this.#ledger = new GrantLedger(dir);
    this.#looking = this.#look();
  }

  /**
   * Serves the grants of the site in `dir` at the address `host`, from now on or from the first one on, and the program
   * in the file `bundle` if it is there. `onChange` hears that {@link GrantServer.status} is another.
   */
  static async start(
    dir: string,
    host: string,
    logger: Logger,
    bundle?: string,
    onChange = () => {},
  ): Promise<GrantServer> {
    const server = new GrantServer(dir, host, logger, bundle, onChange);
    await server.#looking;
    return server;
  }

  /** Makes the grants that `specs` ask for; those that `isBroken` names stay as they are. Never rejects. */
  async apply(specs: readonly GrantSpec[], isBroken: (name: string) => boolean): Promise<void> {
    await this.#declared.apply(specs, isBroken);
  }

  /** One per AccessGrant of the site. */
  status(): GrantStatus[] {
    return this.#declared.status();
  }

  /** Serves nobody any more; resolves when the port is free. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#acceptor?.close();
  }

  async #look(): Promise<void> {
    try {
      await this.#follow();
      this.#failure = "";
    } catch (error) {
      const { code, message, hint } = error instanceof TendrilError
        ? error
        : { code: "GRANT_STORAGE", message: String(error), hint: "Let the site read its folder 'grants'." };
      if (message !== this.#failure) {
        this.#logger.error("tokens can't be redeemed here", { code, reason: message, next: hint });
      }
      this.#failure = message;
    }
    if (!this.#closing) this.#timer = setTimeout(() => this.#looking = this.#look(), LOOK_MS);
  }

  async #follow(): Promise<void> {
    const version = await accessVersion(this.#dir);
    if (version === this.#version) return;
    const access = await readAccess(this.#dir);
    if (this.#acceptor !== undefined && access?.port === this.#port) {
      this.#acceptor.renew(access.tls);
      this.#logger.info("the port for tokens has a new certificate", { host: this.#host, port: this.#port });
      this.#version = version;
      return;
    }
    await this.#acceptor?.close();
    this.#acceptor = undefined;
    if (access !== undefined) {
      const { serveHttps } = await import("../../transport/http_server.ts");
      const { grantApp } = await import("./grant_app.ts");
      const app = grantApp(
        (redemption) => this.#redeem(redemption),
        this.#logger,
        () => performance.now(),
        async () => await this.#bundle?.read(),
      );
      const { port, tls } = access;
      this.#acceptor = await serveHttps(
        {
          host: this.#host,
          port,
          tls,
          maxConnections: MAX_CONNECTIONS,
          maxPerAddress: MAX_PER_ADDRESS,
          maxBody: MAX_CODE,
          timeoutMs: TIMEOUT_MS,
        },
        async (request, peer) => await app.fetch(request, { peer }),
        ({ code, message }, peer) =>
          this.#logger.debug("a client for tokens was sent away", { peer, code, reason: message }),
      );
      this.#port = port;
      this.#logger.info("tokens can be redeemed", { host: this.#host, port });
    }
    this.#version = version;
  }

  async #redeem({ uid, code, name, subject }: Redemption): Promise<string> {
    const now = Date.now();
    let known: Grant | undefined;
    const { yaml, serial } = await this.#ledger.redeem(uid, code, now, async (grant) => {
      known = grant;
      return await this.#linkFile(name ?? grant.name, subject ?? name ?? grant.name, grant.linkHost, now);
    });
    this.#logger.info("a token was redeemed", {
      grant: known?.name,
      subject: subject ?? name,
      serial,
      use: (known?.redemptions ?? 0) + 1,
      of: known?.allowed,
    });
    if (known?.declared === true) await this.#declared.refresh();
    return yaml;
  }

  /** Secret first, then the Link, without a cost: what Skupper's sites read. */
  async #linkFile(
    name: string,
    subject: string,
    host: string,
    now: number,
  ): Promise<{ readonly yaml: string; readonly serial: string }> {
    const resources = await loadResources(this.#dir);
    const { endpoints } = siteAccess(resources, this.#dir);
    const authority = siteAuthority(resources, now);
    const credentials = await issue({
      authority,
      commonName: subject,
      hosts: [],
      client: true,
      server: true,
      years: VALID_YEARS,
      now,
    });
    const links = endpoints.map(({ role, port }) => ({ role, host, port }));
    const { serial } = factsOf(credentials.cert);
    return { yaml: writeLinkFile({ name, credentials, endpoints: links }), serial };
  }
}
