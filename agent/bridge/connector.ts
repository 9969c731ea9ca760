/**
 * A local target that serves a routing key: every client stream to the key becomes a connection to the target, with TLS
 * around it where that is asked for.
 */

import type { AdaptorModule } from "../adaptor/action.ts";
import { formatEndpoint } from "../lib/endpoint.ts";
import { messageOf, TendrilError } from "../lib/errors.ts";
import { NumberMap } from "../lib/number_map.ts";
import { mobileKey } from "../router/address.ts";
import { type Consumer, type Downstream, FAILED, type Message, type Upstream } from "../router/flow.ts";
import { PatientRoutes } from "../router/patient_stream.ts";
import type { Router } from "../router/router.ts";
import type { ConnectorSpec, HealthCheckSpec, TargetTls } from "../site/spec.ts";
import type { ConnectorStatus, HealthStatus } from "../site/status.ts";
import { about } from "../telemetry/about.ts";
import type { Logger } from "../telemetry/log.ts";
import { BridgedConnection } from "./bridged_connection.ts";
import { clientOfMessage, ClientPools } from "./client_pools.ts";
import { Closings } from "./closings.ts";
import { Connecting } from "./connecting.ts";
import { Dialler } from "./dialler.ts";
import { adaptorConfig } from "./adaptor_config.ts";
import { type AutoAdaptors, isAuto } from "./auto_adaptors.ts";
import { HealthMonitor } from "./health/health_monitor.ts";
import { hold } from "./held_message.ts";
import { innerProtocols } from "./inner_protocols.ts";
import type { LocalSocket } from "./local_socket.ts";
import { announce, proxyHeader } from "./proxy_protocol.ts";
import { refusalFacts } from "./refusal_facts.ts";
import { KeptRoom } from "./repeatable_message.ts";
import { sort } from "./sorted_message.ts";
import { TargetPool } from "./target_pool.ts";
import { decodeStreamHead, MAX_HEAD_OCTETS } from "./stream_head.ts";
import { Target } from "./target.ts";
import { Traffic } from "./traffic.ts";

/** Stream number of the client's stream, fixed by the adaptor ABI. */
const CLIENT_STREAM = 1;
/** Time a target has to answer, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Whose connections checks are, and messages that do not say. */
const NOBODY = "";

/**
 * How long a connector goes on to serve after it has withdrawn its routing key, in ms: what others sent before they knew is
 * on its way.
 */
const FAREWELL_MS = 500;

/** Pause before a target that could not be reached is tried again, in ms. */
const PROBE_MS = 1000;

/** What a target with TLS is dialled with. */
export interface SecureTarget {
  /** Where it is. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** Whom to trust, and who we are. */
  readonly tls: TargetTls;
  /** What it must speak (ALPN); empty for anything. */
  readonly protocols: readonly string[];
  /** Deadline, in ms. */
  readonly timeoutMs: number;
  /** What it is sent before the handshake; nothing where it is absent. */
  readonly preamble?: Uint8Array;
  /** Hears when the target refuses who we are after it was dialled. */
  onRejected(error: TendrilError): void;
}

/** Dials a target with TLS. Rejects with a `TARGET_*` error, or when `signal` is aborted. */
export type DialSecure = (target: SecureTarget, signal: AbortSignal) => Promise<LocalSocket>;

/** One connector. */
export class Connector implements Consumer {
  readonly origin: undefined = undefined;
  readonly cost = 0;
  readonly remote = false;
  outstanding = 0;

  readonly #spec: ConnectorSpec;
  readonly #router: Router;
  readonly #routes: PatientRoutes;
  /** What streams are spoken with. */
  readonly #adaptor: AdaptorModule;
  /** All that are in use; the last one is for requests, if there are such. */
  readonly #adaptors: readonly AdaptorModule[];
  /** Messages are told apart by their form. */
  readonly #sorts: boolean;
  readonly #logger: Logger;
  /** Of what adaptors have to say. */
  readonly #adaptorLogger: Logger;
  readonly #closings: Closings;
  readonly #onChange: () => void;
  readonly #traffic = new Traffic();
  readonly #dialler = new Dialler(CONNECT_TIMEOUT_MS);
  readonly #dialSecure: DialSecure | undefined;
  readonly #stop = new AbortController();
  #tls: TargetTls | undefined;
  readonly #connections = new NumberMap<BridgedConnection>();
  #lastConnection = 0;
  /** Connections that serve many messages; undefined where there are streams alone. */
  readonly #pool: TargetPool | ClientPools | undefined;
  /** Undefined where no check is configured. */
  readonly #health: HealthMonitor | undefined;
  /** Undefined while the routing key is not served. */
  #withdraw: (() => void) | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;
  /** Runs while the adaptor is quarantined. */
  #quarantine: ReturnType<typeof setTimeout> | undefined;
  readonly #forgetAdaptor: () => void;
  #message = "OK";
  /** What that is about, where it has a code. */
  #failure: TendrilError | undefined;
  /** True once the routing key is withdrawn for good. */
  #leaving = false;
  /** Ends the time in which what is on its way may still come; undefined before and after. */
  #endFarewell: (() => void) | undefined;

