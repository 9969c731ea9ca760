/** A local target that serves a routing key: every client stream to the key becomes a connection to the target. */

import type { AdaptorModule } from "../adaptor/action.ts";
import { formatEndpoint } from "../lib/endpoint.ts";
import { messageOf } from "../lib/errors.ts";
import { NumberMap } from "../lib/number_map.ts";
import { mobileKey } from "../router/address.ts";
import { type Consumer, type Downstream, FAILED, type Message, type Upstream } from "../router/flow.ts";
import { PatientRoutes } from "../router/patient_stream.ts";
import type { Router } from "../router/router.ts";
import type { ConnectorSpec } from "../site/spec.ts";
import type { ConnectorStatus, HealthStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import { BridgedConnection } from "./bridged_connection.ts";
import { Connecting } from "./connecting.ts";
import { Dialler } from "./dialler.ts";
import { adaptorConfig } from "./adaptor_config.ts";
import { HealthMonitor } from "./health/health_monitor.ts";
import { refusalFacts } from "./refusal_facts.ts";
import { TargetPool } from "./target_pool.ts";
import { MAX_HEAD_OCTETS } from "./stream_head.ts";
import { Target } from "./target.ts";
import { Traffic } from "./traffic.ts";

/** Stream number of the client's stream, fixed by the adaptor ABI. */
const CLIENT_STREAM = 1;
/** Time a target has to answer, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Pause before a target that could not be reached is tried again, in ms. */
const PROBE_MS = 1000;

/** One connector. */
export class Connector implements Consumer {
  readonly origin: undefined = undefined;
  readonly cost = 0;
  readonly remote = false;
  outstanding = 0;

  readonly #spec: ConnectorSpec;
  readonly #router: Router;
  readonly #routes: PatientRoutes;
  readonly #adaptor: AdaptorModule;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #traffic = new Traffic();
  readonly #dialler = new Dialler(CONNECT_TIMEOUT_MS);
  readonly #connections = new NumberMap<BridgedConnection>();
  #lastConnection = 0;
  /** Connections that serve one message after the other; undefined for an adaptor with one message per connection. */
  readonly #pool: TargetPool | undefined;
  /** Undefined where no check is configured. */
  readonly #health: HealthMonitor | undefined;
  /** Undefined while the routing key is not served. */
  #withdraw: (() => void) | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;
  /** Runs while the adaptor is quarantined. */
  #quarantine: ReturnType<typeof setTimeout> | undefined;
  readonly #forgetAdaptor: () => void;
  #message = "OK";
  /** True once new messages are refused. */
  #leaving = false;
  #stopped = false;

  /** Serves the routing key from now on, or once its health check has passed. */
  constructor(spec: ConnectorSpec, router: Router, adaptor: AdaptorModule, logger: Logger, onChange: () => void) {
    this.#spec = spec;
    this.#router = router;
    this.#routes = new PatientRoutes(router.route, router.clock);
    this.#adaptor = adaptor;
    this.#logger = logger;
    this.#onChange = onChange;
    const { host, port, routingKey } = spec;
    if (adaptor.messages === "many") {
      this.#pool = new TargetPool({
        adaptor,
        config: adaptorConfig(router.identity.id, routingKey),
        logger,
        traffic: this.#traffic,
        logFields: { connector: spec.name, routingKey, target: formatEndpoint(host, port) },
        dial: () => this.#dialler.dial(host, port),
        route: router.route,
        onReached: (failure) => this.#reached(failure),
        onDone: () => this.outstanding--,
      });
    }
    if (spec.healthCheck !== undefined) {
      this.#health = new HealthMonitor(spec.healthCheck, spec, () => {
        this.#settle();
        this.#onChange();
      });
    }
    this.#forgetAdaptor = adaptor.health?.onFault((_, quarantined) => {
      if (quarantined) this.#lookAtAdaptor();
    }) ?? (() => {});
    this.#lookAtAdaptor();
  }

  /** True while a message is under way, or a connection is open. */
  get busy(): boolean {
    return this.outstanding > 0 || this.status().connections > 0;
  }

  /** A snapshot. */
  status(): ConnectorStatus {
    const { name, routingKey, host, port } = this.#spec;
    const health = this.#health?.status();
    const refusal = this.#router.refusals.get("offer", mobileKey(routingKey));
    return {
      name,
      routingKey,
      target: formatEndpoint(host, port),
      connections: this.#connections.size + (this.#pool?.size ?? 0),
      message: refusal?.message ?? this.#adaptor.health?.refusal()?.message ??
        (health === undefined || health.healthy ? this.#message : unhealthy(health)),
      ...refusalFacts(refusal),
      ...(health === undefined ? {} : { health }),
      traffic: { ...this.#traffic },
    };
  }

  /** Withdraws the routing key; what was accepted goes on. */
  refuseNew(): void {
    this.#leaving = true;
    clearTimeout(this.#probe);
    clearTimeout(this.#quarantine);
    this.#forgetAdaptor();
    this.#health?.stop();
    this.#settle();
    this.#pool?.retire();
  }

  /** Ends everything. */
  stop(): void {
    this.#stopped = true;
    this.refuseNew();
    this.#dialler.stop();
    this.#pool?.stop();
    for (const connection of this.#connections.values()) connection.close("the site is stopping");
    this.#routes.stop();
  }

  /** See {@link Consumer}. */
  deliver(message: Message, upstream: Upstream): Downstream {
    this.outstanding++;
    if (this.#pool !== undefined) return this.#pool.deliver(message, upstream);
    // A client sends nothing before it has an answer (wire-protocol E.2).
    const waiting = new Connecting(message, upstream, MAX_HEAD_OCTETS, FAILED);
    this.#dial(waiting, message, upstream);
    return waiting;
  }

  async #dial(waiting: Connecting, message: Message, upstream: Upstream): Promise<void> {
    const { host, port, name, routingKey } = this.#spec;
    let conn: Deno.TcpConn;
    try {
      conn = await this.#dialler.dial(host, port);
    } catch (error) {
      this.outstanding--;
      this.#setMessage(`can't reach ${host}:${port}: ${messageOf(error)}`);
      this.#logger.warn("target refused", {
        connector: name,
        routingKey,
        target: formatEndpoint(host, port),
        reason: messageOf(error),
      });
      waiting.refuse();
      return;
    }
    this.#setMessage("OK");
    if (waiting.over || this.#stopped) {
      this.outstanding--;
      conn.close();
      waiting.refuse();
      return;
    }
    const number = this.#lastConnection = (this.#lastConnection + 1) >>> 0;
    const connection = new BridgedConnection(
      conn,
      this.#adaptor,
      new Target(this.#routes, this.#logger, this.#traffic, (failure) => {
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
    const { name, routingKey } = this.#spec;
    this.#logger.warn("connection closed", { connector: name, routingKey, reason: failure });
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

  /** A quarantined adaptor would refuse whatever comes: other sites may serve the key. */
  #lookAtAdaptor(): void {
    clearTimeout(this.#quarantine);
    const refuses = this.#adaptor.health?.refusal() !== undefined;
    this.#quarantine = refuses ? setTimeout(() => this.#lookAtAdaptor(), PROBE_MS) : undefined;
    this.#settle();
  }

  /**
   * A target that nothing reaches does not serve its key until something does. Routers send a message to who has the
   * fewest: one that refuses them all always has, and would draw them away from those that work.
   */
  #reached(failure: string | undefined): void {
    const { host, port } = this.#spec;
    this.#setMessage(failure === undefined ? "OK" : `can't reach ${host}:${port}: ${failure}`);
    if (failure === undefined || this.#probe !== undefined || this.#leaving || this.#pool?.size !== 0) return;
    this.#probeLater();
    this.#settle();
  }

  #probeLater(): void {
    this.#probe = setTimeout(() => {
      const { host, port } = this.#spec;
      this.#dialler.dial(host, port).then((conn) => {
        conn.close();
        if (this.#leaving) return;
        this.#probe = undefined;
        this.#setMessage("OK");
        this.#settle();
      }, () => {
        if (!this.#leaving) this.#probeLater();
      });
    }, PROBE_MS);
  }

  #setMessage(message: string): void {
    if (this.#message === message) return;
    this.#message = message;
    this.#onChange();
  }
}

function unhealthy({ result, heldSeconds }: HealthStatus): string {
  if (heldSeconds !== undefined) return "passes its checks again, held back because it has failed repeatedly";
  return result === "OK" ? "has yet to pass more checks" : `unhealthy: ${result}`;
}
