/**
 * A local port that leads to a routing key: open only while the key has a reachable consumer. Every client becomes a
 * client stream to the key; the answer comes back to an address of its own. With credentials the port speaks TLS, and
 * what was inside it goes to the network.
 */

import type { AdaptorModule } from "../adaptor/action.ts";
import { formatEndpoint } from "../lib/endpoint.ts";
import { messageOf } from "../lib/errors.ts";
import { matchesGlob } from "../lib/glob.ts";
import { NumberMap } from "../lib/number_map.ts";
import { plainAddress } from "../lib/plain_address.ts";
import { localAddress, mobileKey } from "../router/address.ts";
import { PatientRoutes } from "../router/patient_stream.ts";
import type { Router } from "../router/router.ts";
import type { AccessLog } from "../site/http_route_spec.ts";
import type { ListenerSpec, MultiKeyListenerSpec } from "../site/spec.ts";
import type { ListenerStatus } from "../site/status.ts";
import { about } from "../telemetry/about.ts";
import type { Logger } from "../telemetry/log.ts";
import type { ServerIdentity } from "../transport/channel.ts";
import type { openTlsPort } from "../transport/tls_port.ts";
import { adaptorConfig } from "./adaptor_config.ts";
import { type AutoAdaptors, isAuto } from "./auto_adaptors.ts";
import type { BridgedConnection } from "./bridged_connection.ts";
import { Client } from "./client.ts";
import { Closings } from "./closings.ts";
import { HeardSocket } from "./heard_socket.ts";
import { HttpDesk } from "./http_rules/http_desk.ts";
import type { HttpRoute } from "./http_rules/http_route.ts";
import { innerProtocols } from "./inner_protocols.ts";
import { closeSocket, type LocalSocket } from "./local_socket.ts";
import { MessageConnection } from "./message_connection.ts";
import { type LocalPort, openPlainPort } from "./plain_port.ts";
import { clientOf } from "./proxy_protocol.ts";
import { refusalFacts } from "./refusal_facts.ts";
import { RoutingKeys } from "./routing_keys.ts";
import { Settling } from "./settling.ts";
import { Ticker } from "./ticker.ts";
import { Traffic } from "./traffic.ts";

/** Pause before a port that could not be opened, or ran out of file descriptors, is tried again, in ms. */
const REOPEN_MS = 1000;
/**
 * How long a port stays open whose key nobody serves, in ms: while routers come and go that may be so for a moment, and
 * the streams of new clients wait for longer than that.
 */
const GRACE_MS = 500;

/** A port, and how its credentials are replaced if it has some. */
interface OpenPort extends LocalPort {
  renew?(tls: ServerIdentity): void;
}

/** One listener. */
export class Listener {
  readonly #spec: ListenerSpec | MultiKeyListenerSpec;
  readonly #keys: RoutingKeys;
  /** All keys, as they are logged. */
  readonly #routingKey: string;
  readonly #router: Router;
  readonly #routes: PatientRoutes;
  readonly #adaptor: AdaptorModule | AutoAdaptors;
  /** Clients of whom it is open what they speak. */
  readonly #unheard = new Set<LocalSocket>();
  /** How many clients have spoken what, where that is looked at. */
  readonly #detected = { tcp: 0, http1: 0, http2: 0 };
  readonly #logger: Logger;
  /** Of what adaptors have to say. */
  readonly #adaptorLogger: Logger;
  readonly #closings: Closings;
  readonly #onChange: () => void;
  readonly #connections = new NumberMap<BridgedConnection | MessageConnection>();
  readonly #traffic = new Traffic();
  readonly #ticker = new Ticker();
  readonly #settling = new Settling();
  #lastConnection = 0;
  /** Looks at requests, where there is something to look for. */
  readonly #desk: HttpDesk;
  #leaveRoute = () => {};
  readonly #openTls: typeof openTlsPort | undefined;
  #tls: ServerIdentity | undefined;
  #door: OpenPort | undefined;
  /** True while the port is neither open nor shut. */
  #moving = false;
  /** Resolves when the port that was shut last is free. */
  #free: Promise<void> = Promise.resolve();
  #opening: Promise<void> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  /** What is bound: a port that the system chose stays the same when it is opened again. */
  #port: number;
  #wanted = false;
  #stopped = false;
  #message = "No matching connectors";