  /**
   * Serves the routing key from now on, or once its health check has passed; `dialSecure` dials the target of one that has
   * TLS.
   */
  constructor(
    spec: ConnectorSpec,
    router: Router,
    adaptor: AdaptorModule | AutoAdaptors,
    logger: Logger,
    onChange: () => void,
    dialSecure?: DialSecure,
  ) {
    if (spec.tls !== undefined && dialSecure === undefined) throw new Error("nothing here dials targets with TLS");
    this.#spec = spec;
    this.#tls = spec.tls;
    this.#dialSecure = dialSecure;
    this.#router = router;
    this.#routes = new PatientRoutes(router.route, router.clock);
    this.#sorts = isAuto(adaptor);
    const forRequests = isAuto(adaptor) ? adaptor[spec.http ?? "http1"] : adaptor;
    this.#adaptor = isAuto(adaptor) ? adaptor.tcp : adaptor;
    this.#adaptors = [...new Set([this.#adaptor, forRequests])];
    this.#logger = logger;
    this.#onChange = onChange;
    const { host, port, routingKey } = spec;
    this.#closings = new Closings(logger, { connector: spec.name, routingKey }, () => router.clock.now());
    this.#adaptorLogger = about(logger, { connector: spec.name, routingKey });
    if (forRequests.messages === "many") {
      const onDone = () => this.outstanding--;
      const kept = new KeptRoom();
      const poolOf = (client: string) =>
        new TargetPool({
          adaptor: forRequests,
          config: adaptorConfig(router.identity.id, routingKey, spec.tls !== undefined),
          site: router.identity.id,
          logger,
          traffic: this.#traffic,
          kept,
          logFields: { connector: spec.name, routingKey, target: formatEndpoint(host, port) },
          dial: () => this.#connect(forRequests, client),
          route: router.route,
          onReached: (error) => this.#reached(error),
          onDone,
          onAgain: () => this.outstanding++,
        });
      this.#pool = spec.proxyProtocol === undefined ? poolOf(NOBODY) : new ClientPools(poolOf, onDone);
    }
    if (spec.healthCheck !== undefined) {
      const header = this.#headerFor(NOBODY);
      const connect = (signal: AbortSignal) => this.#connectSecurely(["http/1.1"], NOBODY, signal);
      const target = {
        host,
        port,
        ...(spec.tls === undefined ? {} : { connect }),
        ...(header === undefined ? {} : { preamble: header }),
      };
      this.#health = new HealthMonitor(spec.healthCheck, target, () => {
        // What a client has met before says nothing of the target any more, unless that is known better by now.
        const { healthy, result } = this.#health!.status();
        if (healthy && result === "OK" && this.#probe === undefined && isOwn(spec.healthCheck!)) this.#tell(undefined);
        this.#settle();
        this.#onChange();
      });
    }
    const forget = this.#adaptors.map(({ health }) =>
      health?.onFault((_, quarantined) => {
        if (quarantined) this.#lookAtAdaptor();
      })
    );
    this.#forgetAdaptor = () => forget.forEach((end) => end?.());
    this.#lookAtAdaptor();
  }

  /** True while a message is under way or may still come, or a connection is open. */
  get busy(): boolean {
    return this.#endFarewell !== undefined || this.outstanding > 0 || this.status().connections > 0;
  }

  /** A snapshot. */
  status(): ConnectorStatus {
    const { name, routingKey, host, port } = this.#spec;
    const health = this.#health?.status();
    const refusal = this.#router.refusals.get("offer", mobileKey(routingKey));
    const otherwise = this.#quarantined() ??
      (health === undefined || health.healthy ? undefined : unhealthy(health));
    return {
      name,
      routingKey,
      target: formatEndpoint(host, port),
      connections: this.#connections.size + (this.#pool?.size ?? 0),
      message: refusal?.message ?? otherwise ?? this.#message,
      ...refusalFacts(refusal ?? (otherwise === undefined ? this.#failure : undefined)),
      ...(health === undefined ? {} : { health }),
      traffic: { ...this.#traffic },
    };
  }

  /** Speaks TLS as `tls` says with connections that are made from now on. Only for a connector that has TLS. */
  renew(tls: TargetTls): void {
    this.#tls = tls;
  }

  /** Withdraws the routing key; what was accepted goes on, and what was sent before others knew is served. */
  refuseNew(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    clearTimeout(this.#probe);
    clearTimeout(this.#quarantine);
    this.#forgetAdaptor();
    this.#health?.stop();
    if (this.#withdraw === undefined) return this.#pool?.retire();
    this.#withdraw = undefined;
    const forget = this.#router.addresses.retire(mobileKey(this.#spec.routingKey), this);
    const timer = setTimeout(() => this.#endFarewell?.(), FAREWELL_MS);
    this.#endFarewell = () => {
      this.#endFarewell = undefined;
      clearTimeout(timer);
      forget();
      this.#pool?.retire();
    };
  }

  /** Ends everything. */
  stop(): void {
    this.refuseNew();
    this.#endFarewell?.();
    this.#stop.abort(new Error("the site is stopping"));
    this.#dialler.stop();
    this.#pool?.stop();
    for (const connection of this.#connections.values()) connection.close("the site is stopping");
    this.#routes.stop();
  }

  /** See {@link Consumer}. */
  deliver(message: Message, upstream: Upstream): Downstream {
    this.outstanding++;
    if (!this.#sorts) return this.#take(this.#pool !== undefined, message, upstream);
    return sort(message, {
      take: (isRequest, start) => this.#take(isRequest, { ...message, start }, upstream),
      onGone: () => this.outstanding--,
    });
  }

  #take(isRequest: boolean, message: Message, upstream: Upstream): Downstream {
    if (isRequest && this.#pool !== undefined) return this.#pool.deliver(message, upstream);
    if (this.#spec.proxyProtocol === undefined) return this.#takeStream(message, upstream, NOBODY);
    return hold(message, {
      decide: clientOfMessage,
      take: (client, start) => this.#takeStream({ ...message, start }, upstream, client),
      onGone: () => this.outstanding--,
    });
  }

  #takeStream(message: Message, upstream: Upstream, client: string): Downstream {
    // A client sends nothing before it has an answer (wire-protocol E.2).
    const waiting = new Connecting(message, upstream, MAX_HEAD_OCTETS, FAILED);
    this.#dial(waiting, message, upstream, client);
    return waiting;
  }

  /** What a connection to the target on behalf of `client` begins with. */
  #headerFor(client: string): Uint8Array | undefined {
    return this.#spec.proxyProtocol === undefined ? undefined : proxyHeader(client);
  }

  /** A new connection to the target on behalf of `client`, to speak with it by `adaptor`. */
  async #connect(adaptor: AdaptorModule, client: string, message?: Message): Promise<LocalSocket> {
    const { host, port } = this.#spec;
    if (this.#tls === undefined) return await announce(await this.#dialler.dial(host, port), this.#headerFor(client));
    const own = innerProtocols(adaptor.protocol);
    const protocols = own.length > 0 || message === undefined ? own : agreedProtocols(message);
    return await this.#connectSecurely(protocols, client, this.#stop.signal);
  }

  #connectSecurely(protocols: readonly string[], client: string, signal: AbortSignal): Promise<LocalSocket> {
    const { host, port } = this.#spec;
    const onRejected = (error: TendrilError) => this.#tell(error);
    const preamble = this.#headerFor(client);
    const target = { host, port, tls: this.#tls!, protocols, timeoutMs: CONNECT_TIMEOUT_MS, onRejected };
    return this.#dialSecure!(preamble === undefined ? target : { ...target, preamble }, signal);
  }

  async #dial(waiting: Connecting, message: Message, upstream: Upstream, client: string): Promise<void> {
    const { host, port, name, routingKey } = this.#spec;
    let conn: LocalSocket;
    try {
      conn = await this.#connect(this.#adaptor, client, message);
    } catch (error) {
      this.outstanding--;
      this.#tell(error);
      this.#logger.warn("target refused", {
        connector: name,
        routingKey,
        target: formatEndpoint(host, port),
        reason: messageOf(error),
        ...refusalFacts(error),
      });
      waiting.refuse();
      return;
    }
    this.#tell(undefined);
    if (waiting.over || this.#stop.signal.aborted) {
      this.outstanding--;
      conn.close();
      waiting.refuse();
      return;
    }
    const number = this.#lastConnection = (this.#lastConnection + 1) >>> 0;
    const connection = new BridgedConnection(
      conn,
      this.#adaptor,
      new Target(this.#routes, this.#adaptorLogger, this.#traffic, (failure) => {
        this.#closed(number, failure);
      }),
    );
    this.#connections.set(number, connection);
    this.#traffic.opened++;
    connection.open("connector");
    waiting.hand((start) => connection.accept(CLIENT_STREAM, { ...message, start }, upstream));
  }

  #closed(number: number, failure: string | undefined): void {
    this.outstanding--;
    this.#traffic.closed++;
    this.#connections.delete(number);
    if (failure === undefined) return;
    this.#closings.failed(failure);
  }

  /** Serves the routing key exactly while there is nothing against it. */
  #settle(): void {
    const able = this.#probe === undefined && this.#quarantine === undefined;
    const serves = able && !this.#leaving && (this.#health?.healthy ?? true);
    if (serves === (this.#withdraw !== undefined)) return;
    if (serves) this.#withdraw = this.#router.addresses.add(mobileKey(this.#spec.routingKey), this);
    else {
      this.#withdraw?.();
      this.#withdraw = undefined;
    }
  }

  /** Why an adaptor takes no new connections now; undefined when all do. */
  #quarantined(): string | undefined {
    for (const { health } of this.#adaptors) {
      const refusal = health?.refusal();
      if (refusal !== undefined) return refusal.message;
    }
    return undefined;
  }

  /** A quarantined adaptor would refuse whatever comes: other sites may serve the key. */
  #lookAtAdaptor(): void {
    clearTimeout(this.#quarantine);
    const refuses = this.#quarantined() !== undefined;
    this.#quarantine = refuses ? setTimeout(() => this.#lookAtAdaptor(), PROBE_MS) : undefined;
    this.#settle();
  }

  /**
   * A target that nothing reaches does not serve its key until something does. Routers send a message to who has the
   * fewest: one that refuses them all always has, and would draw them away from those that work.
   */
  #reached(error: unknown): void {
    this.#tell(error);
    if (error === undefined || this.#probe !== undefined || this.#leaving || this.#pool === undefined) return;
    // A server that is about to end refuses new connections, and finishes what has come by the others.
    if (this.#pool.size > 0 && !(error instanceof Deno.errors.ConnectionRefused)) return;
    this.#probeLater();
    this.#settle();
  }

  #probeLater(): void {
    this.#probe = setTimeout(() => {
      this.#connect(this.#adaptors.at(-1)!, NOBODY).then((conn) => {
        conn.close();
        if (this.#leaving) return;
        this.#probe = undefined;
        this.#tell(undefined);
        this.#settle();
      }, (error) => {
        if (this.#leaving) return;
        this.#tell(error);
        this.#probeLater();
      });
    }, PROBE_MS);
  }

  /** The status shows `error`, why the target can't be reached; undefined says that it can. */
  #tell(error: unknown): void {
    const { host, port } = this.#spec;
    const message = error === undefined ? "OK" : `can't reach ${formatEndpoint(host, port)}: ${messageOf(error)}`;
    if (this.#message === message) return;
    this.#message = message;
    this.#failure = error instanceof TendrilError ? error : undefined;
    this.#onChange();
  }
}

/** What the client has agreed on with its listener, which the target is to agree on, too (wire-protocol E.2, E.3). */
function agreedProtocols({ start }: Message): readonly string[] {
  const head = decodeStreamHead(start);
  if (typeof head !== "object") return [];
  const alpn = head.head.properties.find(([name]) => name === "alpn")?.[1].value;
  return typeof alpn === "string" ? [alpn] : [];
}

/** True for a check of the target itself, not of something else that tells of it. */
function isOwn({ tcp, http }: HealthCheckSpec): boolean {
  const place = tcp ?? http;
  return place !== undefined && place.host === undefined && place.port === undefined;
}

function unhealthy({ result, heldSeconds }: HealthStatus): string {
  if (heldSeconds !== undefined) return "passes its checks again, held back because it has failed repeatedly";
  return result === "OK" ? "has yet to pass more checks" : `unhealthy: ${result}`;
}