  /** Watches the routing keys from now on, and those of `route`; `openTls` opens the port of one that has credentials. */
  constructor(
    spec: ListenerSpec | MultiKeyListenerSpec,
    router: Router,
    adaptor: AdaptorModule | AutoAdaptors,
    logger: Logger,
    onChange: () => void,
    route?: HttpRoute,
    openTls?: typeof openTlsPort,
  ) {
    this.#spec = spec;
    this.#port = spec.port;
    this.#tls = spec.tls;
    this.#openTls = openTls;
    if (spec.tls !== undefined && openTls === undefined) throw new Error("nothing here opens ports with TLS");
    this.#router = router;
    this.#routes = new PatientRoutes(router.route, router.clock);
    this.#adaptor = adaptor;
    this.#logger = logger;
    this.#onChange = onChange;
    const { name } = spec;
    const { clock, identity } = router;
    const one = "strategy" in spec ? undefined : spec;
    this.#keys = new RoutingKeys(
      "strategy" in spec ? spec.strategy : { kind: "priority", keys: [spec.routingKey] },
      router,
    );
    this.#routingKey = this.#keys.all.join(",");
    const routingKey = this.#routingKey;
    this.#closings = new Closings(logger, { listener: name, routingKey }, () => clock.now());
    this.#adaptorLogger = about(logger, { listener: name, routingKey });
    this.#desk = new HttpDesk({ listener: name, routingKey, site: identity.id, logger, now: () => clock.now() });
    this.#desk.accessLog = one?.accessLog ?? "off";
    this.useRoute(route);
    this.#keys.onChange(() => this.#look());
    this.#look();
  }

  /** Of several keys, another one may be the one that is served. */
  #look(): void {
    this.#desk.ownReachable = this.#keys.reachable.length > 0;
    const wanted = this.#wanted;
    this.#settle();
    if ("strategy" in this.#spec && wanted && this.#wanted) this.#onChange();
  }

  /** From now on requests go by `route`, or without one to the routing key; those under way end as they began. */
  useRoute(route: HttpRoute | undefined): void {
    if (this.#stopped || route === this.#desk.route) return;
    this.#leaveRoute();
    this.#desk.route = route;
    this.#leaveRoute = route?.onChange(() => this.#settle()) ?? (() => {});
    this.#settle();
  }

  /** From now on requests are logged like that. */
  set accessLog(form: AccessLog) {
    this.#desk.accessLog = form;
  }

  /** The port is open exactly while there is somewhere to send requests to. */
  #settle(): void {
    const { route, ownReachable } = this.#desk;
    const wanted = route?.serves(ownReachable) ?? ownReachable;
    if (this.#stopped || wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.#open();
    else this.#shutSoon("No matching connectors");
  }

  /** Name of the Listener. */
  get name(): string {
    return this.#spec.name;
  }

  /** True while a client is connected. */
  get busy(): boolean {
    return this.#connections.size + this.#unheard.size > 0;
  }

  /** A snapshot. */
  status(): ListenerStatus {
    const { name, host } = this.#spec;
    const refused = this.#wanted ? [] : this.#keys.all;
    const refusal = refused.map((key) => this.#router.refusals.get("consume", mobileKey(key)))
      .find((refusal) => refusal !== undefined);
    return {
      name,
      routingKey: this.#routingKey,
      host,
      port: this.#port,
      open: this.#door !== undefined,
      matched: this.#wanted,
      connections: this.#connections.size + this.#unheard.size,
      message: refusal?.message ?? this.#message,
      ...refusalFacts(refusal),
      ...("strategy" in this.#spec ? { reachable: this.#keys.reachable } : {}),
      traffic: { ...this.#traffic },
      ...(isAuto(this.#adaptor) ? { detected: { ...this.#detected } } : {}),
    };
  }

  /** Shows `tls` to clients that come from now on. Only for a listener that has credentials. */
  renew(tls: ServerIdentity): void {
    this.#tls = tls;
    this.#door?.renew?.(tls);
  }

  /** Accepts nobody any more; open connections go on. Resolves when the port is free. */
  refuseNew(): Promise<void> {
    if (this.#stopped) return this.#portFree();
    this.#stopped = true;
    this.#keys.stop();
    this.#leaveRoute();
    this.#wanted = false;
    this.#shut("Stopped");
    for (const connection of this.#connections.values()) {
      if (connection instanceof MessageConnection) connection.retire();
    }
    return this.#portFree();
  }

  /** A port that is still being opened is not free yet. */
  async #portFree(): Promise<void> {
    await this.#opening;
    await this.#free;
  }

  /** Ends everything. */
  stop(): void {
    this.refuseNew();
    for (const connection of this.#connections.values()) connection.close("the site is stopping");
    for (const conn of this.#unheard) closeSocket(conn, true);
    this.#unheard.clear();
    this.#settling.stop();
    this.#routes.stop();
  }

  #open(): void {
    clearTimeout(this.#grace);
    if (this.#door !== undefined && !this.#stopped) this.#say("OK");
    if (this.#door !== undefined || this.#moving || this.#stopped || this.#retry !== undefined) return;
    if (this.#tls !== undefined) {
      this.#opening = this.#openSecure(this.#tls);
      return;
    }
    try {
      this.#opened(openPlainPort(this.#spec.host, this.#port, (conn) => this.#accept(conn), (error) => {
        // Out of file descriptors: closing the port refuses those who wait, and frees one. The rest goes on.
        this.#shut(`refusing clients: ${messageOf(error)}`);
        this.#starved(error);
        this.#openLater();
      }));
    } catch (error) {
      this.#notOpened(error);
    }
  }

  async #openSecure(tls: ServerIdentity): Promise<void> {
    const { name, host } = this.#spec;
    const protocols = innerProtocols(isAuto(this.#adaptor) ? "auto" : this.#adaptor.protocol);
    this.#moving = true;
    try {
      const acceptor = await this.#openTls!(
        { host, port: this.#port, tls, protocols },
        (stream) => this.#accept(stream),
        (reason, address) => {
          if (reason.code === "ACCEPT_FAILED") return this.#starved(reason);
          const { code, message } = reason;
          this.#logger.debug("client refused", { listener: name, client: address, code, reason: message });
        },
      );
      this.#moving = false;
      if (this.#tls !== undefined && this.#tls !== tls) acceptor.renew(this.#tls);
      this.#opened({
        port: acceptor.port,
        close: () => acceptor.close(),
        renew: (tls) => acceptor.renew(tls),
      });
      if (!this.#wanted) this.#shut(this.#stopped ? "Stopped" : "No matching connectors");
    } catch (error) {
      this.#moving = false;
      this.#notOpened((error as Error).cause ?? error);
    }
  }

  #opened(door: OpenPort): void {
    const { name, host } = this.#spec;
    this.#door = door;
    this.#port = door.port;
    this.#message = "OK";
    this.#logger.debug("listener open", { listener: name, host, port: this.#port, routingKey: this.#routingKey });
    this.#onChange();
  }

  #notOpened(error: unknown): void {
    if (this.#stopped) return;
    const { name, host } = this.#spec;
    const port = this.#port;
    this.#port = this.#spec.port;
    const message = `can't listen on ${formatEndpoint(host, port)}: ${messageOf(error)}`;
    this.#openLater();
    if (message === this.#message) return; // Said once; the status keeps saying it.
    this.#message = message;
    this.#logger.error("listener can't open its port", { listener: name, host, port, reason: messageOf(error) });
    this.#onChange();
  }

  #starved(error: unknown): void {
    this.#logger.error("listener refuses clients for now", { listener: this.#spec.name, reason: messageOf(error) });
  }

  #openLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#wanted) this.#open();
    }, REOPEN_MS);
  }

  #shutSoon(message: string): void {
    if (this.#door === undefined) return this.#shut(message);
    this.#say(message);
    this.#grace = setTimeout(() => this.#shut(message), GRACE_MS);
  }

  #say(message: string): void {
    if (this.#message === message) return;
    this.#message = message;
    this.#onChange();
  }

  #shut(message: string): void {
    clearTimeout(this.#grace);
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#message = message;
    if (this.#door === undefined) return;
    this.#moving = true;
    this.#free = this.#door.close().then(() => {
      this.#moving = false;
      if (this.#wanted) this.#open();
    });
    this.#door = undefined;
    this.#logger.debug("listener shut", {
      listener: this.#spec.name,
      routingKey: this.#routingKey,
      reason: message,
    });
    this.#onChange();
  }

  #accept(conn: LocalSocket): void {
    if (isAuto(this.#adaptor)) this.#listenTo(conn, this.#adaptor);
    else this.#join(conn, this.#adaptor);
  }

  /** Joins a client with the adaptor of what it speaks. */
  async #listenTo(conn: LocalSocket, adaptors: AutoAdaptors): Promise<void> {
    this.#unheard.add(conn);
    try {
      const socket = new HeardSocket(conn);
      const detected = await socket.detect();
      if (!this.#unheard.delete(conn)) return; // Everything was ended meanwhile.
      this.#detected[detected]++;
      this.#join(socket, adaptors[detected]);
    } catch {
      // It is gone before it said what it speaks.
      if (this.#unheard.delete(conn)) closeSocket(conn, true);
    }
  }

  #join(conn: LocalSocket, adaptor: AdaptorModule): void {
    // Where a connection has many messages, each is refused by itself, in words of its protocol.
    if (adaptor.messages === "one" && this.#router.memory?.refuses()) conn.close();
    else if (adaptor.messages === "one") this.#serve(conn, adaptor);
    else this.#serveMessages(conn, adaptor);
  }

  /** One message each way. */
  #serve(conn: LocalSocket, adaptor: AdaptorModule): void {
    const number = this.#lastConnection = (this.#lastConnection + 1) >>> 0;
    const client = new Client(
      this.#router,
      this.#routes,
      this.#keys.choose(),
      this.#adaptorLogger,
      this.#traffic,
      (failure) => {
        this.#closed(number, failure);
      },
    );
    const connection = client.join(conn, adaptor);
    this.#connections.set(number, connection);
    this.#traffic.opened++;
    connection.open("listener");
  }

  /** As many messages as the client has for the adaptor, and their answers. */
  #serveMessages(conn: LocalSocket, adaptor: AdaptorModule): void {
    const { identity, replies, route } = this.#router;
    const reply = replies.add({ deliver: (message, upstream) => connection.accept(message, upstream) });
    const replyTo = localAddress(reply.name, identity);
    const number = this.#lastConnection = (this.#lastConnection + 1) >>> 0;
    const client = clientOf(conn);
    const sender = {
      address: plainAddress(conn.remoteAddr.hostname),
      proto: this.#tls === undefined ? "http" : "https",
    } as const;
    const connection: MessageConnection = new MessageConnection(conn, adaptor, {
      logger: this.#adaptorLogger,
      traffic: this.#traffic,
      route: (message, upstream) => {
        this.#settling.settle();
        return route(message, upstream);
      },
      settling: this.#settling,
      open: (head) => {
        this.#traffic.requests++;
        return this.#desk.open(head, sender);
      },
      envelope: (stream, subject) => (
        { to: this.#keyOf(subject), replyTo, messageId: { type: "ulong", value: BigInt(stream) }, client }
      ),
      onIdle: () => {
        // It came while the port was closed: what it has begun is done.
        if (this.#stopped) connection.retire();
      },
      onClosed: (failure) => {
        reply.remove();
        this.#ticker.delete(connection);
        this.#closed(number, failure);
      },
    });
    this.#connections.set(number, connection);
    this.#traffic.opened++;
    connection.open("listener", adaptorConfig(identity.id, this.#routingKey));
    // The adaptor may have ended it at once.
    if (this.#connections.get(number) === connection) this.#ticker.add(connection);
  }

  /** Where a message with that subject goes. */
  #keyOf(subject = ""): string {
    const subjects = "strategy" in this.#spec ? [] : this.#spec.subjects ?? [];
    return subjects.find((other) => matchesGlob(other.subject, subject))?.routingKey ?? this.#keys.choose();
  }

  #closed(number: number, failure: string | undefined): void {
    this.#connections.delete(number);
    this.#traffic.closed++;
    if (failure === undefined) return;
    this.#closings.failed(failure);
  }
}
